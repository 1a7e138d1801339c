//! What is refused, whatever was asked before, and across restarts, torn ends and damage.

use std::{collections::BTreeMap, path::PathBuf};

use hotshot_types::{Height, NodeId};
use proptest::prelude::*;

use super::*;

const CHAIN: Digest = [7; 32];

fn vote(epoch: u64, view: u64, leaf: u8) -> VoteData {
    VoteData {
        epoch: Epoch::new(epoch),
        view: View::new(view),
        height: Height::new(view),
        leaf: [leaf; 32],
    }
}

fn timeout(view: u64, lock: u64) -> Statement {
    Statement::Timeout(TimeoutData {
        epoch: Epoch::ZERO,
        view: View::new(view),
        lock_epoch: Epoch::ZERO,
        lock_view: View::new(lock),
    })
}

fn propose(view: u64, leaf: u8) -> Statement {
    Statement::Proposal {
        view: View::new(view),
        leaf: [leaf; 32],
    }
}

fn temporary() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("signed.record");
    (dir, path)
}

#[test]
fn a_second_leaf_is_refused_the_same_one_is_not_also_after_a_restart() {
    let (_dir, path) = temporary();
    let mut record = Record::create(&path, &CHAIN).unwrap();
    let said = [
        propose(3, 1),
        Statement::Vote1(vote(0, 3, 1)),
        Statement::Vote2(vote(0, 3, 1)),
    ];
    let others = [
        propose(3, 2),
        Statement::Vote1(vote(0, 3, 2)),
        Statement::Vote2(vote(0, 3, 2)),
    ];
    for statement in &said {
        record.allow(&CHAIN, statement).unwrap();
    }
    for _ in 0..2 {
        for statement in &said {
            record.allow(&CHAIN, statement).unwrap();
        }
        for statement in &others {
            let refusal = record.allow(&CHAIN, statement).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Contradiction { view, .. } if view == View::new(3)),
                "{refusal}"
            );
        }
        drop(record);
        record = Record::open(&path, &CHAIN).unwrap();
    }
    record
        .allow(&CHAIN, &Statement::Vote1(vote(1, 3, 2)))
        .expect("another epoch");
    let peer = Statement::Peer {
        node: NodeId([1; 32]),
        peer_id: vec![1],
    };
    record.allow(&CHAIN, &peer).unwrap();
    assert!(matches!(
        record.allow(&[8; 32], &peer),
        Err(Refusal::Chain { .. })
    ));
}

#[test]
fn a_timeout_never_hides_a_lock() {
    let (_dir, path) = temporary();
    let mut record = Record::create(&path, &CHAIN).unwrap();
    record.allow(&CHAIN, &timeout(5, 3)).unwrap();
    record.allow(&CHAIN, &timeout(5, 4)).expect("a lock may rise");
    let refusal = record.allow(&CHAIN, &timeout(5, 3)).unwrap_err();
    assert!(matches!(refusal, Refusal::Contradiction { .. }), "{refusal}");
    record.allow(&CHAIN, &Statement::Vote2(vote(0, 6, 1))).unwrap();
    drop(record);
    let mut record = Record::open(&path, &CHAIN).unwrap();
    let refusal = record.allow(&CHAIN, &timeout(7, 5)).unwrap_err();
    assert!(matches!(refusal, Refusal::Lock { .. }), "{refusal}");
    record.allow(&CHAIN, &timeout(7, 6)).unwrap();
}

#[test]
fn what_is_forgotten_is_refused_also_after_the_file_is_written_anew() {
    let (_dir, path) = temporary();
    let mut record = Record::create(&path, &CHAIN).unwrap();
    let last = KEPT as u64 + 10;
    for view in 1..=last {
        // Not one by one to the disk: this is about what is kept.
        record
            .signed
            .take(&Entry::of(&Statement::Vote1(vote(0, view, 1))).unwrap());
    }
    record.entries = MAX_ENTRIES;
    record
        .allow(&CHAIN, &Statement::Vote1(vote(0, last + 1, 1)))
        .unwrap();
    assert_eq!(record.entries, KEPT as u64 + 1, "the slots and a floor");
    assert!(matches!(
        Record::open(&path, &CHAIN),
        Err(RecordError::InUse { .. })
    ));
    let before = record.signed.clone();
    drop(record);
    let mut record = Record::open(&path, &CHAIN).unwrap();
    assert_eq!(record.signed, before);
    for leaf in [1, 2] {
        let refusal = record
            .allow(&CHAIN, &Statement::Vote1(vote(0, 11, leaf)))
            .unwrap_err();
        assert!(matches!(refusal, Refusal::TooOld { .. }), "{refusal}");
    }
    record.allow(&CHAIN, &Statement::Vote1(vote(0, 12, 1))).unwrap();
}

#[test]
fn a_torn_end_is_cut_damage_is_told_and_nothing_is_replaced() {
    let (_dir, path) = temporary();
    assert!(matches!(
        Record::open(&path, &CHAIN),
        Err(RecordError::Missing { .. })
    ));
    let mut record = Record::create(&path, &CHAIN).unwrap();
    assert!(matches!(
        Record::create(&path, &CHAIN),
        Err(RecordError::Io { .. })
    ));
    for view in 1..=3 {
        record.allow(&CHAIN, &propose(view, 1)).unwrap();
    }
    drop(record);
    assert!(matches!(
        Record::open(&path, &[8; 32]),
        Err(RecordError::Chain { .. })
    ));
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(whole.len(), HEADER + 3 * ENTRY);
    for cut in 1..ENTRY {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let mut record = Record::open(&path, &CHAIN).unwrap();
        assert_eq!(record.entries, 2);
        assert!(record.allow(&CHAIN, &propose(2, 2)).is_err());
        record.allow(&CHAIN, &propose(3, 1)).unwrap();
        drop(record);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
    for at in HEADER..HEADER + ENTRY {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        let error = Record::open(&path, &CHAIN).unwrap_err();
        assert!(matches!(error, RecordError::Damaged { .. }), "{error}");
    }
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let (views, leaves) = (1..5u64, 0..3u8);
    prop_oneof![
        (views.clone(), leaves.clone()).prop_map(|(view, leaf)| propose(view, leaf)),
        (0..2u64, views.clone(), leaves.clone())
            .prop_map(|(e, view, leaf)| Statement::Vote1(vote(e, view, leaf))),
        (0..2u64, views.clone(), leaves).prop_map(|(e, view, leaf)| Statement::Vote2(vote(e, view, leaf))),
        (views.clone(), views).prop_map(|(view, lock)| timeout(view, lock)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked and however often the signer restarts: one leaf a kind, epoch and view, and no timeout below a Vote2
    /// that came before it.
    #[test]
    fn no_two_signatures_contradict_each_other(asked in prop::collection::vec((any_statement(), any::<bool>()), 1..60)) {
        let (_dir, path) = temporary();
        let mut record = Record::create(&path, &CHAIN).unwrap();
        let mut leaves: BTreeMap<(u8, u64, u64), Digest> = BTreeMap::new();
        let mut highest = None;
        for (statement, restart) in asked {
            if restart {
                drop(record);
                record = Record::open(&path, &CHAIN).unwrap();
            }
            if record.allow(&CHAIN, &statement).is_err() {
                continue;
            }
            let (slot, leaf) = match &statement {
                Statement::Proposal { view, leaf } => ((0, 0, view.get()), *leaf),
                Statement::Vote1(data) => ((1, data.epoch.get(), data.view.get()), data.leaf),
                Statement::Vote2(data) => {
                    highest = highest.max(Some((data.epoch, data.view)));
                    ((2, data.epoch.get(), data.view.get()), data.leaf)
                }
                Statement::Timeout(data) => {
                    prop_assert!(highest.is_none_or(|voted| (data.lock_epoch, data.lock_view) >= voted));
                    continue;
                }
                _ => unreachable!("not asked for"),
            };
            prop_assert_eq!(*leaves.entry(slot).or_insert(leaf), leaf);
        }
    }
}
