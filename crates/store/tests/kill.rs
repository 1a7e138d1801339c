//! `kill -9` at any time: a child process writes blocks and votes and says so on its stdout after each acknowledgement; the
//! parent kills it, opens the store, and everything that was said must be there. Twenty times, on one growing directory.
//!
//! Not the usual harness: this binary is its own child.

mod common;

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use assetvm::{Payload, execute_block, verify_block};
use common::*;
use hotshot_engine::ports::Storage;
use hotshot_types::{Height, View};
use rollup_abi::Digest;
use store::{Opened, Store};

const ROUNDS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", directory] => child(Path::new(directory)),
        _ if arguments.iter().any(|argument| argument == "--list") => {
            if !arguments.iter().any(|argument| argument == "--ignored") {
                println!("nothing_acknowledged_is_lost: test");
            }
        }
        _ => nothing_acknowledged_is_lost(),
    }
}

fn open(directory: &Path) -> Opened {
    Store::open(directory, &genesis(), &genesis_header()).expect("opens after a kill")
}

fn say(what: &str, number: u64, leaf: &Digest) {
    let leaf: String = leaf.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{what} {number} {leaf}\n").as_bytes())
        .and_then(|()| out.flush())
        .expect("the parent reads");
}

/// Writes for ever: the votes of a block while its parent's decision is being written, as a node does.
fn child(directory: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let Opened { store, recovery, tip } = open(directory);
        let mut maker = Maker::at(&tip, &recovery);
        let acted = recovery
            .actions
            .vote1
            .max(recovery.actions.vote2)
            .get()
            .max(tip.header.view);
        let mut decided = Vec::new();
        for view in (acted + 1..).map(View::new) {
            let made = maker.make(view);
            let (height, leaf) = (made.committed.block.header.height, made.leaf);
            let votes = async {
                store
                    .persist(vec![made.proposal, made.vote1])
                    .await
                    .expect("persists");
                say("vote1", view.get(), &leaf);
                store.persist(vec![made.vote2]).await.expect("persists");
                say("vote2", view.get(), &leaf);
            };
            let blocks = std::mem::take(&mut decided);
            let commit = async {
                let said: Vec<(u64, Digest)> =
                    blocks.iter().map(|(height, leaf, _)| (*height, *leaf)).collect();
                store
                    .commit(blocks.into_iter().map(|(_, _, block)| block).collect())
                    .await
                    .expect("commits");
                said.iter().for_each(|(height, leaf)| say("block", *height, leaf));
            };
            tokio::join!(votes, commit);
            decided.push((height, leaf, made.committed));
        }
    });
}

fn nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut blocks = 0;
    for round in 0..ROUNDS {
        let said = run_and_kill(directory.path(), 1 + round * 7 % 23);
        blocks = check(directory.path(), &said, blocks);
    }
    assert!(blocks > 50, "{blocks} blocks in {ROUNDS} rounds");
    println!("{ROUNDS} kills, {blocks} blocks, nothing lost");
}

/// Lets the child say `lines` lines, kills it, and gives back all that it managed to say.
fn run_and_kill(directory: &Path, lines: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["child".as_ref(), directory.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut said = Vec::new();
    loop {
        let mut line = String::new();
        let got = output.read_line(&mut line).expect("text");
        if got == 0 || !line.ends_with('\n') {
            break;
        }
        said.push(line.trim_end().to_owned());
        if said.len() == lines {
            child.kill().expect("is running");
        }
    }
    let status = child.wait().expect("ends");
    assert!(said.len() >= lines, "the child ended by itself: {status}");
    said
}

/// Everything said is there, and the state is what replaying all blocks gives. The last height.
fn check(directory: &Path, said: &[String], before: u64) -> u64 {
    let Opened { store, recovery, tip } = open(directory);
    let decided = tip.header.view;
    assert!(tip.header.height >= before);
    for line in said {
        let [what, number, leaf] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let number: u64 = number.parse().expect("a number");
        let leaf: Digest = hex(leaf);
        let view = View::new(number);
        match what {
            "block" => {
                assert_eq!(
                    store.height_of(&leaf).expect("reads"),
                    Some(Height::new(number)),
                    "{line}"
                );
                let header = store
                    .header(Height::new(number))
                    .expect("reads")
                    .expect("is there");
                assert_eq!(header.commitment(), leaf, "{line}");
            }
            "vote1" if number > decided => {
                assert_eq!(recovery.votes1.get(&view), Some(&leaf), "{line}");
                assert!(recovery.proposals.contains_key(&(view, leaf)), "{line}");
                assert!(recovery.actions.vote1 >= view, "{line}");
            }
            "vote2" if number >= decided => assert!(recovery.lock.view() >= view, "{line}"),
            "vote1" | "vote2" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        (&recovery.anchor.header, &recovery.anchor.certificate),
        (&tip.header, &tip.certificate)
    );
    replay(&store, &tip);
    tip.header.height
}

fn replay(store: &Store, tip: &store::Tip) {
    let mut state = genesis().state().expect("valid");
    let mut ids = BTreeSet::new();
    for height in 1..=tip.header.height {
        let block = store.block(Height::new(height)).expect("reads").expect("no gap");
        assert!(block.certificate.is_some());
        let transactions = Payload::decode(&block.payload).expect("a payload");
        let verified =
            verify_block(transactions, |_| true, std::num::NonZeroUsize::MIN).expect("were checked");
        let outcome = execute_block(&state, (&block.header).into(), &verified).expect("valid");
        assert_eq!(outcome.state_root, block.header.state_root, "height {height}");
        assert_eq!(
            Some(&outcome.receipts),
            store.receipts(Height::new(height)).expect("reads").as_ref()
        );
        for (index, transaction) in (0..).zip(&verified) {
            let place = store
                .transaction(&transaction.id())
                .expect("reads")
                .expect("indexed");
            assert_eq!((place.height.get(), place.index), (height, index));
            assert!(ids.insert(transaction.id()), "executed twice");
        }
        state = outcome.state;
    }
    assert_eq!(state.contents(), tip.state.contents());
    assert_eq!(state.root(), tip.header.state_root);
}

fn hex(text: &str) -> Digest {
    let bytes: Vec<u8> = (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect();
    bytes.try_into().expect("32 bytes")
}
