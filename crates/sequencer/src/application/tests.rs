//! Building, validating and deciding over real stores.

use std::{path::Path, sync::Arc, time::Duration};

use assetvm::{
    Action, Address, Amount, Gas, GasRules, Genesis, Nonce, Payload, SigningKey, TransactionBody, TxId,
    Unvalidated, program_address,
};
use hotshot_engine::ports::{Application, ApplicationError, BuildRequest, BuiltBlock, DecidedBlock};
use hotshot_types::{Committee, Epoch, Height, KeyPair, Member, NodeId, Stake, View};
use rollup_abi::Header;
use store::Opened;

use super::*;
use crate::{
    config::{self, MempoolLimits},
    halt::Divergence,
    mempool::{MempoolError, Origin, Standing},
    pressure::{self, Pressure},
    settled::Settled,
};

type Change = fn(&mut Header);

const BLOCK_GAS: Gas = Gas(10_000_000);

struct World {
    app: App,
    mempool: Arc<Mempool>,
    halt: Halt,
    genesis: Header,
    chain_id: [u8; 32],
    alice: SigningKey,
}

fn bob() -> Address {
    Address::new([2; 32])
}

fn committee() -> Committee {
    let member = Member {
        node: NodeId([1; 32]),
        key: KeyPair::from_bytes(&[1; 32]).expect("a key").public().clone(),
        stake: Stake::new(1),
    };
    Committee::new([0; 32], Epoch::ZERO, vec![member]).expect("one member")
}

fn world(directory: &Path) -> World {
    let alice = SigningKey::from_seed(&[1; 32]);
    let genesis = Genesis {
        program_id: Address::new([7; 32]),
        mint_authority: alice.address(),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(1),
        gas: GasRules {
            price: Amount::ZERO,
            block: BLOCK_GAS,
        },
        accounts: vec![(alice.address(), Amount::from_base_units(1_000))],
        committee: [0; 32],
        timestamp_ms: 1_000,
        roster: assetvm::GenesisRoster::default(),
    };
    let chain_id = genesis.chain_id();
    let root = genesis.state().expect("valid").root();
    let header = genesis_header(chain_id, 1_000, &root);
    let Opened { store, tip, .. } = Store::open(directory, &genesis, &header).expect("opens");
    let limits = MempoolLimits {
        transactions: 100,
        bytes: 1 << 20,
        per_sender: 50,
        expiry: Duration::from_secs(60),
    };
    let (mempool, halt) = (Arc::new(Mempool::new(limits)), Halt::default());
    let anchor = Branch::stored(tip.header, tip.state, tip.history);
    let app = App::new(
        store,
        anchor,
        Arc::clone(&mempool),
        Arc::new(Metrics::new()),
        halt.clone(),
        10,
    );
    World {
        app,
        mempool,
        halt,
        genesis: header,
        chain_id,
        alice,
    }
}

impl World {
    fn pay(&self, nonce: u64, amount: u64, fee: u64) {
        self.pay_to(&self.alice, bob(), nonce, amount, fee);
    }

    fn pay_to(&self, from: &SigningKey, to: Address, nonce: u64, amount: u64, fee: u64) {
        let action = Action::transfer(to, Amount::from_base_units(amount));
        self.send(from, nonce, fee, action);
    }

    fn send(&self, from: &SigningKey, nonce: u64, fee: u64, action: Action) -> TxId {
        self.offer(from, nonce, fee, action).expect("room")
    }

    fn offer(&self, from: &SigningKey, nonce: u64, fee: u64, action: Action) -> Result<TxId, MempoolError> {
        let signed = from.sign(TransactionBody {
            chain_id: self.chain_id,
            sender: from.address(),
            nonce: Nonce::new(nonce),
            fee: Amount::from_base_units(fee),
            action,
        });
        let verified = Unvalidated::new(signed).verify().expect("signed");
        let id = verified.id();
        let standing = Standing {
            next: Nonce::new(0),
            minimum_fee: Amount::from_base_units(1),
        };
        self.mempool
            .insert(Arc::new(verified), standing, Origin::Local, Duration::ZERO)?;
        Ok(id)
    }

    async fn build(&self, parent: &Header, view: u64) -> BuiltBlock {
        let request = BuildRequest {
            version: rollup_abi::header::FIRST_VERSION,
            view: View::new(view),
            epoch: Epoch::ZERO,
            next_committee: [0; 32],
            committee: committee(),
            parent: parent.clone(),
            now_ms: 5_000,
        };
        self.app.build(request).await.expect("builds")
    }

    fn balance(&self, address: &Address) -> u64 {
        self.app
            .heads()
            .newest()
            .state
            .get(address)
            .unwrap_or_default()
            .balance
            .base_units()
    }
}

fn decided(block: &BuiltBlock) -> DecidedBlock {
    DecidedBlock {
        header: block.header.clone(),
        payload: Arc::clone(&block.payload),
        certificate: None,
    }
}

fn transactions(block: &BuiltBlock) -> usize {
    Payload::decode(&block.payload).expect("a payload").len()
}

#[tokio::test]
async fn what_one_node_builds_another_validates_and_both_decide() {
    let (one, two) = (
        tempfile::tempdir().expect("directory"),
        tempfile::tempdir().expect("directory"),
    );
    let (leader, follower) = (world(one.path()), world(two.path()));
    leader.pay(0, 100, 1);
    leader.pay(1, 50, 1);
    let first = leader.build(&leader.genesis, 1).await;
    assert_eq!((first.header.height, transactions(&first)), (1, 2));
    // The next one builds on it before it is decided: the same transactions are not taken twice.
    leader.pay(2, 25, 1);
    let second = leader.build(&first.header, 2).await;
    assert_eq!((second.header.height, transactions(&second)), (2, 1));
    assert!(
        second.header.timestamp_ms > first.header.timestamp_ms,
        "time goes on even if the clock stands"
    );

    let validate = |parent: &Header, block: &BuiltBlock| {
        follower
            .app
            .validate(parent.clone(), block.header.clone(), Arc::clone(&block.payload))
    };
    assert!(matches!(
        validate(&first.header, &second).await,
        Err(ApplicationError::MissingParent { height: 1 })
    ));
    validate(&follower.genesis, &first).await.expect("valid");
    validate(&first.header, &second).await.expect("valid");
    for node in [&leader, &follower] {
        node.app
            .decided(vec![decided(&first), decided(&second)])
            .await
            .expect("decided");
        assert_eq!(
            (node.balance(&bob()), node.app.heads().newest().header.height),
            (175, 2)
        );
        assert_eq!(node.mempool.counters().transactions, 0);
    }
    let blocks = follower
        .app
        .blocks(Height::new(1), 10, 1 << 20)
        .await
        .expect("read");
    assert_eq!(
        blocks
            .iter()
            .map(|block| block.header.clone())
            .collect::<Vec<_>>(),
        [first.header, second.header]
    );
}

#[tokio::test]
async fn what_the_blocks_gas_has_no_room_for_waits_and_lets_others_pass() {
    let (one, two) = (
        tempfile::tempdir().expect("directory"),
        tempfile::tempdir().expect("directory"),
    );
    let (leader, follower) = (world(one.path()), world(two.path()));
    let carol = SigningKey::from_seed(&[3; 32]);
    let endless = "program endless\nentry run() {\nagain:\n  jump again\n}";
    let deploy = Action::Deploy {
        code: curvevm::Program::assemble(endless).expect("assembly").encode(),
        upgradeable: false,
        args: vec![],
        payment: Amount::ZERO,
        gas: BLOCK_GAS,
    };
    leader.send(&leader.alice, 0, 1, deploy);
    leader.pay_to(&leader.alice, carol.address(), 1, 10, 1);
    let first = leader.build(&leader.genesis, 1).await;
    assert_eq!(transactions(&first), 2);

    let run = || Action::Call {
        program: program_address(&leader.alice.address(), Nonce::new(0)),
        entry: "run".into(),
        args: vec![],
        payment: Amount::ZERO,
        gas: Gas(BLOCK_GAS.0 - 1),
    };
    let ids = |block: &BuiltBlock| -> Vec<TxId> {
        let decoded = Payload::decode(&block.payload).expect("a payload");
        decoded
            .iter()
            .map(|transaction| transaction.peek().id())
            .collect()
    };
    let greedy = leader.send(&leader.alice, 2, 9, run());
    let waiting = leader.send(&carol, 0, 5, run());
    let action = Action::transfer(bob(), Amount::from_base_units(1));
    let small = leader.send(&leader.alice, 3, 1, action);
    let second = leader.build(&first.header, 2).await;
    assert_eq!(ids(&second), [greedy, small]);
    let third = leader.build(&second.header, 3).await;
    assert_eq!(ids(&third), [waiting]);
    let mut parent = follower.genesis.clone();
    for block in [first, second, third] {
        let valid = follower
            .app
            .validate(parent, block.header.clone(), block.payload)
            .await;
        valid.expect("within the block's gas");
        parent = block.header;
    }
}

#[tokio::test]
async fn a_node_that_was_away_executes_what_was_decided_and_survives_a_restart() {
    let (one, two) = (
        tempfile::tempdir().expect("directory"),
        tempfile::tempdir().expect("directory"),
    );
    let leader = world(one.path());
    leader.pay(0, 100, 1);
    let first = leader.build(&leader.genesis, 1).await;
    let second = leader.build(&first.header, 2).await;
    {
        let away = world(two.path());
        away.app
            .decided(vec![decided(&first)])
            .await
            .expect("never seen before");
        away.app
            .decided(vec![decided(&first), decided(&second)])
            .await
            .expect("the first comes again");
    }
    let back = world(two.path());
    let newest = back.app.heads().newest();
    assert_eq!(
        (newest.header.clone(), back.balance(&bob())),
        (second.header.clone(), 100)
    );
    let third = back.build(&second.header, 3).await;
    leader
        .app
        .validate(second.header, third.header, third.payload)
        .await
        .expect("history and roots go on");
}

#[tokio::test]
async fn every_wrong_field_is_refused_by_name() {
    let (one, two) = (
        tempfile::tempdir().expect("directory"),
        tempfile::tempdir().expect("directory"),
    );
    let (leader, follower) = (world(one.path()), world(two.path()));
    leader.pay(0, 100, 1);
    let good = leader.build(&leader.genesis, 1).await;
    let cases: [(&str, Change); 10] = [
        ("chain_id", |h| h.chain_id[0] ^= 1),
        ("height", |h| h.height += 1),
        ("timestamp_ms", |h| h.timestamp_ms = 1_000),
        ("parent", |h| h.parent[0] ^= 1),
        ("state_root", |h| h.state_root[0] ^= 1),
        ("roots_acc", |h| h.roots_acc[0] ^= 1),
        ("history_root", |h| h.history_root[0] ^= 1),
        ("inbox_count", |h| h.inbox_count += 1),
        ("inbox_hash", |h| h.inbox_hash[0] ^= 1),
        ("outbox_root", |h| h.outbox_root[0] ^= 1),
    ];
    for (field, change) in cases {
        let mut header = good.header.clone();
        change(&mut header);
        let refused = follower
            .app
            .validate(follower.genesis.clone(), header, Arc::clone(&good.payload))
            .await;
        let error = refused.expect_err(field).to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
    let mut truncated = good.header.clone();
    let payload: Arc<[u8]> = good.payload[..good.payload.len() - 1].into();
    truncated.payload_commitment = rollup_abi::vote::payload_commitment(&payload);
    let refused = follower
        .app
        .validate(follower.genesis.clone(), truncated, payload)
        .await;
    assert!(
        matches!(refused, Err(ApplicationError::Invalid(_))),
        "{refused:?}"
    );
    assert_eq!(
        follower.halt.reason(),
        None,
        "a leader's fault is not a divergence"
    );
}

#[tokio::test]
async fn a_decided_root_that_is_not_ours_stops_the_node() {
    let dir = tempfile::tempdir().expect("directory");
    let node = world(dir.path());
    let mut block = decided(&node.build(&node.genesis, 1).await);
    block.header.state_root[0] ^= 1;
    block.header.roots_acc = rollup_abi::roots::extend(&node.genesis.roots_acc, &block.header.state_root);
    let stopped = node.app.decided(vec![block]).await;
    assert!(
        matches!(stopped, Err(ApplicationError::Fatal { .. })),
        "{stopped:?}"
    );
    let reason = node.halt.reason().expect("tripped");
    assert!(
        matches!(
            reason,
            Divergence::Decided {
                height: 1,
                field: "state_root",
                ..
            }
        ),
        "{reason:?}"
    );
    assert_eq!(
        node.app.heads().newest().header.height,
        0,
        "nothing of it is kept"
    );
}

#[tokio::test]
async fn a_block_is_filled_up_to_its_limit_and_leaves_out_what_cannot_pay() {
    let dir = tempfile::tempdir().expect("directory");
    let node = world(dir.path());
    (0..12).for_each(|nonce| node.pay(nonce, 1, 1));
    assert_eq!(
        transactions(&node.build(&node.genesis, 1).await),
        10,
        "the node's own limit"
    );

    let dir = tempfile::tempdir().expect("directory");
    let node = world(dir.path());
    node.pay(0, 1, 2_000);
    node.pay(1, 1, 1);
    assert_eq!(transactions(&node.build(&node.genesis, 1).await), 0);
    assert_eq!(
        node.mempool.counters().transactions,
        2,
        "it may come to have the fee"
    );
    let cheap = world(tempfile::tempdir().expect("directory").path());
    cheap.pay(0, 1, 0);
    assert_eq!(transactions(&cheap.build(&cheap.genesis, 1).await), 0);
    assert_eq!(
        cheap.mempool.counters().removed.refused,
        1,
        "a fee below the minimum stays below it"
    );
}

#[tokio::test]
async fn slow_settlement_makes_blocks_smaller_and_the_mempool_careful_until_it_is_over() {
    let dir = tempfile::tempdir().expect("directory");
    let node = world(dir.path());
    let ages = config::Pressure {
        from: Duration::from_secs(120),
        full: Duration::from_secs(1_200),
    };
    let metrics = Arc::new(Metrics::new());
    let mut pressure = Pressure::new(ages, Arc::clone(&node.mempool), Arc::clone(&metrics));
    (0..12).for_each(|nonce| node.pay(nonce, 1, 1));
    // (age, transactions in a block, whether one more waits)
    let cases = [
        (0, 10, true),
        (120, 10, true),
        (660, 5, true),
        (1_200, 1, false),
        (90_000, 1, false),
        (119, 10, true),
    ];
    for (nonce, (age, in_block, more)) in (12..).zip(cases) {
        pressure.feel(Duration::from_secs(age));
        let view = nonce;
        assert_eq!(
            transactions(&node.build(&node.genesis, view).await),
            in_block,
            "{age} s"
        );
        let admitted = node.offer(
            &node.alice,
            nonce,
            1,
            Action::transfer(bob(), Amount::from_base_units(1)),
        );
        match admitted {
            Ok(_) => assert!(more, "{age} s"),
            Err(MempoolError::Pressure { .. }) => assert!(!more, "{age} s"),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(metrics.settlement_pressure.get() == 0, age <= 120, "{age} s");
    }
    assert_eq!(
        node.mempool.counters().removed,
        crate::mempool::Removed::default(),
        "nothing is thrown out"
    );
}

#[tokio::test]
async fn roots_age_from_their_blocks_or_from_the_start_while_solana_is_unknown() {
    let dir = tempfile::tempdir().expect("directory");
    let node = world(dir.path());
    let (store, heads) = (node.app.0.store.clone(), node.app.heads().clone());
    let settled = Settled::new(true);
    let started = Instant::now();
    let age = || pressure::age(&store, &settled, &heads, started);
    assert_eq!(age(), Duration::ZERO, "there is nothing to settle");
    let block = node.build(&node.genesis, 1).await;
    node.app.decided(vec![decided(&block)]).await.expect("stored");
    assert!(
        age() <= started.elapsed(),
        "it is not known how far the roots have got"
    );
    settled.observe(0, 7);
    assert!(age() > Duration::from_secs(365 * 86_400), "the block is of 1970");
    settled.observe(1, 8);
    assert_eq!(age(), Duration::ZERO);
}

#[test]
fn branches_forget_what_does_not_descend_from_the_anchor() {
    let dir = tempfile::tempdir().expect("directory");
    let root = world(dir.path()).app.heads().newest();
    let child = |parent: &Branch, view: u64| {
        let slot = Slot {
            version: parent.header.version,
            view,
            epoch: 0,
            next_committee: [0; 32],
            payload_commitment: [0; 32],
            timestamp_ms: parent.header.timestamp_ms + 1,
        };
        let outcome = assetvm::execute_block(&parent.state, (&parent.header).into(), &[]).expect("empty");
        Arc::new(parent.child(slot, std::iter::empty(), outcome))
    };
    let mut tree = Branches::new((*root).clone());
    let (a, b) = (child(&root, 1), child(&root, 2));
    let (a2, b2) = (child(&a, 3), child(&b, 4));
    for branch in [&a, &b, &a2, &b2] {
        tree.insert(Arc::clone(branch));
    }
    let abandoned = tree.advance(Arc::clone(&a));
    assert_eq!((abandoned.blocks, abandoned.depth), (2, 2), "b and b2");
    assert_eq!(tree.anchor().leaf, a.leaf);
    assert!(tree.get(&a2.leaf).is_some() && tree.get(&a.leaf).is_some());
    assert!(tree.get(&b.leaf).is_none() && tree.get(&b2.leaf).is_none());
    (10..200).for_each(|view| tree.insert(child(&a, view)));
    assert_eq!(tree.undecided(), MAX_UNDECIDED);
    assert!(tree.get(&a2.leaf).is_some(), "the lowest views stay");
    tree.insert(Arc::clone(&b));
    assert!(
        tree.get(&b.leaf).is_none(),
        "nothing at or below the anchor's height comes in"
    );
}

/// A row of transactions with high fees that their sender can no longer pay must not keep others out of the block.
#[tokio::test]
async fn who_cannot_pay_takes_no_room_from_who_can() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = world(directory.path());
    let carol = SigningKey::from_seed(&[9; 32]);
    world.pay_to(&world.alice, carol.address(), 0, 300, 10);
    let first = world.build(&world.genesis, 1).await;
    world.app.decided(vec![decided(&first)]).await.expect("decides");
    for nonce in 1..=30 {
        world.pay(nonce, 1, 10_000);
    }
    world.pay_to(&carol, bob(), 0, 7, 1);
    let second = world.build(&first.header, 2).await;
    assert_eq!(transactions(&second), 1, "more wait than a block holds");
    world.app.decided(vec![decided(&second)]).await.expect("decides");
    assert_eq!(world.balance(&bob()), 7);
}
