//! One chain: whatever honest nodes decide is the same at each height, follows its parent, and comes once and in order.

use std::collections::BTreeMap;

use hotshot::Decided;
use hotshot_types::{Epochs, Height, VoteData};
use rollup_abi::{Digest, Header, sha256};

use super::Checked;

#[derive(Debug)]
struct Agreed {
    leaf: Digest,
    view: u64,
    state: Digest,
}

/// The chain that honest nodes agree on.
#[derive(Debug)]
pub(crate) struct Agreement {
    by_height: BTreeMap<u64, Agreed>,
    heights: BTreeMap<usize, u64>,
    epochs: Epochs,
}

impl Agreement {
    pub(crate) fn new(genesis: &Header, epochs: Epochs) -> Self {
        let agreed = Agreed {
            leaf: genesis.commitment(),
            view: 0,
            state: genesis.state_root,
        };
        Self {
            by_height: BTreeMap::from([(0, agreed)]),
            heights: BTreeMap::new(),
            epochs,
        }
    }

    /// It goes on from what is durable.
    pub(super) fn started(&mut self, machine: usize, height: u64) {
        self.heights.insert(machine, height);
    }

    pub(super) fn decided(&mut self, machine: usize, blocks: &[Decided]) -> Checked {
        if blocks.is_empty() {
            return Err("it decides nothing".to_owned());
        }
        for decided in blocks {
            let header = &decided.block.header;
            let last = self.heights.entry(machine).or_default();
            if header.height != *last + 1 {
                return Err(format!("it decides height {} after {last}", header.height));
            }
            *last = header.height;
            if decided.leaf != header.commitment() {
                return Err(format!("height {}: the leaf is not the header's", header.height));
            }
            let names = |data: &VoteData| data.leaf == decided.leaf && data.names(header, self.epochs);
            if decided.certificate.as_ref().is_some_and(|c| !names(c.data())) {
                return Err(format!("height {}: another block's certificate", header.height));
            }
            self.agree(header, decided)?;
        }
        Ok(())
    }

    fn agree(&mut self, header: &Header, decided: &Decided) -> Checked {
        let height = header.height;
        if let Some(agreed) = self.by_height.get(&height) {
            return if agreed.leaf == decided.leaf {
                Ok(())
            } else {
                Err(format!("two blocks are decided at height {height}"))
            };
        }
        let Some(parent) = self.by_height.get(&(height - 1)) else {
            return Err(format!("height {height} is decided before its parent"));
        };
        // Later versions' blocks are executed by other rules.
        let rules = header.version.to_le_bytes();
        let rules = if header.version == 1 { &[][..] } else { &rules };
        let state = sha256(&[&parent.state, &decided.block.payload, rules]);
        if header.parent != parent.leaf {
            return Err(format!(
                "the block at height {height} does not extend the decided one"
            ));
        }
        if header.epoch != self.epochs.of(Height::new(height)).get() {
            return Err(format!(
                "the block at height {height} is of epoch {}",
                header.epoch
            ));
        }
        if header.view <= parent.view {
            return Err(format!("the block at height {height} is not of a later view"));
        }
        if header.state_root != state {
            return Err(format!("the state root at height {height} is wrong"));
        }
        let agreed = Agreed {
            leaf: decided.leaf,
            view: header.view,
            state,
        };
        self.by_height.insert(height, agreed);
        Ok(())
    }

    /// The highest decided view.
    pub(crate) fn view(&self) -> u64 {
        self.by_height
            .values()
            .next_back()
            .map_or(0, |agreed| agreed.view)
    }

    /// The highest decided height.
    pub(crate) fn height(&self) -> u64 {
        self.by_height.keys().next_back().copied().unwrap_or(0)
    }

    /// The views up to the highest decided one that ended without a decided block.
    pub(crate) fn failed_views(&self) -> Vec<u64> {
        let good: std::collections::BTreeSet<u64> =
            self.by_height.values().map(|agreed| agreed.view).collect();
        (1..self.view()).filter(|view| !good.contains(view)).collect()
    }
}
