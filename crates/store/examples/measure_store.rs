//! Measures the store and prints a table: `cargo run --release -p store --example measure_store -- DIRECTORY`.
//!
//! Arguments: an empty directory on the disk to measure, blocks (default 200), transactions per block (default 500). One
//! block is committed every round, and two consensus records of 1 kB beside it, as in a node.

use std::{path::Path, sync::Arc, time::Instant};

use assetvm::*;
use hotshot::Record;
use hotshot_engine::ports::{DecidedBlock, Storage};
use hotshot_types::{Justify, Proposal};
use rollup_abi::{Header, mmr::Mmr, roots, sha256, vote};
use store::{CommittedBlock, Opened, Store};

fn report(what: &str, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    let at = |part: f64| millis[((millis.len() - 1) as f64 * part) as usize];
    println!(
        "{what:<44} p50 {:>8.2} ms   p95 {:>8.2} ms   max {:>8.2} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

fn address(index: u64) -> Address {
    Address::new(sha256(&[b"measure", &index.to_le_bytes()]))
}

fn genesis() -> (Genesis, Header) {
    let mut accounts: Vec<_> = (0..100_000)
        .map(|i| (address(i), Amount::from_base_units(UNIT)))
        .collect();
    accounts.sort();
    let genesis = Genesis {
        program_id: address(0),
        mint_authority: address(0),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::ZERO,
        gas: GasRules::default(),
        accounts,
        committee: [0; 32],
        timestamp_ms: 0,
        roster: GenesisRoster::default(),
    };
    let state_root = genesis.state().expect("valid").root();
    let header = Header {
        chain_id: genesis.chain_id(),
        payload_commitment: vote::payload_commitment(Payload::default().as_bytes()),
        state_root,
        roots_acc: roots::genesis(&state_root),
        history_root: Mmr::default().root(),
        ..Header::default()
    };
    (genesis, header)
}

/// The next block: `size` accounts credited and as many debited, with receipts and a payload of that many transactions.
fn block(parent: &Header, history: &mut Mmr, state: &mut State, size: u64) -> CommittedBlock {
    let height = parent.height + 1;
    let pick = |kind: u8, i: u64| {
        let digest = sha256(&[&[kind], &height.to_le_bytes(), &i.to_le_bytes()]);
        u64::from_le_bytes(digest[..8].try_into().expect("8 bytes")) % 50_000
    };
    let nonce = Nonce::new(height);
    let entry = |index: u64, units: u64| {
        let balance = Amount::from_base_units(units);
        (address(index), Some(Account { balance, nonce }))
    };
    let debited = (0..size).map(|i| entry(pick(0, i), UNIT));
    let credited = (0..size).map(|i| entry(50_000 + pick(1, i), UNIT));
    let changes = Changes {
        accounts: debited.chain(credited).collect(),
        metadata: *state.metadata(),
        ..Changes::default()
    };
    let receipts = (0..size).map(|i| Receipt {
        id: TxId::new(sha256(&[b"id", &height.to_le_bytes(), &i.to_le_bytes()])),
        fee: Amount::ZERO,
        gas_used: Gas(0),
        outcome: Outcome::Applied(Output::default()),
    });
    *state = state.apply(&changes);
    let payload: Arc<[u8]> = vec![7; 180 * size as usize].into();
    let header = Header {
        view: height,
        height,
        parent: parent.commitment(),
        payload_commitment: vote::payload_commitment(&payload),
        state_root: state.root(),
        history_root: history.root(),
        ..parent.clone()
    };
    history.append(&header.commitment());
    let block = DecidedBlock {
        header,
        payload,
        certificate: None,
    };
    CommittedBlock {
        block,
        receipts: receipts.collect(),
        changes,
    }
}

/// About 1 kB.
fn record(header: &Header, index: u64) -> Record {
    let header = Header {
        view: header.view + 1,
        height: header.height + 1,
        timestamp_ms: index,
        ..header.clone()
    };
    let justify = Justify::Genesis([0; 32]);
    let proposal = Proposal {
        view: hotshot_types::View::new(header.view),
        hand_over: None,
        upgrade: None,
        header,
        justify,
        timeout: None,
        payload: vec![1; 600].into(),
    };
    Record::Proposal(hotshot::StoredProposal {
        proposal: Arc::new(proposal),
        signature: None,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = Path::new(arguments.first().expect("a directory"));
    let number = |at: usize, default| {
        arguments
            .get(at)
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let (blocks, size): (u64, u64) = (number(1, 200), number(2, 500));
    let (genesis, first) = genesis();
    let Opened { store, tip, .. } = Store::open(directory, &genesis, &first).expect("an empty directory");
    let (mut header, mut history, mut state) = (tip.header, tip.history, tip.state);
    let millis = |start: Instant| start.elapsed().as_secs_f64() * 1000.0;
    let (mut commits, mut votes) = (Vec::new(), Vec::new());
    for _ in 0..blocks {
        let committed = block(&header, &mut history, &mut state, size);
        let parent = std::mem::replace(&mut header, committed.block.header.clone());
        let commit = async {
            let start = Instant::now();
            store.commit(vec![committed]).await.expect("commits");
            commits.push(millis(start));
        };
        let persist = async {
            for index in 0..2 {
                let start = Instant::now();
                store
                    .persist(vec![record(&parent, index)])
                    .await
                    .expect("persists");
                votes.push(millis(start));
            }
        };
        tokio::join!(commit, persist);
    }
    report(&format!("a block of {size} transactions durable"), commits);
    report("a consensus record of 1 kB durable, beside it", votes);
    drop(store);
    let start = Instant::now();
    let reopened = Store::open(directory, &genesis, &first).expect("opens");
    assert_eq!(reopened.tip.header, header);
    report("open: 100,000 accounts read and hashed", vec![millis(start)]);
    let bytes: u64 = [store::CHAIN_FILE, store::LOG_FILE]
        .map(|file| std::fs::metadata(directory.join(file)).map_or(0, |meta| meta.len()))
        .iter()
        .sum();
    println!(
        "{:<44} {:>12} bytes",
        format!("on disk after {blocks} blocks"),
        bytes
    );
}
