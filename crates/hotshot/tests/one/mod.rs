//! One core, stepped by hand.

#![allow(dead_code)]

use std::{sync::Arc, time::Duration};

use hotshot::{
    Committees, Config, Consensus, Input, Now, Outgoing, Output, Record, Recovery, Verdict, rules::Fault,
};
use hotshot_testing::fixtures::{EPOCH_MS, PLACEHOLDER, child, committee, fast, genesis, node_id};
use hotshot_types::{
    Certificate, Certificate1, Certificate2, Epochs, Justify, Phase, Proposal, SignedProposal,
    TimeoutCertificate, TimeoutData, TimeoutVote, Versions, View, VoteData,
};
use rollup_abi::{Digest, Header};

/// One core of a committee of four, and what it has done. It is member 3, which leads views 3, 7, 11.
pub struct One {
    pub core: Consensus,
    pub clock: Now,
    pub out: Vec<Output>,
    pub durable: Vec<Record>,
    pub config: Config,
    /// Whether what is written becomes durable by itself, and blocks are found valid.
    pub automatic: bool,
}

impl One {
    pub fn new() -> Self {
        let config = Config {
            node: node_id(3),
            committees: Committees::new(committee(&[1; 4])),
            epochs: Epochs::ENDLESS,
            genesis: genesis(),
            timing: fast(),
            speaks: Versions::up_to(3),
            upgrade: None,
        };
        let clock = Now {
            elapsed: Duration::ZERO,
            wall_ms: EPOCH_MS,
        };
        let core = Consensus::new(config.clone(), Recovery::genesis(genesis()), clock);
        Self {
            core,
            clock,
            out: Vec::new(),
            durable: Vec::new(),
            config,
            automatic: true,
        }
    }

    pub fn step(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.core.step(self.clock, input, &mut out);
            for output in &out {
                match output {
                    Output::Persist { token, records } if self.automatic => {
                        self.durable.extend(records.clone());
                        inputs.push(Input::Persisted(*token));
                    }
                    Output::Validate { leaf, .. } if self.automatic => {
                        let (leaf, verdict) = (*leaf, Verdict::Valid);
                        inputs.insert(0, Input::Validated { leaf, verdict });
                    }
                    _ => {}
                }
            }
            self.out.extend(out);
        }
    }

    pub fn wait(&mut self, time: Duration) {
        self.clock.elapsed += time;
        self.clock.wall_ms += u64::try_from(time.as_millis()).unwrap();
        self.step(Input::Tick);
    }

    /// All that was sent since the last call.
    pub fn sent(&mut self) -> Vec<Outgoing> {
        let out = std::mem::take(&mut self.out);
        out.into_iter()
            .filter_map(|output| match output {
                Output::Send { what, .. } => Some(what),
                _ => None,
            })
            .collect()
    }

    pub fn votes1(&mut self) -> Vec<Digest> {
        self.sent()
            .into_iter()
            .filter_map(|what| {
                if let Outgoing::Vote1(data) = what {
                    Some(data.leaf)
                } else {
                    None
                }
            })
            .collect()
    }

    pub fn votes2(&mut self) -> Vec<Digest> {
        self.sent()
            .into_iter()
            .filter_map(|what| {
                if let Outgoing::Vote2(data) = what {
                    Some(data.leaf)
                } else {
                    None
                }
            })
            .collect()
    }

    pub fn decided(&mut self) -> Vec<u64> {
        let out = std::mem::take(&mut self.out);
        out.into_iter()
            .filter_map(|output| {
                if let Output::Decide(blocks) = output {
                    Some(blocks)
                } else {
                    None
                }
            })
            .flatten()
            .map(|decided| decided.block.header.height)
            .collect()
    }

    pub fn faults(&mut self) -> Vec<Fault> {
        let out = std::mem::take(&mut self.out);
        out.into_iter()
            .filter_map(|output| {
                if let Output::Misbehaviour { fault, .. } = output {
                    Some(fault)
                } else {
                    None
                }
            })
            .collect()
    }

    pub fn restart(&mut self) {
        let mut recovery = Recovery::genesis(genesis());
        for record in &self.durable {
            recovery.apply(record.clone());
        }
        self.core = Consensus::new(self.config.clone(), recovery, self.clock);
        self.out.clear();
        self.step(Input::Tick);
    }
}

pub fn certify<P: Phase>(header: &Header) -> Certificate<P> {
    let data = VoteData::of(header, header.commitment());
    Certificate::assemble(&committee(&[1; 4]), data, (0..3).map(|i| (i, *PLACEHOLDER))).unwrap()
}

/// What a child of this block is justified by.
pub fn justify(parent: &Header) -> Justify {
    if parent.height == 0 {
        Justify::Genesis(parent.commitment())
    } else {
        Justify::Certified(certify(parent))
    }
}

pub fn timed_out(view: u64, locks: [&Header; 3]) -> TimeoutCertificate {
    let votes = locks.map(|lock| TimeoutVote {
        data: TimeoutData {
            epoch: hotshot_types::Epoch::ZERO,
            view: View::new(view),
            lock_epoch: hotshot_types::Epoch::ZERO,
            lock_view: View::new(lock.view),
        },
        signature: *PLACEHOLDER,
        lock: justify(lock),
    });
    TimeoutCertificate::assemble(&committee(&[1; 4]), votes.iter().enumerate()).unwrap()
}

/// A proposal on `parent` in `view`, with a timeout certificate if the view before is not the parent's.
pub fn propose(parent: &Header, view: u64, payload: &[u8]) -> SignedProposal {
    let before = view - 1;
    let proposal = Proposal {
        view: View::new(view),
        hand_over: None,
        upgrade: None,
        header: child(parent, View::new(view), parent.timestamp_ms + 1, payload),
        justify: justify(parent),
        timeout: (parent.view != before).then(|| timed_out(before, [parent; 3])),
        payload: payload.into(),
    };
    SignedProposal {
        proposal: Arc::new(proposal),
        signature: *PLACEHOLDER,
    }
}

pub fn header(signed: &SignedProposal) -> Header {
    signed.proposal.header.clone()
}

pub fn cert1(signed: &SignedProposal) -> Certificate1 {
    certify(&signed.proposal.header)
}

pub fn cert2(signed: &SignedProposal) -> Certificate2 {
    certify(&signed.proposal.header)
}
