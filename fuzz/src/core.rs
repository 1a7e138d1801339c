//! The consensus core under any sequence of inputs: right, wrong, out of order, twice, of other epochs, from quorums that
//! lie. Between any two of them it may lose what is not durable and start again.
//!
//! An input's first eight bytes choose node, epochs and how much the node's surroundings do by themselves; each further eight
//! bytes are one thing that happens ([`happen`]). What is asserted after each step is in [`checks`].

mod checks;
mod happen;
mod quorum;
mod universe;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use hotshot::{
    Anchor, Committees, Config, Consensus, Input, Now, Outgoing, Output, Record, Recovery, Token, Verdict,
};
use hotshot_testing::fixtures::{EPOCH_MS, fast, genesis, node_id};
use hotshot_types::{Block, Epochs, Height, Upgrade, UpgradeData, Versions, View};
use rollup_abi::{Digest, Header};

use self::{checks::Checks, quorum::Quorum};
use crate::entropy::Entropy;

/// Most writes under way: more than that, and the disk holds the node up.
const MAX_WRITES: usize = 64;
/// The last version that the node speaks.
const SPEAKS: u16 = 2;
/// Most blocks in the universe.
const MAX_BLOCKS: usize = 4_096;

/// A node, and all that was ever said to it or by it.
struct World {
    config: Config,
    core: Consensus,
    clock: Now,
    /// All blocks, genesis first, each after its parent.
    blocks: Vec<Block>,
    /// Where each of them stands.
    index: BTreeMap<Digest, usize>,
    /// What is being written, and what is durable.
    writing: VecDeque<(Token, Vec<Record>)>,
    log: Vec<Record>,
    written: Vec<Token>,
    /// What the application has been asked.
    judging: VecDeque<Digest>,
    building: Option<Order>,
    /// The upgrades that the node has been told of.
    agreed: Vec<UpgradeData>,
    automatic: Automatic,
    /// Where quorums do not lie.
    honest: Option<Quorum>,
    checks: Checks,
}

/// A block that the node wants built.
struct Order {
    view: View,
    parent: Header,
    next_committee: Digest,
    version: u16,
}

/// What the node's surroundings do by themselves.
#[derive(Clone, Copy, Debug)]
struct Automatic {
    disk: bool,
    judge: bool,
    build: bool,
}

/// One input of the target.
pub fn step(input: &[u8]) {
    let mut entropy = Entropy::new(input);
    let mut world = World::new(&mut Entropy::new(&entropy.bytes::<8>()));
    while !entropy.is_empty() {
        let bytes = entropy.bytes::<8>();
        world.happen(&mut Entropy::new(&bytes));
    }
}

impl World {
    fn new(entropy: &mut Entropy) -> Self {
        let automatic = entropy.byte();
        let honest = automatic & 8 == 0;
        let epochs = Epochs::of_length([0, 1, 2, 3, 5][entropy.below(5)]);
        let plan = Upgrade::new(1, SPEAKS, Height::new(2), Height::new(9)).ok();
        let config = Config {
            node: node_id(3 - entropy.below(4)),
            committees: Committees::new(universe::committee(0)),
            epochs,
            genesis: genesis(),
            timing: fast(),
            speaks: Versions::up_to(SPEAKS),
            upgrade: plan.filter(|_| automatic & 16 == 0),
        };
        let clock = Now {
            elapsed: Duration::ZERO,
            wall_ms: EPOCH_MS,
        };
        let genesis = Block {
            header: genesis(),
            payload: [].into(),
        };
        Self {
            core: Consensus::new(config.clone(), Recovery::genesis(genesis.header.clone()), clock),
            clock,
            index: BTreeMap::from([(genesis.header.commitment(), 0)]),
            blocks: vec![genesis],
            writing: VecDeque::new(),
            log: Vec::new(),
            written: Vec::new(),
            judging: VecDeque::new(),
            building: None,
            agreed: Vec::new(),
            automatic: Automatic {
                disk: automatic & 1 == 0,
                judge: automatic & 2 == 0,
                build: automatic & 4 == 0,
            },
            honest: honest.then(|| Quorum::new(&config.genesis, epochs)),
            config,
            checks: Checks::new(epochs, honest),
        }
    }

    /// Gives the node an input, and what follows of itself.
    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut out = Vec::new();
            self.checks.before(&self.core);
            self.core.step(self.clock, input, &mut out);
            self.checks
                .after(&self.core, &out, &self.log, (&self.blocks, &self.agreed));
            for output in out {
                self.output(output);
            }
            while self.writing.len() > if self.automatic.disk { 0 } else { MAX_WRITES } {
                inputs.extend(self.write());
            }
            if self.automatic.judge {
                let verdict = Verdict::Valid;
                inputs.extend(
                    self.judging
                        .drain(..)
                        .map(|leaf| Input::Validated { leaf, verdict }),
                );
            }
            if self.automatic.build {
                inputs.extend(self.build());
            }
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Persist { token, records } => self.writing.push_back((token, records)),
            Output::Validate { leaf, .. } => self.judging.push_back(leaf),
            Output::Build {
                view,
                next_committee,
                version,
                parent,
                ..
            } => {
                self.building = Some(Order {
                    view,
                    parent,
                    next_committee,
                    version,
                });
            }
            Output::Send {
                what: Outgoing::Proposal(proposal),
                ..
            } => {
                let block = Block {
                    header: proposal.header.clone(),
                    payload: proposal.payload.clone(),
                };
                self.learn(block);
            }
            Output::Decide(decided) => {
                let last = decided.into_iter().next_back().expect("checked: never empty");
                let anchor = Anchor {
                    header: last.block.header,
                    certificate: last.certificate,
                };
                self.log.push(Record::Decided(anchor));
            }
            _ => {}
        }
    }

    /// The oldest write becomes durable.
    fn write(&mut self) -> Option<Input> {
        let (token, records) = self.writing.pop_front()?;
        self.log.extend(records);
        self.written.push(token);
        Some(Input::Persisted(token))
    }

    /// The application builds what it was asked for.
    fn build(&mut self) -> Option<Input> {
        let Order {
            view,
            parent,
            next_committee,
            version,
        } = self.building.take()?;
        let epoch = self.config.epochs.of(Height::new(parent.height).next());
        let header = Header {
            epoch: epoch.get(),
            next_committee,
            version,
            ..hotshot_testing::fixtures::child(&parent, view, self.clock.wall_ms, &[])
        };
        let payload = [].into();
        Some(Input::Built {
            view,
            block: Block { header, payload },
        })
    }

    /// The process dies, and starts again from what is durable.
    fn restart(&mut self) {
        let mut recovery = Recovery::genesis(genesis());
        for record in &self.log {
            recovery.apply(record.clone());
        }
        self.writing.clear();
        self.written.clear();
        self.judging.clear();
        self.building = None;
        self.core = Consensus::new(self.config.clone(), recovery, self.clock);
        self.checks.restarted();
        self.input(Input::Tick);
    }

    fn learn(&mut self, block: Block) {
        let leaf = block.header.commitment();
        if self.blocks.len() < MAX_BLOCKS && !self.index.contains_key(&leaf) {
            self.index.insert(leaf, self.blocks.len());
            self.blocks.push(block);
        }
    }

    fn known(&self, leaf: &Digest) -> Option<&Block> {
        self.index.get(leaf).map(|at| &self.blocks[*at])
    }
}
