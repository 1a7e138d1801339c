//! HotShot's values: views, epochs, leaves, votes, certificates, keys, quorums and their encoding.
//!
//! ```text
//! Proposal ──▶ Vote1 ×quorum ──▶ Certificate1 = lock ──▶ Vote2 ×quorum ──▶ Certificate2 = decided
//!     │                              │
//!     └─ header, payload, justify ◀──┘ of the parent        TimeoutVote ×quorum ──▶ TimeoutCertificate (highest lock)
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | `View`, `Epoch`, `Height`, `Stake`, `NodeId` |
//! | [`bls`] | keys, signatures, hash to curve |
//! | [`committee`], [`epochs`] | members, quorums, leaders; which blocks are whose |
//! | [`vote`], [`certificate`], [`timeout`], [`proposal`] | what is said in a view |
//! | [`upgrade`] | how a committee agrees on the rules of another version |
//! | [`dispersal`] | a large payload as shares, and back |
//! | [`statement`] | all that a consensus key signs |
//! | [`message`] | the wire: one enum, bounded before it is allocated |
//!
//! Rules: what is hashed or signed comes from `rollup-abi`; decoding is strict (points, lengths, trailing bytes); what a
//! peer sent is [`Unvalidated`] until its signatures have been checked against a [`Committee`]; genesis is a case of its
//! own ([`Justify::Genesis`]) and never a certificate.

pub mod bls;
pub mod certificate;
pub mod committee;
pub mod dispersal;
pub mod epochs;
pub mod ids;
pub mod message;
pub mod proposal;
pub mod signers;
pub mod statement;
pub mod timeout;
mod unvalidated;
pub mod upgrade;
pub mod vote;

pub use bls::{KeyPair, PointError, PublicKey, SecretKey, Signature};
pub use certificate::{Certificate, Certificate1, Certificate2, CertificateError, Justify};
pub use committee::{Committee, CommitteeError, Member};
pub use dispersal::{Dispersal, Share, VerifiedShare, WrongEncoding};
pub use epochs::Epochs;
pub use ids::{Epoch, Height, NodeId, Stake, View};
pub use message::{Message, MessageError};
pub use proposal::{Block, Proposal, SignedProposal};
pub use signers::Signers;
pub use statement::Statement;
pub use timeout::{TimeoutCertificate, TimeoutData, TimeoutVote};
pub use unvalidated::Unvalidated;
pub use upgrade::{Upgrade, UpgradeCertificate, UpgradeData, UpgradeError, UpgradeVote, Versions};
pub use vote::{Phase, Phase1, Phase2, Vote, Vote1, Vote2, VoteData};
