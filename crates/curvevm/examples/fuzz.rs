//! Fuzzes decoder, verifier and interpreter: `fuzz CASES SEED`. Every case is a random program or one of `tests/programs`,
//! whole, damaged, or damaged as bytes, and can be run again alone by its seed: `fuzz 1 SEED`.

#[path = "../tests/common/generate.rs"]
mod generate;
#[path = "../tests/common/trial.rs"]
mod trial;

use curvevm::{Machine, Program};
use generate::{Rng, damage, program};
use trial::{Tally, trial};

/// Gas for a call that may reach the state, and for one that may loop.
const GAS: [u64; 2] = [300_000, 15_000];
/// Programs by hand.
const WRITTEN: [&str; 2] = [
    include_str!("../tests/programs/counter.casm"),
    include_str!("../tests/programs/everything.casm"),
];

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .map(|arg| arg.parse::<u64>().expect("a number"));
    let (cases, first) = (args.next().unwrap_or(100_000), args.next().unwrap_or(0));
    let (mut machine, mut tally) = (Machine::new(), Tally::default());
    let written = WRITTEN.map(|text| Program::assemble(text).expect("assembly"));
    let mut undecoded = 0u64;
    for seed in (first..).take(usize::try_from(cases).expect("a count")) {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            case(&mut machine, &written, seed, &mut tally)
        }));
        match result {
            Ok(decoded) => undecoded += u64::from(!decoded),
            Err(_) => {
                eprintln!("seed {seed} faults");
                std::process::exit(1);
            }
        }
    }
    let Tally {
        accepted,
        refused,
        succeeded,
        trapped,
        seen,
    } = tally;
    println!(
        "{cases} cases from seed {first}: {undecoded} did not decode, {refused} were refused, {accepted} accepted"
    );
    println!(
        "calls: {succeeded} succeeded, {trapped} trapped in {} different ways",
        seen.len()
    );
}

fn case(machine: &mut Machine, written: &[Program], seed: u64, tally: &mut Tally) -> bool {
    let mut rng = Rng(seed);
    let mut program = match written.get(rng.below(8)) {
        Some(program) => program.clone(),
        None => program(&mut rng, true),
    };
    match rng.below(4) {
        0 => {}
        1 | 2 => {
            for _ in 0..=rng.below(3) {
                damage(&mut rng, &mut program);
            }
        }
        _ => {
            let mut bytes = program.encode();
            for _ in 0..=rng.below(4) {
                let at = rng.below(bytes.len());
                bytes[at] = rng.next() as u8;
            }
            match Program::decode(&bytes) {
                Ok(decoded) => {
                    assert_eq!(decoded.encode(), bytes);
                    program = decoded;
                }
                Err(_) => return false,
            }
        }
    }
    let gas = GAS[rng.below(4).min(1)];
    trial(machine, &mut rng, program, gas, tally);
    true
}
