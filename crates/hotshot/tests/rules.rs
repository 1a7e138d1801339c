//! The defects that this protocol must not have, one scenario each, step by step against one core.

mod sim;

use std::{sync::Arc, time::Duration};

use hotshot::{
    Config, Consensus, HaltReason, Input, Outgoing, Output, Recipient, Record, Recovery, Token, Verdict,
    rules::{self, Fault},
};
use hotshot_types::{
    Block, Certificate, Certificate1, Certificate2, Justify, Phase, Proposal, SignedProposal,
    TimeoutCertificate, TimeoutData, TimeoutVote, View, VoteData, message::FetchedBlocks,
};
use rollup_abi::{Digest, Header};
use sim::{PLACEHOLDER, Sim, child, committee, fast, genesis, node_id};

/// One core of a committee of four, and what it has done. It is member 3, which leads views 3, 7, 11.
struct One {
    core: Consensus,
    clock: hotshot::Now,
    out: Vec<Output>,
    durable: Vec<Record>,
    config: Config,
    /// Whether what is written becomes durable by itself, and blocks are found valid.
    automatic: bool,
}

impl One {
    fn new() -> Self {
        let sim = Sim::new(0, &[1; 4], fast(), false);
        let config = Config {
            node: node_id(3),
            ..sim.config.clone()
        };
        let core = Consensus::new(config.clone(), Recovery::genesis(genesis()), sim.clock());
        Self {
            core,
            clock: sim.clock(),
            out: Vec::new(),
            durable: Vec::new(),
            config,
            automatic: true,
        }
    }

    fn step(&mut self, input: Input) {
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

    fn wait(&mut self, time: Duration) {
        self.clock.elapsed += time;
        self.clock.wall_ms += u64::try_from(time.as_millis()).unwrap();
        self.step(Input::Tick);
    }

    /// All that was sent since the last call.
    fn sent(&mut self) -> Vec<Outgoing> {
        let out = std::mem::take(&mut self.out);
        out.into_iter()
            .filter_map(|output| match output {
                Output::Send { what, .. } => Some(what),
                _ => None,
            })
            .collect()
    }

    fn votes1(&mut self) -> Vec<Digest> {
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

    fn votes2(&mut self) -> Vec<Digest> {
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

    fn decided(&mut self) -> Vec<u64> {
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

    fn faults(&mut self) -> Vec<Fault> {
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

    fn restart(&mut self) {
        let mut recovery = Recovery::genesis(genesis());
        for record in &self.durable {
            recovery.apply(record.clone());
        }
        self.core = Consensus::new(self.config.clone(), recovery, self.clock);
        self.out.clear();
        self.step(Input::Tick);
    }
}

fn certify<P: Phase>(header: &Header) -> Certificate<P> {
    let data = VoteData::of(header, header.commitment());
    Certificate::assemble(&committee(&[1; 4]), data, (0..3).map(|i| (i, *PLACEHOLDER))).unwrap()
}

/// What a child of this block is justified by.
fn justify(parent: &Header) -> Justify {
    if parent.height == 0 {
        Justify::Genesis(parent.commitment())
    } else {
        Justify::Certified(certify(parent))
    }
}

fn timed_out(view: u64, locks: [&Header; 3]) -> TimeoutCertificate {
    let votes = locks.map(|lock| TimeoutVote {
        data: TimeoutData {
            epoch: hotshot_types::Epoch::ZERO,
            view: View::new(view),
            lock_view: View::new(lock.view),
        },
        signature: *PLACEHOLDER,
        lock: justify(lock),
    });
    TimeoutCertificate::assemble(&committee(&[1; 4]), votes.iter().enumerate()).unwrap()
}

/// A proposal on `parent` in `view`, with a timeout certificate if the view before is not the parent's.
fn propose(parent: &Header, view: u64, payload: &[u8]) -> SignedProposal {
    let before = view - 1;
    let proposal = Proposal {
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

fn header(signed: &SignedProposal) -> Header {
    signed.proposal.header.clone()
}

fn cert1(signed: &SignedProposal) -> Certificate1 {
    certify(&signed.proposal.header)
}

fn cert2(signed: &SignedProposal) -> Certificate2 {
    certify(&signed.proposal.header)
}

#[test]
fn the_way_of_one_block() {
    let mut one = One::new();
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Proposal(block.clone()));
    assert_eq!(one.votes1(), [leaf]);
    one.step(Input::Certificate1(cert1(&block)));
    assert_eq!(one.core.view(), View::new(2), "the certificate ends the view");
    assert_eq!(one.core.lock().data().leaf, leaf);
    assert_eq!(one.votes2(), [leaf]);
    one.step(Input::Certificate2(cert2(&block)));
    assert_eq!(one.decided(), [1]);
}

#[test]
fn nothing_is_said_before_it_is_durable_nor_after_the_view_was_given_up() {
    let mut one = One::new();
    one.automatic = false;
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Proposal(block));
    one.step(Input::Validated {
        leaf,
        verdict: Verdict::Valid,
    });
    let token = |one: &One| -> Token {
        let persisted = |output: &Output| {
            if let Output::Persist { token, .. } = output {
                Some(*token)
            } else {
                None
            }
        };
        one.out
            .iter()
            .rev()
            .find_map(persisted)
            .expect("something is to be written")
    };
    let vote = token(&one);
    assert_eq!(one.sent(), [], "the vote waits");
    one.wait(Duration::from_secs(1));
    let timeout = token(&one);
    one.sent();
    one.step(Input::Persisted(vote));
    assert_eq!(
        one.votes1(),
        [] as [Digest; 0],
        "the view has been given up meanwhile"
    );
    one.step(Input::Persisted(timeout));
    assert!(
        matches!(one.sent()[..], [Outgoing::Timeout(TimeoutData { view, .. }, _)] if view == View::new(1))
    );
}

/// B1: a later first vote on a branch without the block forbids the second vote for it, whatever comes late.
#[test]
fn b1_no_vote2_for_a_block_that_a_later_vote1_excludes() {
    for other_branch in [true, false] {
        let mut one = One::new();
        let block = propose(&genesis(), 1, b"a");
        // View 2's proposal builds on genesis (view 1 was given up) or on the block of view 1.
        let parent = if other_branch { genesis() } else { header(&block) };
        if !other_branch {
            one.step(Input::Proposal(block.clone()));
        }
        let next = propose(&parent, 2, b"b");
        one.step(Input::Proposal(next.clone()));
        assert!(one.votes1().contains(&next.proposal.leaf()));
        // The block of view 1, and that it is certified, arrive late.
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate1(cert1(&block)));
        let votes2 = one.votes2();
        if other_branch {
            assert_eq!(
                votes2,
                [] as [Digest; 0],
                "two conflicting quorums could come together"
            );
            // A restart does not forget it.
            one.restart();
            one.step(Input::Proposal(block.clone()));
            one.step(Input::Certificate1(cert1(&block)));
            assert_eq!(one.votes2(), [] as [Digest; 0]);
        } else {
            assert!(
                one.core.actions().vote2 >= View::new(1),
                "extending it is no reason to refuse"
            );
        }
    }
}

/// B2: a certified block that is not here is fetched, and then voted for and decided.
#[test]
fn b2_a_missing_block_is_fetched_and_completes_the_view() {
    let mut one = One::new();
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Certificate1(cert1(&block)));
    one.step(Input::Certificate2(cert2(&block)));
    one.sent();
    one.wait(fast().fetch_delay);
    let asked = |one: &mut One| {
        let out = std::mem::take(&mut one.out);
        let fetch = out.into_iter().find_map(|output| match output {
            Output::Send {
                to: Recipient::One(node),
                what,
            } => Some((node, what)),
            _ => None,
        });
        fetch.expect("a fetch")
    };
    let (first, what) = asked(&mut one);
    assert!(matches!(what, Outgoing::FetchProposal(fetch) if fetch.leaf == leaf));
    // Without an answer, others are asked in turn.
    let mut peers = vec![first];
    for _ in 0..5 {
        one.wait(fast().fetch_retry);
        peers.push(asked(&mut one).0);
    }
    peers.sort_unstable();
    peers.dedup();
    assert_eq!(peers, [node_id(0), node_id(1), node_id(2)]);
    one.step(Input::Proposal(block));
    assert_eq!(one.decided(), [1]);
}

/// B4: the leader builds on the highest lock that the timeout certificate proves, and nobody accepts less.
#[test]
fn b4_a_proposal_below_the_proven_lock_is_refused() {
    let (a, chain) = (propose(&genesis(), 1, b"a"), rules::well_formed);
    let b = propose(&header(&a), 2, b"b");
    let on = |parent: &Header, timeout: Option<TimeoutCertificate>, view: u64| Proposal {
        header: child(parent, View::new(view), parent.timestamp_ms + 1, b"c"),
        justify: justify(parent),
        timeout,
        payload: b"c"[..].into(),
    };
    let proven = || Some(timed_out(3, [&header(&a), &header(&b), &genesis()]));
    let cases = [
        ("the proven lock", on(&header(&b), proven(), 4), Ok(())),
        (
            "below it",
            on(&header(&a), proven(), 4),
            Err(Fault::BelowProvenLock),
        ),
        (
            "genesis",
            on(&genesis(), proven(), 4),
            Err(Fault::BelowProvenLock),
        ),
        ("no evidence", on(&header(&b), None, 4), Err(Fault::Evidence)),
        (
            "evidence for another view",
            on(&header(&b), proven(), 5),
            Err(Fault::Evidence),
        ),
        (
            "evidence not needed",
            on(&header(&b), Some(timed_out(2, [&header(&a); 3])), 3),
            Err(Fault::Evidence),
        ),
        ("the view before", on(&header(&b), None, 3), Ok(())),
    ];
    for (what, proposal, expected) in cases {
        assert_eq!(chain(&proposal, &sim::CHAIN), expected, "{what}");
    }
    // The leader of view 7 (this node) was not there for block b; the certificate tells it.
    let mut one = One::new();
    one.step(Input::Proposal(a.clone()));
    one.step(Input::TimeoutCertificate(Arc::new(timed_out(
        6,
        [&header(&a), &header(&b), &genesis()],
    ))));
    assert_eq!(
        (one.core.view(), one.core.lock().view()),
        (View::new(7), View::new(2))
    );
    let builds = |one: &mut One| {
        let out = std::mem::take(&mut one.out);
        let build = |output| {
            if let Output::Build { parent, .. } = output {
                Some(parent.view)
            } else {
                None
            }
        };
        out.into_iter().filter_map(build).collect::<Vec<_>>()
    };
    assert_eq!(
        builds(&mut one),
        [] as [u64; 0],
        "it has not the block to build on"
    );
    one.step(Input::Proposal(b));
    assert_eq!(builds(&mut one), [2]);
}

/// B5: of two proposals in one view, either may get certified, in whatever order things arrive.
#[test]
fn b5_the_rival_of_the_block_voted_for_may_win() {
    let (a, b) = (propose(&genesis(), 1, b"a"), propose(&genesis(), 1, b"b"));
    type Order = fn(SignedProposal, SignedProposal, Certificate1) -> [Input; 3];
    let orders: [Order; 3] = [
        |a, b, c| [Input::Proposal(a), Input::Proposal(b), Input::Certificate1(c)],
        |a, b, c| [Input::Proposal(a), Input::Certificate1(c), Input::Proposal(b)],
        |a, b, c| [Input::Certificate1(c), Input::Proposal(b), Input::Proposal(a)],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let mut one = One::new();
        let inputs = order(a.clone(), b.clone(), cert1(&b));
        let [first, second, third] = inputs;
        one.step(first);
        one.step(second);
        one.step(third);
        let out = one.out.clone();
        assert_eq!(one.votes2(), [b.proposal.leaf()], "order {number}");
        one.out = out;
        assert!(
            one.faults().contains(&Fault::Equivocation(View::new(1))),
            "order {number}"
        );
        one.step(Input::Certificate2(cert2(&b)));
        assert_eq!(one.decided(), [1], "order {number}");
    }
    // It voted once in the view, though it saw two.
    let mut one = One::new();
    one.step(Input::Proposal(a.clone()));
    one.step(Input::Proposal(b.clone()));
    assert_eq!(one.votes1(), [a.proposal.leaf()]);
}

/// B6: what nobody has certified is neither kept nor waited for, however far ahead it claims to be.
#[test]
fn b6_claims_about_far_views_change_nothing() {
    let mut one = One::new();
    let before = one.core.view();
    let mut far = propose(&genesis(), 1_000_000, b"far");
    // Without evidence for the view before it is not well-formed, so it cannot move this node.
    Arc::make_mut(&mut far.proposal).timeout = None;
    one.step(Input::Proposal(far.clone()));
    assert_eq!(one.core.view(), before);
    assert!(one.core.proposal(&far.proposal.leaf()).is_none());
    assert_eq!(one.faults(), [Fault::Evidence]);
    // Another epoch than its justification's is refused, so nobody looks for that epoch's committee.
    let mut other = propose(&genesis(), 1, b"other");
    Arc::make_mut(&mut other.proposal).header.epoch = 7;
    one.step(Input::Proposal(other));
    assert_eq!(one.faults(), [Fault::Parent]);
    // Of one view, two proposals are kept and no more.
    for payload in [b"a", b"b", b"c", b"d"] {
        one.step(Input::Proposal(propose(&genesis(), 1, payload)));
    }
    let kept = [b"a", b"b", b"c", b"d"].map(|p| {
        one.core
            .proposal(&propose(&genesis(), 1, p).proposal.leaf())
            .is_some()
    });
    assert_eq!(kept, [true, true, false, false]);
}

/// B8: a decision that comes before what it needs is not swallowed; ancestors come with it, in order, once.
#[test]
fn b8_every_block_is_decided_once_in_order_with_its_ancestors() {
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    let c = propose(&header(&b), 3, b"c");
    let inputs = [
        Input::Certificate2(cert2(&c)),
        Input::Proposal(c.clone()),
        Input::Certificate2(cert2(&a)),
        Input::Proposal(b.clone()),
        Input::Certificate1(cert1(&c)),
        Input::Proposal(a.clone()),
    ];
    // Every order of arrival, with each input twice.
    let mut orders = vec![vec![]];
    for _ in 0..inputs.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let rest = (0..inputs.len())
                    .filter(|i| !order.contains(i))
                    .collect::<Vec<_>>();
                rest.into_iter()
                    .map(move |i| order.iter().copied().chain([i]).collect())
            })
            .collect();
    }
    assert_eq!(orders.len(), 720);
    for order in orders {
        let mut one = One::new();
        for index in &order {
            one.step(inputs[*index].clone());
            one.step(inputs[*index].clone());
        }
        assert_eq!(one.decided(), [1, 2, 3], "{order:?}");
    }
}

/// The view-0 defect: nothing is believed because it claims to be genesis.
#[test]
fn a_false_genesis_justifies_nothing() {
    let mut one = One::new();
    let mut other = genesis();
    other.state_root = [66; 32];
    let block = propose(&other, 1, b"a");
    one.step(Input::Proposal(block.clone()));
    assert!(one.core.proposal(&block.proposal.leaf()).is_none());
    assert_eq!(one.faults(), [Fault::Chain]);
}

#[test]
fn locked_nodes_refuse_what_conflicts_and_accept_what_is_newer() {
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    let mut one = One::new();
    for block in [&a, &b] {
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate1(cert1(block)));
    }
    one.sent();
    // View 3 was given up by nodes that had not seen b's certificate: justified by a, below this node's lock.
    let low = propose(&header(&a), 4, b"low");
    one.step(Input::Proposal(low.clone()));
    assert_eq!(one.core.view(), View::new(4));
    assert_eq!(one.votes1(), [] as [Digest; 0]);
    // They certify it all the same (this node's quorum is not needed): then it is newer than the lock.
    one.step(Input::Certificate1(cert1(&low)));
    assert_eq!(
        one.votes2(),
        [low.proposal.leaf()],
        "no first vote of this node excludes it"
    );
    let next = propose(&header(&low), 5, b"next");
    one.step(Input::Proposal(next.clone()));
    assert_eq!(one.votes1(), [next.proposal.leaf()]);
}

#[test]
fn contradictions_stop_the_node() {
    let (a, b) = (propose(&genesis(), 1, b"a"), propose(&genesis(), 1, b"b"));
    let halted = |inputs: Vec<Input>, automatic: bool| {
        let mut one = One::new();
        one.automatic = automatic;
        for input in inputs {
            one.step(input);
        }
        let reason = one.core.halted().cloned();
        if reason.is_some() {
            one.out.clear();
            one.step(Input::Proposal(propose(&genesis(), 1, b"z")));
            one.wait(Duration::from_secs(100));
            assert_eq!(one.out, [], "nothing comes out any more");
        }
        reason
    };
    let view = View::new(1);
    let twice = vec![Input::Certificate1(cert1(&a)), Input::Certificate1(cert1(&b))];
    assert_eq!(
        halted(twice, true),
        Some(HaltReason::ConflictingCertificates { view })
    );
    let decided = |last| vec![Input::Proposal(a.clone()), Input::Certificate2(cert2(&a)), last];
    let conflict = Some(HaltReason::ConflictingDecision { view });
    assert_eq!(halted(decided(Input::Certificate2(cert2(&b))), true), conflict);
    assert_eq!(halted(decided(Input::Certificate2(cert2(&a))), true), None);
    let leaf = a.proposal.leaf();
    let wrong = |certificate| {
        let verdict = Verdict::Invalid;
        vec![
            Input::Proposal(a.clone()),
            Input::Validated { leaf, verdict },
            certificate,
        ]
    };
    let diverged = Some(HaltReason::Diverged { view });
    assert_eq!(halted(wrong(Input::Certificate1(cert1(&a))), false), diverged);
    assert_eq!(halted(wrong(Input::Certificate2(cert2(&a))), false), diverged);
    let late = vec![
        Input::Proposal(a.clone()),
        Input::Certificate1(cert1(&a)),
        Input::Validated {
            leaf,
            verdict: Verdict::Invalid,
        },
    ];
    assert_eq!(halted(late, false), diverged);
}

#[test]
fn a_restarted_node_does_not_act_again_where_it_acted() {
    let mut one = One::new();
    let (a, rival) = (propose(&genesis(), 1, b"a"), propose(&genesis(), 1, b"rival"));
    one.step(Input::Proposal(a.clone()));
    assert_eq!(one.votes1(), [a.proposal.leaf()]);
    one.restart();
    one.step(Input::Proposal(rival));
    assert_eq!(one.votes1(), [] as [Digest; 0]);
    // It gave view 1 up; then it does not vote in it after a restart, either.
    let mut one = One::new();
    one.wait(Duration::from_secs(1));
    assert_eq!(one.core.actions().timeout, View::new(1));
    one.restart();
    one.step(Input::Proposal(a));
    assert_eq!(one.votes1(), [] as [Digest; 0]);
    // It says its timeout vote again, for the others may not have heard it.
    one.sent();
    one.wait(fast().resend);
    assert!(
        one.sent()
            .iter()
            .any(|what| matches!(what, Outgoing::Timeout(..)))
    );
}

#[test]
fn late_headers_and_headers_from_the_future_get_no_vote() {
    let drift = u64::try_from(fast().max_clock_drift.as_millis()).unwrap();
    let wall = One::new().clock.wall_ms;
    for (timestamp, voted) in [
        (genesis().timestamp_ms, false),
        (genesis().timestamp_ms + 1, true),
        (wall + drift, true),
        (wall + drift + 1, false),
    ] {
        let mut one = One::new();
        let mut block = propose(&genesis(), 1, b"a");
        Arc::make_mut(&mut block.proposal).header.timestamp_ms = timestamp;
        one.step(Input::Proposal(block));
        assert_eq!(!one.votes1().is_empty(), voted, "{timestamp} at {wall}");
    }
}

#[test]
fn fetched_blocks_are_decided_also_when_a_descendant_proves_them() {
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    let c = propose(&header(&b), 3, b"c");
    let block = |signed: &SignedProposal| Block {
        header: header(signed),
        payload: Arc::clone(&signed.proposal.payload),
    };
    let mut one = One::new();
    one.step(Input::Blocks(Arc::new(FetchedBlocks {
        blocks: vec![block(&a), block(&b)],
        tail: vec![header(&c)],
        certificate: cert2(&c),
    })));
    assert_eq!(one.decided(), [1, 2]);
    assert_eq!(one.core.view(), View::new(4));
    one.step(Input::Blocks(Arc::new(FetchedBlocks {
        blocks: vec![block(&b), block(&c)],
        tail: vec![],
        certificate: cert2(&c),
    })));
    assert_eq!(one.decided(), [3]);
}

#[test]
fn a_failed_view_takes_twice_as_long_up_to_the_limit_until_there_is_progress() {
    let mut one = One::new();
    let mut waits = Vec::new();
    for view in 1..=6 {
        let mut waited = Duration::ZERO;
        while one.core.actions().timeout < View::new(view) {
            one.wait(Duration::from_millis(50));
            waited += Duration::from_millis(50);
        }
        waits.push(waited.as_millis());
        one.step(Input::TimeoutCertificate(Arc::new(timed_out(
            view,
            [&genesis(), &genesis(), &genesis()],
        ))));
    }
    assert_eq!(waits, [300, 600, 1200, 2400, 3000, 3000]);
    let block = propose(&genesis(), 7, b"a");
    one.step(Input::Certificate1(cert1(&block)));
    assert_eq!(one.core.view(), View::new(8));
    one.wait(Duration::from_millis(299));
    assert_eq!(one.core.actions().timeout, View::new(6));
    one.wait(Duration::from_millis(1));
    assert_eq!(one.core.actions().timeout, View::new(8));
}

#[test]
fn one_honest_timeout_is_joined() {
    let mut one = One::new();
    one.step(Input::TimeoutOneHonest(View::new(5)));
    assert_eq!(
        (one.core.view(), one.core.actions().timeout),
        (View::new(5), View::new(5))
    );
    assert!(
        one.sent()
            .iter()
            .any(|what| matches!(what, Outgoing::Timeout(data, _) if data.view == View::new(5)))
    );
    // A lower one is no news.
    one.step(Input::TimeoutOneHonest(View::new(4)));
    assert_eq!(one.core.view(), View::new(5));
}
