//! What the engine needs from the outside: five ports, each implemented by an adapter crate and by the simulator.
//!
//! | port | asked for | implemented by |
//! |---|---|---|
//! | [`Network`] | bytes to and from committee members | `hotshot-libp2p`, an in-memory network for tests |
//! | [`Storage`] | what must be durable before it is said | `store`, an in-memory store for tests |
//! | [`Application`] | building, checking and applying blocks | `sequencer` over `assetvm` |
//! | [`Signer`] | signatures of the consensus key | a key file, a remote signer |
//! | [`Clock`] | monotonic and wall-clock time | the system, virtual time |

mod application;
mod clock;
mod network;
mod signer;
mod storage;

pub use application::{Application, ApplicationError, BuildRequest, BuiltBlock, DecidedBlock};
pub use clock::{Clock, SystemClock};
pub use network::{Incoming, Network, NetworkError, Priority, Target};
pub use signer::{Signer, SignerError};
pub use storage::{Recovered, Storage, StorageError};
