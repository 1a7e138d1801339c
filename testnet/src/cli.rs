//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::commands::chaos::ChaosArgs;
use crate::commands::dashboard::DashboardArgs;
use crate::commands::load::LoadArgs;
use crate::commands::slo::SloArgs;
use crate::commands::top::TopArgs;
use crate::commands::trace::TraceArgs;

/// Most validators of a testnet on one machine.
pub const MAX_VALIDATORS: u16 = 32;

/// A whole rollup on one machine: local Solana, validators, payments and a verified summary
///
/// Starts a local Solana chain, deploys the rollup's program, registers and activates a committee, starts the validators
/// as processes of their own, mints $ASSET, pays out a file of payments, and meanwhile deploys programs and trades through
/// them. Re-executes every decided block and compares each state root on chain with its own, and what everybody owns with
/// an independent model. Ends after --duration, or on Ctrl-C, with a summary on stdout; progress goes to stderr.
///
/// Exit code: 0 if no root differs, every payment was made exactly once and everybody owns what the model says; 1 if not,
/// or if something failed; 2 if the command line or the payments file is wrong (nothing has been started then).
#[derive(Debug, Parser)]
#[command(name = "testnet", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  testnet                                              run until Ctrl-C
  testnet --duration 60 --summary summary.json         run for a minute, and write the figures as JSON
  testnet --payments payroll.csv                       pay out a file of your own: lines of recipient,amount
  testnet --validators 7 --data-dir /tmp/seven --json  seven validators, the summary as JSON on stdout
  testnet sample --rows 100 > payments.csv             write a sample of payments
  testnet load --profile burst --tps 200 --attach      offer traffic to the testnet that runs
  testnet slo --duration 60 --html slo.html            measure service levels
  testnet top                                          watch the testnet that runs
  testnet chaos kill partition                         disturb a testnet, and see it recover";

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a sample payments file to stdout: the same one every time
    Sample {
        /// Payments in it
        #[arg(long, default_value_t = crate::sample::ROWS, value_parser = clap::value_parser!(u64).range(1..=500_000))]
        rows: u64,
    },
    /// Offer traffic that does not wait, and report how long it took until in a block, final, and settled
    Load(LoadArgs),
    /// Run the fixed scenario and report service levels: targets, measured values, verdicts; or check such a report
    ///
    /// Exit code: 0 if every objective was met; 1 if not, or if something failed; 2 if the command line is wrong.
    Slo(SloArgs),
    /// Disturb a testnet that is started for it, and report how soon it is as before
    ///
    /// Exit code: 0 if it recovered in time from every experiment and lost nothing; 1 if not, or if something failed.
    Chaos(ChaosArgs),
    /// Serve a page that shows how a running testnet is; a testnet that is started serves one, too
    Dashboard(DashboardArgs),
    /// Show how a running testnet is, in the terminal
    Top(TopArgs),
    /// Print the way of a transaction: submit, block, votes, certificates, Solana, with durations
    Trace(TraceArgs),
}

/// Options of a run.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// End after this many seconds of blocks; without it, run until Ctrl-C
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(10..=31_536_000))]
    pub duration: Option<u64>,
    /// Payments to make: CSV with the header `recipient,amount`; without it, the sample
    #[arg(long, value_name = "FILE")]
    pub payments: Option<PathBuf>,
    /// Payments a second; without it, the file is spread over --duration, or paid at 40 a second
    #[arg(long, value_name = "TPS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub tps: Option<u32>,
    /// Validators in the committee
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(4..=i64::from(MAX_VALIDATORS)))]
    pub validators: u16,
    /// Time from block to block, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 250, value_parser = clap::value_parser!(u64).range(50..=10_000))]
    pub block_interval_ms: u64,
    /// Directory for data and logs, which must be empty or missing; without it, data/testnet/<time>
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Write the summary as JSON to this file, too
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write the summary as JSON to stdout
    #[arg(long)]
    pub json: bool,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

impl RunArgs {
    /// The duration.
    pub fn duration(&self) -> Option<Duration> {
        self.duration.map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn help() {
        Cli::command().debug_assert();
        insta::assert_snapshot!(Cli::command().render_long_help());
    }

    #[test]
    fn defaults_and_refusals() {
        let cli = Cli::try_parse_from(["testnet"]).unwrap();
        assert_eq!((cli.run.validators, cli.run.duration()), (5, None));
        for wrong in [
            &["--validators", "3"][..],
            &["--validators", "33"],
            &["--duration", "9"],
            &["--tps", "0"],
            &["--block-interval-ms", "49"],
            &["sample", "--rows", "0"],
            &["--nonsense"],
        ] {
            let args = ["testnet"].iter().chain(wrong);
            assert!(Cli::try_parse_from(args).is_err(), "{wrong:?}");
        }
    }
}
