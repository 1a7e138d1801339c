//! The soak: `cargo xtask sim --profile chaos|byzantine|epochs --seeds N [--first-seed S] [--json FILE]`.

use std::{
    fs::File,
    io::Write,
    panic::catch_unwind,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use clap::Parser;
use eyre::{Context, ensure};
use hotshot_testing::{Profile, Reductions, Summary, TestDescription, TestLauncher, Violation, shrink};

/// Run many seeds of the consensus simulator, each a whole network in virtual time.
///
/// Every violation is printed with the command that replays it; the first ones are shrunk to the least that violates the
/// same. The exit code is 1 if there was one.
#[derive(Parser)]
#[command(name = "cargo xtask sim", after_help = EXAMPLES)]
struct Args {
    /// What goes wrong: chaos (links, disks, clocks, processes) or byzantine (up to f members, too).
    #[arg(long)]
    profile: Profile,
    /// How many seeds.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Write the result here, too: profile, seeds, views, violations, views_per_second.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run each seed twice and compare the traces.
    #[arg(long)]
    twice: bool,
    /// Threads; by default one for each core.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=256))]
    threads: Option<u64>,
    /// How many violations to shrink.
    #[arg(long, default_value_t = 3, value_name = "N")]
    shrink: u64,
    /// Take this away from each run, as a shrunk violation says it.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "LIST")]
    reduce: Reductions,
}

const EXAMPLES: &str = "Examples:
  cargo xtask sim --profile chaos --seeds 10000
  cargo xtask sim --profile byzantine --seeds 10000 --json byzantine.json
  cargo xtask sim --profile byzantine --seeds 1 --first-seed 7131 --twice
  cargo xtask sim --profile byzantine --seeds 1 --first-seed 7131 --reduce members=4,perfect-links,no-crashes";

/// What went wrong with a seed.
enum Failure {
    Violation(Box<Violation>),
    /// A panic, or two runs that differ.
    Other(String),
}

impl Args {
    fn description(&self, seed: u64) -> TestDescription {
        self.profile.description(seed).reduced(&self.reduce)
    }

    fn once(&self, seed: u64) -> Result<Summary, Failure> {
        let run = || {
            TestLauncher::new(self.description(seed), seed)
                .launch()
                .run_test()
        };
        match catch_unwind(run) {
            Ok(run) => run.map_err(Failure::Violation),
            Err(_) => Err(Failure::Other("a panic".to_owned())),
        }
    }

    /// Runs one seed; the views that it reached.
    fn run(&self, seed: u64) -> Result<u64, Failure> {
        let first = self.once(seed)?;
        if self.twice && self.once(seed)?.trace != first.trace {
            return Err(Failure::Other("two runs differ".to_owned()));
        }
        Ok(first.views)
    }

    fn report(&self, seed: u64, failure: Failure, shrinks: bool) {
        match failure {
            Failure::Violation(violation) => {
                eprintln!("{violation}");
                if shrinks {
                    eprintln!("{}", shrink(self.description(seed), &violation));
                }
            }
            Failure::Other(what) => {
                let (twice, replay) = (if self.twice { " --twice" } else { "" }, self.description(seed));
                eprintln!(
                    "{}, seed {seed}: {what}\n  replay: {}{twice}",
                    self.profile,
                    replay.command(seed)
                );
            }
        }
    }

    /// Runs all seeds; the views that they reached, and the violations.
    fn soak(&self, end: u64) -> (u64, u64) {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let next = AtomicU64::new(self.first_seed);
        let (views, violations) = (AtomicU64::new(0), AtomicU64::new(0));
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return;
                }
                match self.run(seed) {
                    Ok(reached) => {
                        views.fetch_add(reached, Ordering::Relaxed);
                    }
                    Err(failure) => {
                        let before = violations.fetch_add(1, Ordering::Relaxed);
                        self.report(seed, failure, before < self.shrink);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads.unwrap_or(cores) {
                scope.spawn(work);
            }
        });
        (views.into_inner(), violations.into_inner())
    }
}

fn main() -> ExitCode {
    if let Err(error) = color_eyre::install() {
        eprintln!("{error}");
    }
    match soak(&Args::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs what is asked for and reports it; the number of violations.
fn soak(args: &Args) -> eyre::Result<u64> {
    let end = args.first_seed.checked_add(args.seeds);
    ensure!(
        end.is_some_and(|end| end < u64::MAX),
        "the last seed is beyond {}",
        u64::MAX - 1
    );
    // Before the long run, not after it.
    let json = args
        .json
        .as_ref()
        .map(|path| File::create(path).wrap_err_with(|| format!("cannot write {}", path.display())));
    let json = json.transpose()?;
    let start = Instant::now();
    let (views, violations) = args.soak(end.unwrap_or(u64::MAX));
    let seconds = start.elapsed().as_secs_f64().max(f64::EPSILON);
    let rate = views as f64 / seconds;
    println!(
        "{}: {} seeds, {views} views, {violations} violations, {rate:.0} views per second ({seconds:.1} s)",
        args.profile, args.seeds
    );
    if let Some(mut file) = json {
        let report = serde_json::json!({
            "profile": args.profile.to_string(),
            "seeds": args.seeds,
            "views": views,
            "violations": violations,
            "views_per_second": rate,
        });
        writeln!(file, "{report:#}").wrap_err("cannot write the result")?;
    }
    Ok(violations)
}
