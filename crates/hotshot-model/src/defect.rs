//! Controls: what a member's machine may do wrong, to see that the checker finds it.

use std::str::FromStr;

use hotshot::Recovery;
use hotshot_types::Justify;

/// What is wrong with the honest members' machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Defect {
    /// Nothing.
    #[default]
    None,
    /// A restarted core is not told of its first votes, only of their highest view: rule B1 has nothing to go by.
    ForgetsVotes1,
    /// A restarted core is not told of its lock, only of what it did last.
    ForgetsLock,
    /// The disk says that votes are durable, and they are not.
    LosesVotes,
}

impl FromStr for Defect {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "none" => Ok(Self::None),
            "forgets-votes1" => Ok(Self::ForgetsVotes1),
            "forgets-lock" => Ok(Self::ForgetsLock),
            "loses-votes" => Ok(Self::LosesVotes),
            _ => Err("none, forgets-votes1, forgets-lock or loses-votes".to_owned()),
        }
    }
}

impl Defect {
    /// What a restarted core is told.
    pub(crate) fn spoil(self, recovery: &mut Recovery) {
        match self {
            Self::ForgetsVotes1 => recovery.votes1.clear(),
            Self::ForgetsLock => recovery.lock = Justify::Genesis(recovery.anchor.header.commitment()),
            Self::None | Self::LosesVotes => {}
        }
    }
}
