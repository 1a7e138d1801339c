//! The laws of the mempool.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use assetvm::{Action, Address, Gas, SigningKey, TransactionBody, TxId, Unvalidated, Verified};
use proptest::prelude::*;

use super::*;
use crate::config::MempoolLimits;

const LIMITS: MempoolLimits = MempoolLimits {
    transactions: 12,
    bytes: 12 * 220,
    per_sender: 6,
    expiry: Duration::from_secs(60),
};
const ALL: SelectionLimits = SelectionLimits {
    transactions: 1_000,
    bytes: 1 << 20,
};

fn transaction(sender: u8, nonce: u64, fee: u64) -> Arc<Verified> {
    let key = SigningKey::from_seed(&[sender; 32]);
    let body = TransactionBody {
        chain_id: [1; 32],
        sender: key.address(),
        nonce: Nonce::new(nonce),
        fee: Amount::from_base_units(fee),
        action: Action::transfer(Address::new([9; 32]), Amount::from_base_units(1)),
    };
    Arc::new(
        Unvalidated::new(key.sign(body))
            .verify()
            .expect("signed by its sender"),
    )
}

fn add(pool: &Mempool, tx: &Arc<Verified>, next: u64) -> Result<Insert, MempoolError> {
    pool.insert(Arc::clone(tx), standing(next), Origin::Local, Duration::ZERO)
}

fn standing(next: u64) -> Standing {
    Standing {
        next: Nonce::new(next),
        minimum_fee: Amount::from_base_units(1),
    }
}

fn ids(selection: &Selection) -> Vec<TxId> {
    selection.iter().map(|tx| tx.id()).collect()
}

#[test]
fn refusals_name_what_is_wrong() {
    let pool = Mempool::new(LIMITS);
    let five = transaction(1, 5, 100);
    assert_eq!(add(&pool, &five, 5), Ok(Insert::Added));
    assert_eq!(add(&pool, &five, 5), Err(MempoolError::Duplicate));
    let spent = MempoolError::Spent {
        got: Nonce::new(4),
        expected: Nonce::new(5),
    };
    assert_eq!(add(&pool, &transaction(1, 4, 100), 5), Err(spent));
    let far = MempoolError::TooFar {
        got: Nonce::new(11),
        limit: Nonce::new(10),
    };
    assert_eq!(add(&pool, &transaction(1, 11, 100), 5), Err(far));
    assert_eq!(add(&pool, &transaction(1, 10, 100), 5), Ok(Insert::Added));
    let under = MempoolError::Underpriced {
        got: Amount::from_base_units(109),
        expected: Amount::from_base_units(110),
    };
    assert_eq!(add(&pool, &transaction(1, 5, 109), 5), Err(under));
    assert_eq!(
        add(&pool, &transaction(1, 5, 110), 5),
        Ok(Insert::Replaced(five.id()))
    );
    assert!(!pool.contains(&five.id()));
    assert_eq!(pool.counters().transactions, 2);
}

#[test]
fn a_full_pool_refuses_but_still_replaces() {
    let pool = Mempool::new(LIMITS);
    for sender in 1..=2 {
        for nonce in 0..6 {
            assert_eq!(add(&pool, &transaction(sender, nonce, 10), 0), Ok(Insert::Added));
        }
    }
    assert!(matches!(
        add(&pool, &transaction(3, 0, 1_000), 0),
        Err(MempoolError::Full { transactions: 12, .. })
    ));
    assert!(matches!(
        add(&pool, &transaction(2, 0, 1_000), 0),
        Ok(Insert::Replaced(_))
    ));
}

#[test]
fn higher_fees_come_first_but_never_before_an_earlier_nonce() {
    let pool = Mempool::new(LIMITS);
    let cheap = transaction(1, 0, 1);
    let dear_behind = transaction(1, 1, 100);
    let middle = transaction(2, 0, 50);
    let same_later = transaction(3, 0, 50);
    let gap = transaction(4, 1, 500);
    for tx in [&dear_behind, &middle, &gap, &same_later, &cheap] {
        add(&pool, tx, 0).expect("taken");
    }
    let selection = pool.select(ALL, |_| Some(Nonce::new(0)));
    assert_eq!(
        ids(&selection),
        [middle.id(), same_later.id(), cheap.id(), dear_behind.id()]
    );
    let two = pool.select(
        SelectionLimits {
            transactions: 2,
            ..ALL
        },
        |_| Some(Nonce::new(0)),
    );
    assert_eq!(ids(&two), ids(&selection)[..2]);
    let waiting = cheap.body().sender;
    let others = pool.select(ALL, |sender| (*sender != waiting).then_some(Nonce::new(0)));
    assert!(!others.is_empty() && others.iter().all(|tx| tx.body().sender != waiting));
    assert_eq!(pool.counters().transactions, 5, "taking removes nothing");
}

#[test]
fn what_pays_best_for_what_it_costs_comes_first() {
    let pool = Mempool::new(LIMITS);
    let add = |sender, fee, least| {
        let standing = Standing {
            next: Nonce::new(0),
            minimum_fee: Amount::from_base_units(least),
        };
        let tx = transaction(sender, 0, fee);
        let added = pool.insert(Arc::clone(&tx), standing, Origin::Local, Duration::ZERO);
        assert_eq!(added, Ok(Insert::Added));
        tx.id()
    };
    // A program's call pays for gas; that alone gives it no way past a payment.
    let (call, payment, eager) = (add(1, 5_000, 5_000), add(2, 5, 5), add(3, 12, 5));
    let selected = pool.select(ALL, |_| Some(Nonce::new(0)));
    assert_eq!(ids(&selected), [eager, call, payment]);
}

#[test]
fn one_sender_cannot_fill_the_pool_with_programs() {
    let limits = MempoolLimits {
        transactions: 1_000,
        bytes: 32 << 20,
        per_sender: 1_000,
        expiry: Duration::from_secs(60),
    };
    let pool = Mempool::new(limits);
    let deployment = |sender: u8, nonce| {
        let key = SigningKey::from_seed(&[sender; 32]);
        let action = Action::Deploy {
            code: vec![0; 131_072],
            upgradeable: false,
            args: vec![],
            payment: Amount::ZERO,
            gas: Gas(0),
        };
        let body = TransactionBody {
            action,
            ..transaction(sender, nonce, 1).body().clone()
        };
        Arc::new(Unvalidated::new(key.sign(body)).verify().expect("signed"))
    };
    let size = deployment(1, 0).encoded_len();
    let fit = u64::try_from(MAX_SENDER_BYTES / size).expect("some");
    for nonce in 0..fit {
        add(&pool, &deployment(1, nonce), 0).expect("room");
    }
    let got = size * usize::try_from(fit + 1).expect("some");
    let refused = add(&pool, &deployment(1, fit), 0).expect_err("full");
    assert_eq!((refused, refused.code()), (MempoolError::SenderFull { got }, 505));
    add(&pool, &deployment(2, 0), 0).expect("others have room");
}

#[test]
fn deciding_removes_the_spent_nonces_and_counts_what_was_lost() {
    let pool = Mempool::new(LIMITS);
    let [a, b, c] = [0, 1, 2].map(|nonce| transaction(1, nonce, 10));
    for tx in [&a, &b, &c] {
        add(&pool, tx, 0).expect("taken");
    }
    let included = HashSet::from([a.id()]);
    pool.decided([(a.body().sender, Nonce::new(2))], &included);
    let counters = pool.counters();
    assert_eq!((counters.transactions, counters.bytes), (1, c.encoded_len()));
    assert_eq!(
        counters.removed,
        Removed {
            stale: 1,
            ..Removed::default()
        },
        "b's nonce was used by another"
    );
    pool.refuse(&c.id());
    pool.refuse(&c.id());
    assert_eq!(pool.counters().removed.refused, 1);
    assert_eq!(
        (
            pool.counters().transactions,
            pool.counters().senders,
            pool.counters().bytes
        ),
        (0, 0, 0)
    );
}

#[test]
fn waiting_ends_and_only_local_ones_are_announced_again() {
    let pool = Mempool::new(LIMITS);
    let (mine, theirs) = (transaction(1, 0, 10), transaction(2, 0, 10));
    add(&pool, &mine, 0).expect("taken");
    pool.insert(
        Arc::clone(&theirs),
        standing(0),
        Origin::Peer,
        Duration::from_secs(10),
    )
    .expect("taken");
    let after = Duration::from_secs(5);
    assert!(pool.announce_again(Duration::from_secs(5), after, 10).is_empty());
    assert_eq!(
        ids(&pool.announce_again(Duration::from_secs(6), after, 10)),
        [mine.id()]
    );
    assert!(
        pool.announce_again(Duration::from_secs(7), after, 10).is_empty(),
        "announced just now"
    );
    pool.expire(Duration::from_secs(60));
    assert_eq!(
        pool.counters().transactions,
        2,
        "exactly the limit is not longer than the limit"
    );
    pool.expire(Duration::from_secs(61));
    assert!(!pool.contains(&mine.id()) && pool.contains(&theirs.id()));
    assert_eq!(pool.counters().removed.expired, 1);
}

#[derive(Clone, Debug)]
enum Step {
    Insert { sender: u8, nonce: u64, fee: u64 },
    Decide { sender: u8, by: u64 },
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..4u8, 0..10u64, 1..40u64).prop_map(|(sender, nonce, fee)| Step::Insert { sender, nonce, fee }),
        2 => (1..4u8, 0..3u64).prop_map(|(sender, by)| Step::Decide { sender, by }),
        1 => Just(Step::Expire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn laws_hold_after_every_step(steps in proptest::collection::vec(step(), 1..60)) {
        let pool = Mempool::new(LIMITS);
        let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
        let mut now = Duration::ZERO;
        for step in steps {
            now += Duration::from_secs(7);
            match step {
                Step::Insert { sender, nonce, fee } => {
                    let tx = transaction(sender, nonce, fee);
                    let next = standing(*nonces.entry(tx.body().sender).or_default());
                    let before = pool.counters();
                    let taken = pool.insert(Arc::clone(&tx), next, Origin::Local, now);
                    prop_assert!(taken.is_err() || pool.contains(&tx.id()));
                    if taken.is_err() {
                        prop_assert_eq!(pool.counters(), before, "a refusal changes nothing");
                    }
                }
                Step::Decide { sender, by } => {
                    let address = SigningKey::from_seed(&[sender; 32]).address();
                    let next = nonces.entry(address).or_default();
                    *next += by;
                    pool.decided([(address, Nonce::new(*next))], &HashSet::new());
                }
                Step::Expire => pool.expire(now),
            }
            let counters = pool.counters();
            prop_assert!(counters.transactions <= LIMITS.transactions && counters.bytes <= LIMITS.bytes);
            let next = |address: &Address| Nonce::new(nonces.get(address).copied().unwrap_or(0));
            let selection = pool.select(ALL, |address| Some(next(address)));
            let unique: HashSet<TxId> = selection.iter().map(|tx| tx.id()).collect();
            prop_assert_eq!(unique.len(), selection.len(), "each once");
            let mut expected: BTreeMap<Address, Nonce> = BTreeMap::new();
            for tx in &selection {
                let slot = expected.entry(tx.body().sender).or_insert_with(|| next(&tx.body().sender));
                prop_assert_eq!(tx.body().nonce, *slot, "without a gap");
                *slot = slot.next().expect("small");
            }
            prop_assert!(expected.iter().all(|(sender, end)| end.get() <= next(sender).get() + 6));
        }
        pool.expire(now + LIMITS.expiry * 2);
        let end = pool.counters();
        prop_assert_eq!((end.transactions, end.bytes, end.senders), (0, 0, 0), "nothing leaks");
    }
}
