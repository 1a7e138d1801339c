//! What is done to a testnet, and what it must bear.

use std::time::Duration;

use fault_proxy::{Faults, PerMille};

use crate::error::TestnetError;
use crate::links::Condition;
use crate::network::Testnet;

/// A named experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Experiment {
    /// SIGKILL to the validator that posts; started again at the end
    Kill,
    /// SIGSTOP to a validator; SIGCONT at the end
    Pause,
    /// One validator is cut off from the others
    Isolate,
    /// Two validators are cut off from the other three: nobody has a quorum
    Partition,
    /// Every message comes 150 ms later
    Delay,
    /// Of every hundred packets between validators five are lost
    Loss,
    /// Solana's RPC node is down
    SolanaOutage,
    /// Of Solana's RPC node's answers a third are refusals, broken, stale, or lies
    SolanaFaults,
}

/// Who is killed: it posts first.
const POSTER: usize = 0;
/// Who is paused, and cut off alone.
const VICTIM: usize = 2;
/// The smaller side of a partition.
const MINORITY: [usize; 2] = [1, 3];

impl Experiment {
    /// For how long the testnet is disturbed.
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Kill | Self::SolanaOutage => 6,
            _ => 8,
        })
    }

    /// How soon after the disturbance everything must be as before.
    pub const fn recovers_within(self) -> Duration {
        Duration::from_secs(match self {
            Self::Delay | Self::Loss => 10,
            Self::Isolate | Self::Pause | Self::SolanaOutage | Self::SolanaFaults => 20,
            Self::Kill | Self::Partition => 30,
        })
    }

    /// Whether blocks must go on being decided meanwhile.
    pub const fn keeps_deciding(self) -> bool {
        !matches!(self, Self::Partition)
    }

    /// What it is called on the command line.
    pub fn name(self) -> String {
        use clap::ValueEnum as _;
        let value = self.to_possible_value().expect("no experiment is hidden");
        value.get_name().to_owned()
    }

    /// Begins to disturb.
    ///
    /// # Errors
    /// A process cannot be signalled or started.
    pub async fn begin(self, testnet: &mut Testnet) -> Result<(), TestnetError> {
        let cut = Condition {
            cut: true,
            ..Condition::default()
        };
        match self {
            Self::Kill => testnet.kill(POSTER).await,
            Self::Pause => testnet.pause(VICTIM).await,
            Self::Isolate => testnet.links().between(&[VICTIM], cut),
            Self::Partition => testnet.links().between(&MINORITY, cut),
            Self::Delay => testnet.links().all(Condition {
                delay: Duration::from_millis(150),
                ..Condition::default()
            }),
            Self::Loss => testnet.links().all(Condition {
                lost_per_mille: 50,
                ..Condition::default()
            }),
            Self::SolanaOutage => testnet.solana().set(Faults {
                outage: true,
                ..Faults::default()
            }),
            Self::SolanaFaults => testnet.solana().set(Faults {
                latency: Duration::from_millis(200),
                unavailable: PerMille(60),
                rate_limited: PerMille(60),
                broken: PerMille(60),
                lost: PerMille(100),
                doubled: PerMille(100),
                stale: PerMille(60),
                staleness: Duration::from_secs(3),
                lying_status: PerMille(60),
                ..Faults::default()
            }),
        }
        Ok(())
    }

    /// Ends the disturbance.
    ///
    /// # Errors
    /// A process cannot be signalled or started.
    pub async fn end(self, testnet: &mut Testnet) -> Result<(), TestnetError> {
        match self {
            Self::Kill => testnet.restart(POSTER)?,
            Self::Pause => testnet.resume(VICTIM).await,
            Self::Isolate | Self::Partition | Self::Delay | Self::Loss => {
                testnet.links().all(Condition::default());
            }
            Self::SolanaOutage | Self::SolanaFaults => testnet.solana().set(Faults::default()),
        }
        Ok(())
    }
}
