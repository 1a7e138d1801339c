//! The soak: `cargo xtask sim --seeds N [--first-seed S] --profile chaos|byzantine|epochs [--json FILE]`.

use std::{
    panic::catch_unwind,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use clap::Parser;
use eyre::Context;
use hotshot_testing::Profile;

/// Run many seeds of a profile; every violation is printed with the command that replays it.
#[derive(Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// What goes wrong: chaos, byzantine or epochs.
    #[arg(long)]
    profile: Profile,
    /// Write the result here, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run each seed twice and compare the traces.
    #[arg(long)]
    twice: bool,
    /// Threads; by default one for each core.
    #[arg(long)]
    threads: Option<usize>,
}

/// Runs one seed; its views, or what was violated.
fn run(profile: Profile, seed: u64, twice: bool) -> Result<u64, String> {
    let replay = format!("cargo xtask sim --profile {profile} --seeds 1 --first-seed {seed}");
    let once = || match catch_unwind(|| profile.run(seed)) {
        Ok(Ok(summary)) => Ok(summary),
        Ok(Err(violation)) => Err(violation.to_string()),
        Err(_) => Err(format!("{profile}, seed {seed}: a panic\n  replay: {replay}")),
    };
    let first = once()?;
    if twice && once()?.trace != first.trace {
        return Err(format!(
            "{profile}, seed {seed}: two runs differ\n  replay: {replay} --twice"
        ));
    }
    Ok(first.views)
}

fn main() -> eyre::Result<()> {
    color_eyre::install()?;
    let args = Args::parse();
    let (start, end) = (Instant::now(), args.first_seed.saturating_add(args.seeds));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or(cores).max(1);
    let next = AtomicU64::new(args.first_seed);
    let (views, violations) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            match run(args.profile, seed, args.twice) {
                Ok(reached) => {
                    views.fetch_add(reached, Ordering::Relaxed);
                }
                Err(violation) => {
                    violations.fetch_add(1, Ordering::Relaxed);
                    eprintln!("{violation}");
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let (views, violations) = (views.into_inner(), violations.into_inner());
    let seconds = start.elapsed().as_secs_f64().max(f64::EPSILON);
    let rate = views as f64 / seconds;
    println!(
        "{}: {} seeds, {views} views, {violations} violations, {rate:.0} views per second ({seconds:.1} s)",
        args.profile, args.seeds
    );
    if let Some(path) = &args.json {
        let report = serde_json::json!({
            "profile": args.profile.to_string(),
            "seeds": args.seeds,
            "views": views,
            "violations": violations,
            "views_per_second": rate,
        });
        let text = format!("{report:#}\n");
        std::fs::write(path, text).wrap_err_with(|| format!("cannot write {}", path.display()))?;
    }
    if violations > 0 {
        std::process::exit(1);
    }
    Ok(())
}
