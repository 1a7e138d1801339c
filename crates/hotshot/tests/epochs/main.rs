//! Epochs of two blocks, step by step against one core: the hand-over, blocks that are proposed again, the order of locks,
//! timeouts on both sides of the boundary, restarts in it, and committees that are not known.

mod again;
mod giving_up;
mod hand_over;
#[path = "../one/mod.rs"]
mod one;

use std::{sync::Arc, time::Duration};

use hotshot::{
    Anchor, Committees, Input, Outgoing, Output, Record,
    rules::{self, Fault},
};
use hotshot_testing::fixtures::{CHAIN, PLACEHOLDER, child, committee_of, fast, genesis, node_id};
use hotshot_types::{
    Block, Certificate, Certificate1, Certificate2, Committee, Epoch, Epochs, Height, Justify, Phase,
    Proposal, SignedProposal, TimeoutCertificate, TimeoutData, TimeoutVote, View, VoteData,
};
use one::One;
use rollup_abi::{Digest, Header, MAX_MEMBERS};

const EPOCHS: Epochs = Epochs::of_length(2);
const SECOND: Duration = Duration::from_secs(1);

/// Four equal members in each epoch; member `v % 4` leads view `v`.
fn committee(epoch: u64) -> Committee {
    committee_of(epoch, &[1; 4], None)
}

fn block(parent: &Header, view: u64, payload: &[u8]) -> Header {
    let height = Height::new(parent.height + 1);
    let epoch = EPOCHS.of(height).get();
    let next_committee = if EPOCHS.is_last(height) {
        *committee(epoch + 1).hash()
    } else {
        [0; 32]
    };
    Header {
        epoch,
        next_committee,
        ..child(parent, View::new(view), parent.timestamp_ms + 1, payload)
    }
}

/// The certificate of a block in its own view or a later one.
fn certify<P: Phase>(header: &Header, view: u64) -> Certificate<P> {
    let data = VoteData {
        view: View::new(view),
        ..VoteData::of(header, header.commitment())
    };
    let votes = (0..3).map(|member| (member, *PLACEHOLDER));
    Certificate::assemble(&committee(header.epoch), data, votes).unwrap()
}

fn cert1(header: &Header, view: u64) -> Certificate1 {
    certify(header, view)
}

fn cert2(header: &Header, view: u64) -> Certificate2 {
    certify(header, view)
}

fn justify(header: &Header, view: u64) -> Justify {
    match header.height {
        0 => Justify::Genesis(header.commitment()),
        _ => Justify::Certified(cert1(header, view)),
    }
}

/// The committee of `epoch` gave `view` up, with these locks.
fn gave_up(epoch: u64, view: u64, locks: [&Justify; 3]) -> TimeoutCertificate {
    let votes = locks.map(|lock| TimeoutVote {
        data: TimeoutData {
            epoch: Epoch::new(epoch),
            view: View::new(view),
            lock_epoch: lock.data().epoch,
            lock_view: lock.view(),
        },
        signature: *PLACEHOLDER,
        lock: lock.clone(),
    });
    TimeoutCertificate::assemble(&committee(epoch), votes.iter().enumerate()).unwrap()
}

/// A block as its leader proposes it, on a parent that is certified in `certified`.
fn propose(parent: &Header, certified: u64, header: &Header, payload: &[u8]) -> Proposal {
    let (justify, before) = (justify(parent, certified), header.view - 1);
    Proposal {
        view: View::new(header.view),
        header: header.clone(),
        timeout: (certified != before).then(|| gave_up(header.epoch, before, [&justify; 3])),
        hand_over: EPOCHS
            .is_last(Height::new(parent.height))
            .then(|| cert2(parent, certified)),
        upgrade: None,
        justify,
        payload: payload.into(),
    }
}

/// A block that is proposed again in `view`, on its own certificate of `certified`.
fn again(header: &Header, certified: u64, view: u64, payload: &[u8]) -> Proposal {
    let own = justify(header, certified);
    Proposal {
        view: View::new(view),
        header: header.clone(),
        timeout: Some(gave_up(header.epoch, view - 1, [&own; 3])),
        justify: own,
        hand_over: None,
        upgrade: None,
        payload: payload.into(),
    }
}

fn input(proposal: &Proposal) -> Input {
    Input::Proposal(SignedProposal {
        proposal: Arc::new(proposal.clone()),
        signature: *PLACEHOLDER,
    })
}

fn timeout(certificate: TimeoutCertificate) -> Input {
    Input::TimeoutCertificate(Arc::new(certificate))
}

/// Heights 1 and 2 are the first epoch, 3 and 4 the second; each is of the view of its height.
struct Chain {
    a: Header,
    b: Header,
    c: Header,
    d: Header,
}

fn chain() -> Chain {
    let a = block(&genesis(), 1, b"a");
    let b = block(&a, 2, b"b");
    let c = block(&b, 3, b"c");
    let d = block(&c, 4, b"d");
    Chain { a, b, c, d }
}

impl Chain {
    fn proposals(&self) -> [Input; 4] {
        let Self { a, b, c, d } = self;
        [
            input(&propose(&genesis(), 0, a, b"a")),
            input(&propose(a, 1, b, b"b")),
            input(&propose(b, 2, c, b"c")),
            input(&propose(c, 3, d, b"d")),
        ]
    }
}

/// Member `node`, which knows the committees of the first `epochs` epochs.
fn member(node: usize, epochs: u64) -> One {
    let mut one = One::new();
    let mut committees = Committees::new(committee(0));
    (1..epochs).for_each(|epoch| committees.add(committee(epoch)));
    one.config.node = node_id(node);
    one.config.epochs = EPOCHS;
    one.config.committees = committees;
    one.restart();
    one
}

/// It has both blocks of the first epoch, and knows that the last one is certified.
fn at_the_boundary(node: usize) -> (One, Chain) {
    let (mut one, chain) = (member(node, 2), chain());
    let [a, b, ..] = chain.proposals();
    one.step(a);
    one.step(Input::Certificate1(cert1(&chain.a, 1)));
    one.step(b);
    one.step(Input::Certificate1(cert1(&chain.b, 2)));
    (one, chain)
}

fn check(proposal: &Proposal) -> Result<(), Fault> {
    rules::well_formed(proposal, &CHAIN, EPOCHS)
}

fn place(one: &One) -> (u64, u64) {
    (one.core.epoch().get(), one.core.view().get())
}

fn lock(one: &One) -> (u64, u64) {
    let data = one.core.lock().data();
    (data.epoch.get(), data.view.get())
}

/// Views and leaves of the first votes since the last call.
fn votes1(one: &mut One) -> Vec<(u64, Digest)> {
    let vote = |what| match what {
        Outgoing::Vote1(data) => Some((data.view.get(), data.leaf)),
        _ => None,
    };
    one.sent().into_iter().filter_map(vote).collect()
}

/// Epochs and views that were given up since the last call.
fn timeouts(one: &mut One) -> Vec<(u64, u64)> {
    let vote = |what| match what {
        Outgoing::Timeout(data, _) => Some((data.epoch.get(), data.view.get())),
        _ => None,
    };
    one.sent().into_iter().filter_map(vote).collect()
}

/// Epochs and next committees of the blocks that the application is to build.
fn builds(one: &mut One) -> Vec<(u64, Digest)> {
    let build = |output| match output {
        Output::Build {
            epoch,
            next_committee,
            ..
        } => Some((epoch.get(), next_committee)),
        _ => None,
    };
    std::mem::take(&mut one.out)
        .into_iter()
        .filter_map(build)
        .collect()
}
