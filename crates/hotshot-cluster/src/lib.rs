//! Committees of real engines: the scenarios and measures that the tests and benches of every network share.
//!
//! ```text
//!  scenarios: success, one down, restart, all restart, late joiner, rolling upgrade, rotating committees, partitions
//!      │ Testbed: start, stop, status, chain        Upgrades: install        Partitions: cut, heal
//!      ├── engines in one process, network and log in memory        hotshot-engine/tests
//!      ├── engines in one process, libp2p on loopback, redb         hotshot-libp2p/tests/scenarios.rs
//!      └── a process and a network namespace per member, redb       hotshot-libp2p/tests/namespaces.rs
//! ```
//!
//! A scenario is written once, against [`Testbed`]; a network runs all of them with [`cross_tests!`].
//!
//! Rules:
//! - Nothing sleeps. A scenario waits for what nodes report, and [`PATIENCE`] only bounds how long a failing one takes.
//! - That something does not happen is judged by what happens meanwhile: others decide so many blocks, or a node gives up
//!   so many views.
//! - Agreement is judged from what the members' storages hold after they have stopped, not from what they said.
//! - Measures come from the system's clocks; there is no tolerance to widen.

pub mod fixtures;
pub mod measure;
pub mod scenarios;
mod testbed;

pub use testbed::{PATIENCE, Partitions, Testbed, Upgrades};
