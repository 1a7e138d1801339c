//! What holds after every step, whatever came.

use std::collections::BTreeMap;

use hotshot::{Consensus, Decided, HaltReason, Outgoing, Output, Record};
use hotshot_types::{Block, Epoch, Epochs, TimeoutData, UpgradeData, View, VoteData};
use rollup_abi::Digest;

use super::quorum::may_follow;

/// What a core promises to hold at most.
const MAX_HELD: usize = 1024;
/// Writes that one step may begin beside those for certificates that become votable in it.
const MAX_PENDING: usize = super::MAX_WRITES + 16;
/// Outputs of one step, beside two for each certificate that becomes votable in it.
const MAX_OUTPUTS: usize = 64;

/// Where a node stands: none of it ever falls while it runs.
type Place = (View, Epoch, (Epoch, View), u64);

pub struct Checks {
    epochs: Epochs,
    /// Whether quorums do not lie.
    honest: bool,
    halted: bool,
    place: Place,
    certificates: usize,
    /// By height, over all lives.
    decided: BTreeMap<u64, Digest>,
    /// What was said in each view, over all lives.
    proposals: BTreeMap<View, Digest>,
    votes1: BTreeMap<View, VoteData>,
    votes2: BTreeMap<View, VoteData>,
}

fn place(core: &Consensus) -> Place {
    (
        core.view(),
        core.epoch(),
        core.lock().rank(),
        core.decided().height,
    )
}

impl Checks {
    pub fn new(epochs: Epochs, honest: bool) -> Self {
        Self {
            epochs,
            honest,
            halted: false,
            place: Place::default(),
            certificates: 0,
            decided: BTreeMap::new(),
            proposals: BTreeMap::new(),
            votes1: BTreeMap::new(),
            votes2: BTreeMap::new(),
        }
    }

    pub fn restarted(&mut self) {
        self.place = Place::default();
    }

    pub fn before(&mut self, core: &Consensus) {
        self.halted = core.halted().is_some();
        self.place = place(core);
        self.certificates = core.held().certificates;
    }

    pub fn after(
        &mut self,
        core: &Consensus,
        out: &[Output],
        log: &[Record],
        known: (&[Block], &[UpgradeData]),
    ) {
        self.silent_when_halted(core, out);
        self.never_falls(core);
        self.bounded(core, out);
        for output in out {
            match output {
                Output::Decide(decided) => self.decides(decided),
                Output::Send { what, .. } => {
                    self.says(what, log, known.0);
                    follows(what, known);
                }
                _ => {}
            }
        }
    }

    fn silent_when_halted(&self, core: &Consensus, out: &[Output]) {
        assert!(!self.halted || out.is_empty(), "halted, and says {out:?}");
        assert!(!self.halted || core.halted().is_some(), "halted no more");
        let halted = core.halted();
        let unspoken = matches!(halted, Some(HaltReason::Unspoken { got, .. }) if *got > super::SPEAKS);
        assert!(
            !self.honest || halted.is_none() || unspoken,
            "an honest quorum halts it: {halted:?}"
        );
        let halts = out.iter().position(|output| matches!(output, Output::Halt(_)));
        assert!(
            halts.is_none_or(|at| at + 1 == out.len()),
            "something follows a halt"
        );
        assert_eq!(
            halts.is_some(),
            core.halted().is_some() && !self.halted,
            "halts without a word"
        );
    }

    fn never_falls(&self, core: &Consensus) {
        let (before, after) = (self.place, place(core));
        let holds = after.0 >= before.0 && after.1 >= before.1 && after.2 >= before.2 && after.3 >= before.3;
        assert!(
            holds,
            "view, epoch, lock or decided height fell: {before:?}, {after:?}"
        );
    }

    fn bounded(&self, core: &Consensus, out: &[Output]) {
        let held = core.held();
        assert!(held.blocks <= MAX_HELD, "{held:?}");
        assert!(held.certificates <= 2 * MAX_HELD, "{held:?}");
        assert!(held.votes1 <= MAX_HELD, "{held:?}");
        assert!(held.pending <= MAX_PENDING + self.certificates, "{held:?}");
        let most = MAX_OUTPUTS + 2 * self.certificates;
        assert!(
            out.len() <= most,
            "{} outputs in a step, at most {most}",
            out.len()
        );
    }

    /// One leaf at each height, over all lives, and each block on the one before.
    fn decides(&mut self, blocks: &[Decided]) {
        assert!(!blocks.is_empty(), "decides nothing");
        let mut last = self.place.3;
        for Decided {
            block,
            leaf,
            certificate,
        } in blocks
        {
            let header = &block.header;
            assert_eq!(header.height, last + 1, "heights are left out or come again");
            assert_eq!(header.commitment(), *leaf);
            if let Some(parent) = self.decided.get(&last) {
                assert_eq!(header.parent, *parent, "decides off its own chain");
            }
            if let Some(certificate) = certificate {
                assert_eq!(
                    (certificate.leaf(), certificate.height().get()),
                    (leaf, header.height)
                );
            }
            let first = *self.decided.entry(header.height).or_insert(*leaf);
            assert_eq!(first, *leaf, "two leaves decided at height {}", header.height);
            last = header.height;
        }
        self.place.3 = last;
    }

    fn says(&mut self, what: &Outgoing, log: &[Record], blocks: &[Block]) {
        match what {
            Outgoing::Proposal(proposal) => {
                let (view, leaf) = (proposal.view, proposal.leaf());
                let first = *self.proposals.entry(view).or_insert(leaf);
                assert_eq!(first, leaf, "two proposals in view {view}");
                let durable = Record::Proposed { view, leaf };
                assert!(log.contains(&durable), "a proposal before it is durable");
            }
            Outgoing::Vote1(data) => {
                let (view, leaf) = (data.view, data.leaf);
                let first = *self.votes1.entry(view).or_insert(*data);
                assert_eq!(first, *data, "two first votes in view {view}");
                let durable = Record::Vote1 { view, leaf };
                assert!(log.contains(&durable), "a first vote before it is durable");
            }
            Outgoing::Vote2(data) => {
                self.not_excluded(data, blocks);
                let first = *self.votes2.entry(data.view).or_insert(*data);
                assert_eq!(first, *data, "two second votes in view {}", data.view);
                let durable =
                    |record: &Record| matches!(record, Record::Vote2 { lock } if lock.data() == data);
                assert!(log.iter().any(durable), "a second vote before it is durable");
            }
            Outgoing::Timeout(data, lock) => {
                assert_eq!(
                    lock.rank(),
                    data.lock_rank(),
                    "a timeout vote that shows another lock"
                );
                assert!(
                    log.iter().any(|record| gives_up(record, data)),
                    "a timeout vote before it is durable"
                );
            }
            _ => {}
        }
    }

    /// B1, where one committee rules for ever: no second vote for a block that a later first vote excludes.
    fn not_excluded(&self, data: &VoteData, blocks: &[Block]) {
        let later = self.votes1.range(data.view.next()..);
        if self.epochs != Epochs::ENDLESS
            || self.votes2.contains_key(&data.view)
            || later.clone().count() == 0
        {
            return;
        }
        let parents: BTreeMap<Digest, Digest> = blocks
            .iter()
            .map(|block| (block.header.commitment(), block.header.parent))
            .collect();
        for (view, vote) in later {
            let mut way = std::iter::successors(Some(vote.leaf), |leaf| parents.get(leaf).copied());
            assert!(
                way.any(|leaf| leaf == data.leaf),
                "second vote of view {} against the first of {view}",
                data.view
            );
        }
    }
}

/// A first vote is for a version that the node speaks, and that was agreed on if it is not the parent's. What is proposed again
/// is certified, and was looked at before.
fn follows(what: &Outgoing, (blocks, agreed): (&[Block], &[UpgradeData])) {
    let Outgoing::Vote1(data) = what else { return };
    let header = |leaf: &Digest| {
        let mut headers = blocks.iter().map(|block| &block.header);
        headers.find(|header| header.commitment() == *leaf)
    };
    let Some(header_of) = header(&data.leaf).filter(|header| header.view == data.view.get()) else {
        return;
    };
    assert!(
        header_of.version <= super::SPEAKS,
        "votes for what it does not speak"
    );
    if let Some(parent) = header(&header_of.parent) {
        assert!(
            may_follow(header_of, parent, agreed),
            "votes for version {} after {}",
            header_of.version,
            parent.version
        );
    }
}

fn gives_up(record: &Record, data: &TimeoutData) -> bool {
    matches!(record, Record::TimedOut { epoch, view, .. } if (*epoch, *view) == (data.epoch, data.view))
}
