//! What goes wrong in a test can be taken away piece by piece. Each piece has a name, so that what is left can be run again
//! from a command line.

mod apply;

use std::{fmt, str::FromStr};

/// Something that does not go wrong any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Only the first so many members.
    Members(usize),
    /// Nobody follows beside the members.
    NoObservers,
    /// This member keeps to the rules.
    Honest(usize),
    /// Links lose and repeat nothing, and take less than a millisecond.
    PerfectLinks,
    /// Links are not cut.
    NoPartitions,
    /// Nobody crashes by chance.
    NoCrashes,
    /// Writes do not fail.
    SureDisks,
    /// The application need not be asked again.
    NoRetries,
    /// Disks and applications take their usual time.
    QuickParts,
    /// Wall clocks are right.
    RightClocks,
    /// Nobody plans an upgrade.
    NoUpgrade,
    /// Nothing is done to this machine.
    Steady(usize),
    /// The restarts of a machine at a view do not come.
    NoRestart {
        /// The view.
        view: u64,
        /// The machine.
        machine: usize,
    },
    /// Faults end after so many milliseconds.
    FaultsMs(u64),
    /// So many blocks are enough.
    Blocks(u64),
}

/// Names of those that need no number.
const NAMES: [(&str, Reduction); 9] = [
    ("no-observers", Reduction::NoObservers),
    ("perfect-links", Reduction::PerfectLinks),
    ("no-partitions", Reduction::NoPartitions),
    ("no-crashes", Reduction::NoCrashes),
    ("sure-disks", Reduction::SureDisks),
    ("no-retries", Reduction::NoRetries),
    ("quick-parts", Reduction::QuickParts),
    ("right-clocks", Reduction::RightClocks),
    ("no-upgrade", Reduction::NoUpgrade),
];

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Members(n) => write!(f, "members={n}"),
            Self::Honest(member) => write!(f, "honest={member}"),
            Self::Steady(machine) => write!(f, "steady={machine}"),
            Self::NoRestart { view, machine } => write!(f, "no-restart={view}:{machine}"),
            Self::FaultsMs(ms) => write!(f, "faults-ms={ms}"),
            Self::Blocks(blocks) => write!(f, "blocks={blocks}"),
            plain => {
                let named = NAMES.iter().find(|(_, reduction)| reduction == plain);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

/// A reduction that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reduction {got:?}, expected one of members=N, honest=MEMBER, steady=MACHINE, no-restart=VIEW:MACHINE, faults-ms=N, \
     blocks=N, {}", NAMES.map(|(name, _)| name).join(", ")
)]
pub struct ReductionError {
    got: String,
}

impl FromStr for Reduction {
    type Err = ReductionError;

    fn from_str(text: &str) -> Result<Self, ReductionError> {
        let plain = NAMES.iter().find(|(name, _)| *name == text);
        plain
            .map(|(_, reduction)| *reduction)
            .or_else(|| numbered(text))
            .ok_or_else(|| ReductionError { got: text.to_owned() })
    }
}

fn numbered(text: &str) -> Option<Reduction> {
    let (name, value) = text.split_once('=')?;
    let index = || value.parse().ok();
    let number = || value.parse().ok();
    match name {
        "members" => index().filter(|n| *n > 0).map(Reduction::Members),
        "honest" => index().map(Reduction::Honest),
        "steady" => index().map(Reduction::Steady),
        "faults-ms" => number().map(Reduction::FaultsMs),
        "blocks" => number().map(Reduction::Blocks),
        "no-restart" => {
            let (view, machine) = value.split_once(':')?;
            Some(Reduction::NoRestart {
                view: view.parse().ok()?,
                machine: machine.parse().ok()?,
            })
        }
        _ => None,
    }
}

/// Some of them, in the order in which they apply: names with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reductions(pub Vec<Reduction>);

impl fmt::Display for Reductions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(Reduction::to_string).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Reductions {
    type Err = ReductionError;

    fn from_str(text: &str) -> Result<Self, ReductionError> {
        let names = text.split(',').filter(|name| !name.is_empty());
        names.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}
