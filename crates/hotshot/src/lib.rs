//! The HotShot two-phase consensus core: a pure state machine.
//!
//! ```text
//!              ┌────────────────────────── Consensus ──────────────────────────┐
//!  Input ────▶ │ take: certificates raise the lock and the view, blocks enter   │ ────▶ Output, in order
//!  (verified)  │       the tree                                                 │       Persist, Send, Build, Validate,
//!              │ evaluate: decide ▸ time out ▸ validate ▸ Vote2 ▸ Vote1 ▸ propose│       Decide, SetTimer, Misbehaviour,
//!              └────────────────────────────────────────────────────────────────┘       Halt
//! ```
//!
//! A view `v`: its leader sends a proposal to all. Whoever finds it safe and valid sends **Vote1** to all. A quorum of them is
//! **Certificate1**: the lock, and the end of the view. Whoever has it, and the valid block, sends **Vote2** to all. A quorum
//! of those is **Certificate2**: the block and its ancestors are decided. A view that takes too long is given up by a
//! quorum of timeout votes, whose certificate proves the highest lock among its signers.
//!
//! # Safety
//!
//! Let `b` be decided in view `v`: a quorum sent Vote2. Claim: no conflicting block is ever certified in a later view.
//! Take the lowest view `v' > v` with a Certificate1 for a `b'` that does not extend `b`. Some honest node sent both
//! Vote2(v, b) and Vote1(v', b'). If Vote1 came first, rule B1 ([`rules::may_vote2`]) forbade Vote2. If Vote2 came first,
//! its lock was at `v` or above, so [`rules::is_safe`] demanded a parent certified in a view `w ≥ v`: with `w > v` the parent is a
//! lower counterexample, with `w = v` it is `b`. Both contradict. Votes and locks are durable before they are said, so a
//! restart changes nothing. The module [`rules`] has each rule as a function with its text.
//!
//! # Contracts
//!
//! - No IO, clock, randomness or keys: [`Consensus::step`] is a function of the state and its inputs.
//! - Inputs are verified; what is signed leaves as [`Outgoing`] and is signed on its way out, after it is durable.
//! - [`Output::Persist`] comes before the [`Output::Send`] that depends on it, which waits for [`Input::Persisted`].
//! - Every map is bounded; blocks are keyed by leaf (which commits to the view), never by view alone.
//! - A contradiction that only a third of faulty stake can cause ends in [`Output::Halt`], not in a guess.
//!
//! # Epochs
//!
//! The committee of epoch `e + 2` is fixed by the last block of epoch `e`; an epoch's last block names the next committee's hash,
//! and is followed only when it is known to be final: the first proposal of the next epoch carries its Certificate2. So at
//! most one block is handed over, and the argument above holds in each epoch on its own; across epochs, locks are ordered by
//! epoch first ([`hotshot_types::VoteData::rank`]). If first votes for a rival keep the last block from being decided in its
//! view, it is proposed again in a later one, justified by its own certificate.
//!
//! # Versions
//!
//! A header names the version by whose rules its block is executed: its parent's, or a later one that nine tenths of its epoch's
//! stake agreed on for a window of heights ([`rules::version_holds`]). So whoever sees a certified block knows its rules, and
//! nothing else has to be remembered. A node that does not speak a version votes for none of its blocks, and ends when one is final.
//!
//! Large payloads reach a node in shares before its core sees the proposal: that is the engine's work, and adds no rule here.

#![deny(clippy::arithmetic_side_effects)]

pub mod collector;
mod config;
mod consensus;
mod event;
mod record;
pub mod rules;
pub mod tally;
mod tree;

pub use config::{Committees, Config, Timing};
pub use consensus::{Consensus, Held};
pub use event::{Decided, HaltReason, Input, Now, Outgoing, Output, Recipient, Token, Verdict};
pub use record::{Actions, Anchor, Record, Recovery, StoredProposal};
