//! Explores a bound completely: `cargo run --release -p hotshot-model -- [--views 2] [--byzantine 1] …`.

use std::{
    fs,
    io::IsTerminal,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use eyre::ensure;
use hotshot_model::{Bound, Cluster, Defect, MAX_VIEWS, MEMBERS};
use stateright::{Checker, HasDiscoveries, Model};

/// Explore everything that can happen to four members, one of them Byzantine.
///
/// The exit code is 1 if a property does not hold, and the run that shows it is printed; a property that must be seen at
/// least once and is not counts as well.
#[derive(Parser)]
#[command(name = "hotshot-model", version)]
struct Args {
    /// Views in which blocks are proposed and voted for.
    #[arg(long, default_value_t = 2)]
    views: u8,
    /// How many of these views can be given up; by default all but the last, after which nothing comes.
    #[arg(long)]
    timeouts: Option<u8>,
    /// The Byzantine member, which leads the view of its number; by default each in turn.
    #[arg(long)]
    byzantine: Option<usize>,
    /// Rival blocks that a Byzantine leader has on each parent.
    #[arg(long, default_value_t = 2)]
    rivals: u8,
    /// Let members live for ever.
    #[arg(long)]
    no_crashes: bool,
    /// Let the application answer at any later time, instead of at once.
    #[arg(long)]
    slow_application: bool,
    /// Put a defect into the honest members' machines.
    #[arg(long, default_value = "none")]
    defect: Defect,
    /// Threads; by default one for each core.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> eyre::Result<ExitCode> {
    color_eyre::install()?;
    let args = Args::parse();
    ensure!(
        (1..=MAX_VIEWS).contains(&usize::from(args.views)),
        "1 to {MAX_VIEWS} views can be explored, not {}",
        args.views
    );
    let members = args.byzantine.map_or(0..MEMBERS, |member| member..member + 1);
    ensure!(members.end <= MEMBERS, "there are members 0 to {}", MEMBERS - 1);
    println!(
        "byzantine      states      unique  depth  statements     members       cores       steps   seconds  peak MiB  result"
    );
    let mut good = true;
    for byzantine in members {
        good &= explore(&args, byzantine);
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Explores one bound and prints a line; whether all is well.
fn explore(args: &Args, byzantine: usize) -> bool {
    let bound = Bound {
        views: args.views,
        timeouts: args.timeouts.unwrap_or(args.views - 1),
        byzantine,
        rivals: args.rivals,
        crashes: !args.no_crashes,
        slow_application: args.slow_application,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    let checker = Cluster::new(bound, args.defect)
        .checker()
        .threads(args.threads.unwrap_or(cores))
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs();
    while !checker.is_done() {
        // For people who wait; nothing depends on it.
        std::thread::sleep(Duration::from_millis(200));
        if std::io::stderr().is_terminal() {
            eprint!("\r{} states", checker.unique_state_count());
        }
    }
    let model = checker.model();
    let missing: Vec<&str> = model
        .properties()
        .iter()
        .map(|property| property.name)
        .filter(|name| !holds(&checker, name))
        .collect();
    let [clouds, members, cores, steps] = model.counts();
    println!(
        "{byzantine:9} {:11} {:11} {:6} {clouds:11} {members:11} {cores:11} {steps:11} {:9.1} {:9}  {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        start.elapsed().as_secs_f64(),
        peak_mib(),
        if missing.is_empty() {
            "holds".to_owned()
        } else {
            format!("FAILS: {}", missing.join(", "))
        },
    );
    for name in &missing {
        if let Some(path) = checker.discovery(name) {
            println!("\n{name}:");
            model.explain(path).iter().for_each(|line| println!("  {line}"));
        }
    }
    missing.is_empty()
}

/// Whether a property of the whole exploration holds: no counterexample, or an example.
fn holds(checker: &impl Checker<Cluster>, name: &'static str) -> bool {
    let must_be_seen = matches!(
        checker.model().property(name).expectation,
        stateright::Expectation::Sometimes
    );
    checker.discovery(name).is_some() == must_be_seen
}

/// The most memory that this process has had.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
