//! Fuzzing for longer than the tests do: `cargo run --release -p fuzz -- --help`.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, builder::PossibleValuesParser};
use eyre::{Context, OptionExt};
use fuzz::{TARGETS, Target, campaign};

/// Inputs between two looks at the clock.
const ROUND: u32 = 250;

/// Give each target inputs that a seed draws, for some time, or one input again.
#[derive(Parser)]
#[command(name = "fuzz", after_help = EXAMPLES)]
struct Args {
    /// How long, all targets together.
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u64,
    /// Only this target.
    #[arg(long, value_parser = PossibleValuesParser::new(TARGETS.map(|target| target.name)))]
    target: Option<String>,
    /// The first seed; each round takes the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this input, in hexadecimal; needs a target.
    #[arg(long, requires = "target", value_name = "HEX")]
    input: Option<String>,
}

const EXAMPLES: &str = "Examples:
  cargo run --release -p fuzz -- --seconds 600
  cargo run --release -p fuzz -- --target step --seconds 3600 --seed 1000000
  cargo run -p fuzz -- --target message --input 0a00";

fn main() -> eyre::Result<ExitCode> {
    color_eyre::install()?;
    let args = Args::parse();
    let only = args.target.as_deref().and_then(Target::named);
    if let Some(input) = &args.input {
        let input = hex::decode(input).wrap_err("--input is not hexadecimal")?;
        (only.ok_or_eyre("--input needs --target")?.run)(&input);
        println!("no promise is broken");
        return Ok(ExitCode::SUCCESS);
    }
    // What fails is told once, made small.
    std::panic::set_hook(Box::new(|_| ()));
    let targets = only.map_or(&TARGETS[..], std::slice::from_ref);
    let each = Duration::from_secs(args.seconds) / u32::try_from(targets.len()).unwrap_or(u32::MAX);
    let mut failed = false;
    println!("{:<20} {:>12} {:>10}", "target", "inputs", "inputs/s");
    for target in targets {
        let (inputs, rate, failure) = fuzz(target, args.seed, each);
        println!("{:<20} {inputs:>12} {rate:>10.0}", target.name);
        if let Some(failure) = failure {
            failed = true;
            println!("{failure}");
        }
    }
    Ok(ExitCode::from(u8::from(failed)))
}

/// One target for this long: its inputs, their rate, and what failed.
fn fuzz(target: &Target, first: u64, time: Duration) -> (u64, f64, Option<Box<campaign::Failure>>) {
    let start = Instant::now();
    let mut inputs = 0;
    let mut failure = None;
    for seed in first.. {
        failure = campaign::run(target, seed, ROUND).err();
        inputs += u64::from(ROUND);
        if failure.is_some() || start.elapsed() >= time {
            break;
        }
    }
    (inputs, inputs as f64 / start.elapsed().as_secs_f64(), failure)
}
