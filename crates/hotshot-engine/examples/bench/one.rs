//! One core of a committee of four, fed by hand: every input that a quiet view brings.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use hotshot::{Committees, Config, Consensus, Input, Now, Output, Recovery, Verdict};
use hotshot_testing::fixtures::{EPOCH_MS, PLACEHOLDER, child, committee, fast, genesis, node_id};
use hotshot_types::{
    Block, Certificate, Committee, Justify, Phase, Proposal, SignedProposal, Versions, View, VoteData,
};
use rollup_abi::{Header, header};

const MEMBERS: usize = 4;
/// Between two views.
const VIEW_TIME: Duration = Duration::from_millis(10);

pub struct One {
    pub core: Consensus,
    committee: Committee,
    now: Now,
    /// The last certified block, and what certifies it.
    parent: Header,
    justify: Justify,
    payload: Arc<[u8]>,
    /// How long steps took, by kind of input; nothing if nobody asks.
    pub times: Option<BTreeMap<&'static str, Vec<Duration>>>,
}

impl One {
    /// Member 0, at genesis.
    pub fn new(payload: usize) -> Self {
        let committee = committee(&[1; MEMBERS]);
        let config = Config {
            node: node_id(0),
            committees: Committees::new(committee.clone()),
            epochs: hotshot_types::Epochs::ENDLESS,
            genesis: genesis(),
            timing: fast(),
            speaks: Versions::up_to(header::FIRST_VERSION),
            upgrade: None,
        };
        let now = Now {
            elapsed: Duration::ZERO,
            wall_ms: EPOCH_MS,
        };
        let parent = genesis();
        Self {
            core: Consensus::new(config, Recovery::genesis(genesis()), now),
            committee,
            now,
            justify: Justify::Genesis(parent.commitment()),
            parent,
            payload: vec![7; payload].into(),
            times: None,
        }
    }

    /// One view, up to its first certificate, or to its finality.
    pub fn view(&mut self, number: u64, decide: bool) {
        self.now.elapsed += VIEW_TIME;
        self.now.wall_ms += VIEW_TIME.as_millis() as u64;
        let view = View::new(number);
        let header = child(&self.parent, view, self.now.wall_ms, &self.payload);
        let data = VoteData::of(&header, header.commitment());
        self.step(Input::Tick);
        if self.committee.leader(view).node == node_id(0) {
            // The core has asked for it when its parent was certified.
            let payload = Arc::clone(&self.payload);
            let block = Block {
                header: header.clone(),
                payload,
            };
            self.step(Input::Built { view, block });
        } else {
            let proposal = Proposal {
                view,
                hand_over: None,
                upgrade: None,
                header: header.clone(),
                justify: self.justify.clone(),
                timeout: None,
                payload: Arc::clone(&self.payload),
            };
            let signed = SignedProposal {
                proposal: Arc::new(proposal),
                signature: *PLACEHOLDER,
            };
            self.step(Input::Proposal(signed));
        }
        let certificate = self.certify(data);
        self.justify = Justify::Certified(self.certify(data));
        self.step(Input::Certificate1(certificate));
        if decide {
            let certificate = self.certify(data);
            self.step(Input::Certificate2(certificate));
        }
        self.parent = header;
    }

    fn certify<P: Phase>(&self, data: VoteData) -> Certificate<P> {
        let votes = (0..MEMBERS - 1).map(|member| (member, *PLACEHOLDER));
        Certificate::assemble(&self.committee, data, votes).expect("three of four are a quorum")
    }

    /// Takes an input, and then what comes of it: everything is durable and valid at once.
    fn step(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let (name, mut out) = (name(&input), Vec::new());
            let start = Instant::now();
            self.core.step(self.now, input, &mut out);
            let took = start.elapsed();
            if let Some(times) = &mut self.times {
                times.entry(name).or_default().push(took);
            }
            inputs.extend(out.into_iter().filter_map(answer));
        }
    }
}

fn answer(output: Output) -> Option<Input> {
    match output {
        Output::Persist { token, .. } => Some(Input::Persisted(token)),
        Output::Validate { leaf, .. } => Some(Input::Validated {
            leaf,
            verdict: Verdict::Valid,
        }),
        Output::Halt(reason) => panic!("{reason}"),
        _ => None,
    }
}

fn name(input: &Input) -> &'static str {
    match input {
        Input::Proposal(_) => "Proposal",
        Input::Certificate1(_) => "Certificate1",
        Input::Certificate2(_) => "Certificate2",
        Input::Built { .. } => "Built",
        Input::Validated { .. } => "Validated",
        Input::Persisted(_) => "Persisted",
        Input::Tick => "Tick",
        _ => "other",
    }
}
