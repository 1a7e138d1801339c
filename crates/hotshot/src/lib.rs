//! The HotShot two-phase consensus core: a pure state machine.

#![deny(clippy::arithmetic_side_effects)]

mod record;

pub use record::{Actions, Anchor, Record, Recovery, StoredProposal};
