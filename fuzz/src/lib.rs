//! Fuzz targets: whatever reads bytes from peers, users or disk, and the consensus core under arbitrary inputs.
//!
//! ```text
//! seed ─▶ bytes ─▶ target ─┬─ wire: read │ build, write, read, spoil, read        one encoding, bounded memory, no panic
//!                          ├─ program: read, verify, run                         no fault, no gas beyond the worst case
//!                          └─ core: a node in a hostile universe, step by step    silent when halted, bounded, one chain
//! ```
//!
//! - `cargo nextest run -p fuzz` gives each target the same inputs every time.
//! - `cargo run --release -p fuzz -- --seconds 600` gives them others for longer. A failing input is made small and printed with
//!   the command that replays it.
//! - With a C++ compiler, libFuzzer looks for inputs by what they reach, on the stable compiler, too:
//!
//! ```console
//! $ export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
//!     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
//! $ FUZZ_TARGET=step cargo run --release -p fuzz --features libfuzzer --bin libfuzzer \
//!     --target x86_64-unknown-linux-gnu -- corpus/ -max_len=1600
//! ```
//!
//! What holds for a decoder: bytes are refused, or they are the one encoding of what was read; a value is read as it was
//! written; memory is bounded by the bytes that came and one payload; every check short of a pairing ends without a panic.
//! What holds for [`hotshot::Consensus::step`] is in `core/checks.rs`. Its inputs come from quorums that lie, too, so it may halt,
//! but never say two things in a view, say anything before it is durable, or decide two leaves at one height, restarts
//! included.
//!
//! Release build, on two cores under a load of twelve (`upgrades` and `step`: of five), 50 s each and 120 s of `step`, no promise
//! broken:
//!
//! | target | inputs | inputs/s |
//! |---|---|---|
//! | message | 4,161,000 | 83,218 |
//! | proposal | 2,447,500 | 48,947 |
//! | votes | 2,318,500 | 46,363 |
//! | certificates | 4,634,500 | 92,689 |
//! | timeout_certificate | 2,364,250 | 47,285 |
//! | upgrades | 12,387,250 | 247,744 |
//! | fetches | 7,435,750 | 148,386 |
//! | fetched_blocks | 803,500 | 16,069 |
//! | dispersed | 376,250 | 7,523 |
//! | share | 444,000 | 8,875 |
//! | wrong_encoding | 18,500 | 365 |
//! | record | 757,500 | 15,112 |
//! | step | 21,500 of up to 200 steps | 178 |
//!
//! Not here: the frames of `hotshot-libp2p`, whose properties are tested beside them.

pub mod campaign;
mod core;
mod entropy;
mod memory;
mod program;
mod proofs;
mod wire;

/// Something that takes any bytes and panics if a promise is broken.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Takes an input.
    pub run: fn(&[u8]),
    /// Most pieces of eight bytes in an input.
    pub pieces: usize,
    /// Inputs in a run of the tests.
    pub inputs: u32,
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    Target::new("message", wire::message, 40, 20_000),
    Target::new("proposal", wire::proposal, 40, 10_000),
    Target::new("votes", wire::votes, 10, 10_000),
    Target::new("certificates", wire::certificates, 10, 10_000),
    Target::new("timeout_certificate", wire::timeout_certificate, 20, 10_000),
    Target::new("upgrades", wire::upgrades, 10, 10_000),
    Target::new("fetches", wire::fetches, 10, 10_000),
    Target::new("fetched_blocks", wire::fetched_blocks, 60, 10_000),
    Target::new("dispersed", wire::dispersed, 40, 2_000),
    Target::new("share", wire::share, 10, 2_000),
    Target::new("wrong_encoding", wire::wrong_encoding, 10, 500),
    Target::new("record", wire::record, 40, 10_000),
    Target::new("program", program::program, 40, 2_000),
    Target::new("proofs", proofs::proofs, 60, 5_000),
    Target::new("step", core::step, 200, 600),
];

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]), pieces: usize, inputs: u32) -> Self {
        Self {
            name,
            run,
            pieces,
            inputs,
        }
    }

    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}
