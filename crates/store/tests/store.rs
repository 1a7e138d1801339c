//! What is written is read again, out-of-turn blocks are refused, and a wrong or damaged directory is explained.

mod common;

use std::path::Path;

use assetvm::{Amount, EntryId, State};
use common::*;
use hotshot::{Record, Recovery};
use hotshot_engine::ports::{DecidedBlock, Storage};
use hotshot_types::{Height, Justify, View};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};
use store::{CHAIN_FILE, Checked, CommittedBlock, Directory, LOG_FILE, Opened, Store, StoreError};

fn open(directory: &Path) -> Result<Opened, StoreError> {
    Store::open(directory, &genesis(), &genesis_header())
}

fn refusal(directory: &Path) -> StoreError {
    open(directory)
        .map(|opened| opened.tip.header.height)
        .unwrap_err()
}

fn same(left: &DecidedBlock, right: &DecidedBlock) -> bool {
    (&left.header, &left.payload, &left.certificate) == (&right.header, &right.payload, &right.certificate)
}

#[tokio::test]
async fn blocks_and_state_survive_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    assert_eq!(recovery, Recovery::genesis(genesis_header()));
    assert_eq!((tip.header.height, tip.history.count()), (0, 1));
    let mut maker = Maker::at(&tip, &recovery);
    let mut made: Vec<CommittedBlock> = (1..=6)
        .map(|view| maker.make(View::new(view)).committed)
        .collect();
    // A block that is decided through its child has no certificate of its own.
    made[3].block.certificate = None;
    store.commit(made[..1].to_vec()).await.unwrap();
    store.commit(made[1..].to_vec()).await.unwrap();
    drop(store);

    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    assert_eq!(tip.header, maker.header);
    assert_eq!(
        (&tip.history, tip.state.root()),
        (&maker.history, maker.state.root())
    );
    assert!(tip.state.accounts().eq(maker.state.accounts()));
    assert_eq!(
        (&recovery.anchor.header, &recovery.anchor.certificate),
        (&tip.header, &tip.certificate)
    );
    every_block_is_found(&store, &made);
    nothing_else_is_found(&store, &made);
}

fn every_block_is_found(store: &Store, made: &[CommittedBlock]) {
    for (height, committed) in (1..).map(Height::new).zip(made) {
        let header = &committed.block.header;
        assert!(same(&store.block(height).unwrap().unwrap(), &committed.block));
        assert_eq!(store.header(height).unwrap().as_ref(), Some(header));
        assert_eq!(
            store.receipts(height).unwrap().as_ref(),
            Some(&committed.receipts)
        );
        assert_eq!(store.height_of(&header.commitment()).unwrap(), Some(height));
        for (index, receipt) in (0..).zip(&committed.receipts) {
            let place = store.transaction(&receipt.id).unwrap().unwrap();
            assert_eq!(
                (place.height, place.index, place.receipt),
                (height, index, receipt.clone())
            );
        }
    }
}

fn nothing_else_is_found(store: &Store, made: &[CommittedBlock]) {
    assert!(store.block(Height::new(7)).unwrap().is_none());
    assert_eq!(store.height_of(&[9; 32]).unwrap(), None);
    assert_eq!(store.transaction(&assetvm::TxId::new([9; 32])).unwrap(), None);
    let certified = |from| {
        store
            .certified_from(Height::new(from))
            .unwrap()
            .map(|(header, _)| header.height)
    };
    assert_eq!(
        [0, 3, 4, 6, 7].map(certified),
        [Some(1), Some(3), Some(5), Some(6), None]
    );
    assert_eq!(
        store.last_certified().unwrap().map(|(header, _)| header.height),
        Some(6)
    );

    let heights = |from, count, bytes| -> Vec<u64> {
        let blocks = store.blocks(Height::new(from), count, bytes).unwrap();
        blocks.iter().map(|block| block.header.height).collect()
    };
    let one = made[1].block.payload.len() + rollup_abi::header::LEN;
    assert_eq!(heights(2, 3, usize::MAX), [2, 3, 4]);
    assert_eq!(heights(5, 9, usize::MAX), [5, 6]);
    assert_eq!(heights(2, 9, 2 * one), [2, 3]);
    assert_eq!(heights(2, 9, 1), [2], "one block always fits");
    assert_eq!(heights(7, 9, usize::MAX), []);
}

#[tokio::test]
async fn blocks_out_of_turn_are_refused_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    let mut maker = Maker::at(&tip, &recovery);
    let made: Vec<CommittedBlock> = (1..=4)
        .map(|view| maker.make(View::new(view)).committed)
        .collect();
    let with = |change: fn(&mut rollup_abi::Header)| {
        let mut wrong = made[1].clone();
        change(&mut wrong.block.header);
        vec![made[0].clone(), wrong]
    };
    let table = [
        (made[1..].to_vec(), "block of height 2, expected height 1"),
        (
            vec![made[0].clone(), made[2].clone()],
            "block of height 3, expected height 2",
        ),
        (
            with(|header| header.parent = [0; 32]),
            "block of height 2 does not follow from the last block: its parent differs",
        ),
        (with(|header| header.chain_id = [0; 32]), "its chain_id differs"),
        (
            with(|header| header.history_root = [0; 32]),
            "its history_root differs",
        ),
        (with(|header| header.view = 1), "its view differs"),
    ];
    for (blocks, reason) in table {
        let error = store.commit(blocks).await.unwrap_err();
        assert!(error.to_string().ends_with(reason), "{error}, expected {reason}");
        assert_eq!(store.last_header().unwrap().height, 0);
    }
    // A refusal harms nobody else, also not of the same group.
    let (first, again, rest) = tokio::join!(
        store.commit(made[..2].to_vec()),
        store.commit(made[..2].to_vec()),
        store.commit(made[2..].to_vec())
    );
    assert!(matches!(again, Err(StoreError::Height { got: 1, expected: 3 })));
    first.and(rest).unwrap();
    assert_eq!(store.last_header().unwrap(), maker.header);
}

/// What the log must give back, by the core's own fold over everything that was said.
fn folded(said: &[Record], tip: &store::Tip) -> Recovery {
    let mut recovery = Recovery::genesis(genesis_header());
    said.iter().cloned().for_each(|record| recovery.apply(record));
    recovery.raise_anchor(hotshot::Anchor {
        header: tip.header.clone(),
        certificate: tip.certificate.clone(),
    });
    recovery
}

#[tokio::test]
async fn the_log_is_kept_above_the_decided_view_and_pruned_below() {
    let directory = tempfile::tempdir().unwrap();
    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    let mut maker = Maker::at(&tip, &recovery);
    let mut said = Vec::new();
    for view in (1..=40).map(View::new) {
        let made = maker.make(view);
        for record in [&made.proposal, &made.vote1, &made.vote2] {
            store.persist(vec![record.clone()]).await.unwrap();
            said.push(record.clone());
        }
        // The last three blocks stay undecided.
        if view.get() <= 37 {
            store.commit(vec![made.committed]).await.unwrap();
        }
    }
    let (view, lock) = (View::new(41), Justify::Genesis(genesis_header().commitment()));
    let last = vec![
        Record::Proposed { view, leaf: [1; 32] },
        Record::TimedOut {
            epoch: hotshot_types::Epoch::ZERO,
            view,
            lock,
        },
    ];
    store.persist(last.clone()).await.unwrap();
    said.extend(last);
    drop(store);
    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    assert_eq!(tip.header.height, 37);
    assert_eq!(recovery, folded(&said, &tip));
    assert_eq!(
        (
            recovery.votes1.len(),
            recovery.proposals.len(),
            recovery.lock.view().get()
        ),
        (3, 3, 40)
    );
    drop(store);
    let log = Database::open(directory.path().join(LOG_FILE)).unwrap();
    let table = log
        .begin_read()
        .unwrap()
        .open_table(TableDefinition::<u64, &[u8]>::new("log"))
        .unwrap();
    // Three records of each of three undecided views, the lock of the decided one, and the last two.
    assert_eq!(table.len().unwrap(), 12);
}

#[tokio::test]
async fn a_second_node_on_the_same_directory_is_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path()).unwrap();
    let error = refusal(directory.path());
    assert!(
        matches!(&error, StoreError::InUse { pid: Some(pid), .. } if *pid == std::process::id()),
        "{error}"
    );
    drop(opened);
    open(directory.path()).unwrap();
}

/// Without its log a node could vote twice; without its blocks it only has to catch up.
#[tokio::test]
async fn a_lost_log_is_not_replaced_lost_blocks_are() {
    let directory = tempfile::tempdir().unwrap();
    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    let made = Maker::at(&tip, &recovery).make(View::new(1));
    let said = vec![made.proposal.clone(), made.vote1.clone()];
    store.persist(said.clone()).await.unwrap();
    store.commit(vec![made.committed]).await.unwrap();
    drop(store);
    let log = std::fs::read(directory.path().join(LOG_FILE)).unwrap();
    std::fs::remove_file(directory.path().join(LOG_FILE)).unwrap();
    for _ in 0..2 {
        let error = refusal(directory.path());
        assert!(matches!(&error, StoreError::LostLog { height: 1, .. }), "{error}");
    }
    std::fs::write(directory.path().join(LOG_FILE), log).unwrap();
    std::fs::remove_file(directory.path().join(CHAIN_FILE)).unwrap();
    let opened = open(directory.path()).unwrap();
    assert_eq!(opened.tip.header, genesis_header());
    assert_eq!(opened.recovery.actions.vote1, View::new(1));
}

#[tokio::test]
async fn another_format_or_chain_is_refused() {
    for file in [CHAIN_FILE, LOG_FILE] {
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path()).unwrap());
        let database = Database::open(directory.path().join(file)).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut meta = transaction
            .open_table(TableDefinition::<&str, &[u8]>::new("meta"))
            .unwrap();
        meta.insert("format", &77u32.to_le_bytes()[..]).unwrap();
        drop(meta);
        transaction.commit().unwrap();
        drop(database);
        let error = refusal(directory.path());
        assert!(
            matches!(&error, StoreError::Format { path, got: 77 } if path.ends_with(file)),
            "{error}"
        );
    }
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    let mut other = genesis();
    other.timestamp_ms += 1;
    let error = Store::open(directory.path(), &other, &genesis_header())
        .map(|_| ())
        .unwrap_err();
    let chains = (genesis().chain_id(), other.chain_id());
    assert!(matches!(error, StoreError::Chain { got, expected, .. } if (got, expected) == chains));
}

#[tokio::test]
async fn damage_is_found_at_the_start() {
    const ACCOUNTS: TableDefinition<&[u8; 32], (u64, u64)> = TableDefinition::new("accounts");
    let address = payer(1).address();
    let balance = "1000000".parse::<Amount>().unwrap().base_units();
    // A wrong balance does not sum up; a wrong nonce changes the root.
    for (value, reason) in [
        ((balance - 1, 0), "stored accounts: balances and fees sum to"),
        ((balance, 9), "have root"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path()).unwrap());
        let database = Database::open(directory.path().join(CHAIN_FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction
            .open_table(ACCOUNTS)
            .unwrap()
            .insert(address.as_bytes(), value)
            .unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = refusal(directory.path());
        assert!(error.to_string().contains(reason), "{error}, expected {reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    let database = Database::open(directory.path().join(LOG_FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(TableDefinition::<u64, &[u8]>::new("log"))
        .unwrap()
        .insert(5, &[99u8][..])
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = refusal(directory.path());
    assert_eq!(error.to_string(), "entry 5 of log is missing or damaged");
}

#[tokio::test]
async fn the_stored_state_is_what_replaying_the_blocks_gives() {
    let directory = tempfile::tempdir().unwrap();
    let Opened { store, recovery, tip } = open(directory.path()).unwrap();
    let mut maker = Maker::at(&tip, &recovery);
    for view in 1..=5 {
        store
            .commit(vec![maker.make(View::new(view)).committed])
            .await
            .unwrap();
    }
    drop(store);
    let tip = open(directory.path()).unwrap().tip;
    assert_eq!(tip.state.contents(), maker.state.contents());
    let rebuilt = State::restore(genesis().params(), *tip.state.metadata(), maker.state.contents()).unwrap();
    assert_eq!(
        (rebuilt.root(), tip.state.root()),
        (tip.header.state_root, tip.header.state_root)
    );
    let record = tip.state.program(&counter()).unwrap().record();
    assert_eq!(record.entries, 5, "a cell, and four heights");
    let slot = &tip.state.program(&counter()).unwrap().code.program().slots[0];
    let sum = EntryId {
        program: counter(),
        key: slot.key(&[]),
    };
    assert_eq!(tip.state.entry(&sum), Some(&(2 + 3 + 4 + 5u64).to_le_bytes()[..]));
}

#[tokio::test]
async fn what_is_in_a_directory_is_counted_and_checked() {
    let temporary = tempfile::tempdir().unwrap();
    let Opened { store, recovery, tip } = open(temporary.path()).unwrap();
    let mut maker = Maker::at(&tip, &recovery);
    for view in 1..=5 {
        let made = maker.make(View::new(view));
        store.commit(vec![made.committed]).await.unwrap();
    }
    assert!(matches!(
        Directory::open(temporary.path()),
        Err(StoreError::InUse { .. })
    ));
    drop(store);
    let directory = Directory::open(temporary.path()).unwrap();
    let check = || {
        let mut heights = Vec::new();
        store::check(&directory, &genesis(), &genesis_header(), |height| {
            heights.push(height)
        })
        .inspect(|_| assert_eq!(heights, [0, 1, 2, 3, 4, 5]))
    };
    let transactions = 5 * u64::from(PAYERS);
    let checked = check().unwrap();
    let expected = Checked {
        oldest: 0,
        newest: 5,
        blocks: 6,
        transactions,
        certificates: 5,
    };
    assert_eq!(checked, expected);
    let stats = store::stats(&directory).unwrap();
    let entries = |file: usize, name: &str| {
        let table = stats[file].tables.iter().find(|table| table.name == name);
        table.map(|table| table.entries)
    };
    assert_eq!(
        (entries(0, "headers"), entries(0, "transactions")),
        (Some(6), Some(transactions))
    );
    assert_eq!(entries(1, "log"), Some(0));
    assert_eq!(
        (stats[0].chain_id, stats[0].format),
        (genesis().chain_id(), store::FORMAT)
    );

    let damage = |table: &'static str| {
        let database = Database::open(temporary.path().join(CHAIN_FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        let table = TableDefinition::<u64, &[u8]>::new(table);
        transaction
            .open_table(table)
            .unwrap()
            .insert(3, &[0; 4][..])
            .unwrap();
        transaction.commit().unwrap();
    };
    for (table, expected) in [
        ("receipts", "receipts"),
        ("payloads", "payload_commitment"),
        ("headers", "headers"),
    ] {
        damage(table);
        let error = check().unwrap_err().to_string();
        assert!(error.contains(expected), "{table}: {error}");
    }
}
