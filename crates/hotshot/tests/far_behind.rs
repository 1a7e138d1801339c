//! A node that was away for long: it decides old blocks while new ones come.

mod one;

use std::sync::Arc;

use hotshot::{Input, Outgoing, Output, Verdict};
use hotshot_testing::fixtures::genesis;
use hotshot_types::{Block, SignedProposal, message::FetchedBlocks};
use one::{One, cert2, header, propose};

/// More than any table of the core holds.
const LONG: usize = 1_500;
/// Blocks of one answer.
const ANSWER: usize = 8;

fn chain(length: usize) -> Vec<SignedProposal> {
    let mut parent = genesis();
    (1..=length)
        .map(|view| {
            let block = propose(&parent, view as u64, b"");
            parent = header(&block);
            block
        })
        .collect()
}

fn answer(blocks: &[SignedProposal]) -> Input {
    let block = |signed: &SignedProposal| Block {
        header: header(signed),
        payload: Arc::clone(&signed.proposal.payload),
    };
    Input::Blocks(Arc::new(FetchedBlocks {
        blocks: blocks.iter().map(block).collect(),
        tail: vec![],
        certificate: cert2(blocks.last().unwrap()),
    }))
}

fn validations(one: &mut One) -> Vec<[u8; 32]> {
    let leaf = |output: Output| match output {
        Output::Validate { leaf, .. } => Some(leaf),
        _ => None,
    };
    std::mem::take(&mut one.out)
        .into_iter()
        .filter_map(leaf)
        .collect()
}

/// An application holds the states of a few undecided blocks only: an answer of many blocks must not need more.
#[test]
fn fetched_blocks_are_decided_one_by_one() {
    let blocks = chain(100);
    let mut one = One::new();
    one.automatic = false;
    one.step(answer(&blocks));
    for (height, block) in (1..).zip(&blocks) {
        let leaf = block.proposal.leaf();
        assert_eq!(validations(&mut one), [leaf], "height {height}");
        one.step(Input::Validated {
            leaf,
            verdict: Verdict::Valid,
        });
        let decided = one
            .out
            .iter()
            .filter(|output| matches!(output, Output::Decide(_)));
        assert_eq!(decided.count(), 1, "height {height}");
    }
    assert_eq!(one.core.decided().height, 100);
}

/// What is decided now keeps coming while the node is busy with what was decided long ago: it must not push that out.
#[test]
fn news_do_not_push_out_what_is_decided_next() {
    let blocks = chain(LONG);
    let mut one = One::new();
    for block in &blocks[2 * ANSWER..] {
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate2(cert2(block)));
    }
    assert_eq!(one.core.decided().height, 0);
    one.automatic = false;
    one.out.clear();
    one.step(answer(&blocks[..ANSWER]));
    let first = blocks[0].proposal.leaf();
    assert_eq!(validations(&mut one), [first]);
    // Another proposal than the ones that are known comes for every view: the table of blocks is full.
    let rival = propose(&header(&blocks[LONG - 1]), LONG as u64 + 1, b"rival");
    one.step(Input::Proposal(rival));
    one.automatic = true;
    one.step(Input::Validated {
        leaf: first,
        verdict: Verdict::Valid,
    });
    assert_eq!(one.core.decided().height, ANSWER as u64);
    one.step(answer(&blocks[ANSWER..2 * ANSWER]));
    assert!(one.core.decided().height >= 2 * ANSWER as u64);
    one.out.clear();
    one.wait(std::time::Duration::from_secs(1));
    let asks = |what: &Outgoing| matches!(what, Outgoing::FetchBlocks(_) | Outgoing::FetchProposal(_));
    assert!(
        one.sent().iter().any(asks),
        "it goes on asking for what is missing"
    );
}
