//! CurveVM beside other metered interpreters: the same programs, in one run.
//!
//! ```console
//! $ cargo run --release --manifest-path benches/peers/Cargo.toml
//! $ cargo run --release --manifest-path benches/peers/Cargo.toml -- --runs 31 --json peers.json
//! ```
//!
//! The programs are in `src/programs/`, in the language of every machine that has them, and return the same number on each. In
//! every round each machine runs once, so that what disturbs one round disturbs all machines; a figure is the median of the
//! rounds, in time of the processor.

mod measure;
mod ours;
mod programs;
mod revm;
mod sbpf;
mod tinywasm;
mod wasmi;

use std::{fs, path::PathBuf};

use clap::Parser;
use eyre::{Result, ensure};
use measure::{Figure, median};
use programs::{CALLS, Case, LOOPS};

/// CurveVM beside other metered interpreters.
#[derive(Parser)]
struct Args {
    /// Rounds; of each machine's times the median counts.
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Only programs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Writes the figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A program that is ready to run on a machine, once per call.
type Ready = Box<dyn FnMut() -> Result<u128>>;
/// A machine: its name, and how it gets a program ready, if it has it.
type Machine = (&'static str, fn(&Case) -> Result<Option<Ready>>);

/// The machines, ours first.
const MACHINES: [Machine; 5] = [
    ("curvevm", ours::ready),
    ("wasmi 2", wasmi::ready),
    ("tinywasm 0.10", tinywasm::ready),
    ("solana-sbpf 0.26", sbpf::ready),
    ("revm 43", revm::ready),
];

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.runs > 0, "0 runs, expected 1 or more");
    let mut figures = Vec::new();
    for case in LOOPS.iter().chain(&CALLS) {
        if case.name.contains(&args.only) {
            figures.extend(figures_of(case, args.runs)?);
        }
    }
    print!("{}", measure::table(&figures));
    if let Some(path) = args.json {
        fs::write(path, measure::json(&figures)?)?;
    }
    Ok(())
}

/// Runs a program on all machines in turns. Ours is the first figure.
fn figures_of(case: &Case, runs: usize) -> Result<Vec<Figure>> {
    let mut machines = Vec::new();
    for (name, ready) in MACHINES {
        if let Some(mut run) = ready(case)? {
            let (got, expected) = (run()?, (case.native)(case.turns));
            ensure!(
                got == expected,
                "{} on {name}: got {got}, expected {expected}",
                case.name
            );
            machines.push((name, run, Vec::new()));
        }
    }
    for _ in 0..runs {
        for (_, run, times) in &mut machines {
            times.push(measure::time(|| {
                (0..case.repeats).try_for_each(|_| run().map(drop))
            })?);
        }
    }
    let each = case.repeats as f64
        * if case.unit == measure::TURN {
            case.turns as f64
        } else {
            1.0
        };
    let ours = median(&mut machines[0].2) / each;
    let peers = machines.iter_mut().skip(1);
    Ok(peers
        .map(|(peer_name, _, times)| {
            let peer = median(times) / each;
            Figure {
                name: case.name,
                ours,
                peer,
                peer_name,
                unit: case.unit,
            }
        })
        .collect())
}
