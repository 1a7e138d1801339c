//! Versions: along the decided chain they never fall, and change only where nine tenths of an epoch's stake have agreed; nobody
//! builds, executes, proposes or votes for anything else, or for what it does not speak.

use std::collections::BTreeMap;

use hotshot::{Decided, HaltReason, Outgoing, Output};
use rollup_abi::{Digest, Header, header::FIRST_VERSION};

use super::Checked;
use crate::{ledger::Ledger, node::Node};

/// The versions of the decided chain.
#[derive(Debug)]
pub(crate) struct Version {
    by_height: BTreeMap<u64, u16>,
}

impl Default for Version {
    fn default() -> Self {
        Self {
            by_height: BTreeMap::from([(0, FIRST_VERSION)]),
        }
    }
}

impl Version {
    /// The heights at which it changed, with the new versions.
    pub(crate) fn changes(&self) -> Vec<(u64, u16)> {
        let pairs = self.by_height.iter().zip(self.by_height.iter().skip(1));
        let changed = pairs.filter(|((_, before), (_, after))| before != after);
        changed.map(|(_, (height, after))| (*height, *after)).collect()
    }

    /// Blocks that are decided, one chain as another checker has found.
    pub(super) fn decided(&mut self, ledger: &Ledger, blocks: &[Decided]) -> Checked {
        for header in blocks.iter().map(|decided| &decided.block.header) {
            let before = self.by_height.get(&(header.height - 1)).copied();
            let before = before.ok_or_else(|| "its parent is not decided".to_owned())?;
            follows(ledger, header, before)?;
            self.by_height.insert(header.height, header.version);
        }
        Ok(())
    }

    pub(super) fn output(&self, node: &Node, ledger: &Ledger, output: &Output) -> Checked {
        match output {
            Output::Build { version, .. } if !node.speaks.contains(*version) => {
                Err(format!("it builds a block of version {version}"))
            }
            Output::Validate { block, .. } if !node.speaks.contains(block.header.version) => {
                Err(format!("it executes a block of version {}", block.header.version))
            }
            Output::Send { what, .. } => sent(node, ledger, what),
            Output::Upgraded { version, height } if self.by_height.get(&height.get()) != Some(version) => {
                Err(format!(
                    "it says that version {version} begins at height {height}"
                ))
            }
            Output::CannotUpgrade(upgrade) if node.speaks.contains(upgrade.to()) => {
                Err(format!("it says that it cannot upgrade {upgrade}"))
            }
            _ => Ok(()),
        }
    }
}

/// What an honest node proposes or votes for is of a version that it speaks and that may be there.
fn sent(node: &Node, ledger: &Ledger, what: &Outgoing) -> Checked {
    let leaf: Digest = match what {
        Outgoing::Proposal(proposal) => proposal.leaf(),
        Outgoing::Vote1(data) | Outgoing::Vote2(data) => data.leaf,
        Outgoing::UpgradeVote(data) if !node.speaks.contains(data.upgrade.to()) => {
            return Err(format!("it agrees to upgrade {}", data.upgrade));
        }
        _ => return Ok(()),
    };
    let parent = |header: &Header| ledger.header(&header.parent).cloned();
    let Some((header, parent)) = ledger.header(&leaf).and_then(|h| Some((h, parent(h)?))) else {
        return Ok(());
    };
    if !node.speaks.contains(header.version) {
        return Err(format!("it speaks of a block of version {}", header.version));
    }
    follows(ledger, header, parent.version)
}

/// A block of this header may follow one of version `before`.
fn follows(ledger: &Ledger, header: &Header, before: u16) -> Checked {
    let (height, version) = (header.height, header.version);
    if version < before {
        return Err(format!(
            "version {version} follows version {before} at height {height}"
        ));
    }
    if version > before && !ledger.have_agreed(header, before) {
        return Err(format!(
            "version {version} follows version {before} at height {height}, and nine tenths have not agreed"
        ));
    }
    Ok(())
}

/// Only who does not speak a final block's version may stop, and says so.
pub(super) fn may_halt(node: &Node, ledger: &Ledger, reason: &HaltReason) -> bool {
    match reason {
        HaltReason::Unspoken { height, got, .. } => {
            !node.speaks.contains(*got) && ledger.is_final_version(height.get(), *got)
        }
        _ => false,
    }
}
