//! The roster: who may change it and how, what a key needs, and which committees come of it.

mod common;

use assetvm::*;
use common::*;
use hotshot_types::{KeyPair, NodeId};

/// Blocks of an epoch.
const EPOCH: u64 = 4;
/// Who admits and retires.
const AUTHORITY: u8 = 1;
/// More than any fee here.
const PLENTY: u64 = 10_000;

fn secret(who: u8) -> KeyPair {
    let mut bytes = [1; 32];
    bytes[31] = who;
    KeyPair::from_bytes(&bytes).expect("below the order")
}

/// A validator with the key of `secret`, proven for `chain_id`.
fn with_key(who: u8, secret: &KeyPair, chain_id: &[u8; 32]) -> Validator {
    let node = NodeId(*address(who).as_bytes());
    Validator {
        node: address(who),
        key: secret.public().to_bytes(),
        possession: secret.prove_possession(chain_id, &node).to_bytes(),
        stake: 10,
        address: PeerAddress::new(format!("/ip4/127.0.0.1/tcp/{who}/p2p/peer")).expect("short"),
    }
}

/// A chain with epochs, and validators 10 to 14.
fn chain() -> Genesis {
    let mut accounts: Vec<_> = [AUTHORITY, 10, 11]
        .map(|who| (address(who), units(PLENTY)))
        .into();
    accounts.sort();
    let mut genesis = Genesis {
        accounts,
        roster: GenesisRoster {
            epoch_length: EPOCH,
            authority: address(AUTHORITY),
            validators: (10..15)
                .map(|who| with_key(who, &secret(who), &[0; 32]))
                .collect(),
        },
        ..genesis()
    };
    let chain_id = genesis.chain_id();
    genesis.roster.validators = (10..15)
        .map(|who| with_key(who, &secret(who), &chain_id))
        .collect();
    genesis
}

/// The chain as it grows.
struct Chain {
    id: [u8; 32],
    state: State,
    height: u64,
}

impl Chain {
    fn new() -> Self {
        let genesis = chain();
        Self {
            id: genesis.chain_id(),
            state: genesis.state().expect("valid"),
            height: 0,
        }
    }

    fn validator(&self, who: u8) -> Validator {
        with_key(who, &secret(who), &self.id)
    }

    fn body(&self, sender: u8, nonce: u64, change: RosterChange) -> TransactionBody {
        let action = Action::Roster(change);
        TransactionBody {
            chain_id: self.id,
            fee: self.state.params().minimum_fee(&address(sender), &action),
            ..body(sender, nonce, action)
        }
    }

    /// A block of one change; what became of it.
    fn change(&mut self, sender: u8, change: RosterChange) -> Outcome {
        let nonce = self.state.get(&address(sender)).expect("funded").nonce.get();
        let transaction = signed(sender, self.body(sender, nonce, change));
        self.block(&[transaction]).remove(0).outcome
    }

    fn block(&mut self, transactions: &[Verified]) -> Vec<Receipt> {
        self.height += 1;
        let at = BlockContext {
            height: self.height,
            time_ms: BLOCK.time_ms + self.height,
        };
        let outcome = execute_block(&self.state, at, transactions).expect("charged");
        assert_eq!(self.state.apply(&outcome.changes).root(), outcome.state_root);
        self.state = outcome.state;
        outcome.receipts
    }

    fn fault(&mut self, sender: u8, change: RosterChange) -> RosterFault {
        let before = self.state.roster().validators.clone();
        match self.change(sender, change) {
            Outcome::Failed(Failure::Roster(fault)) => {
                assert_eq!(self.state.roster().validators, before);
                fault
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    fn apply(&mut self, sender: u8, change: RosterChange) {
        let outcome = self.change(sender, change);
        assert!(outcome.is_applied(), "{outcome:?}");
    }

    fn committee(&self, epoch: u64) -> Option<Vec<Address>> {
        let members = self.state.roster().committee(epoch)?;
        Some(members.iter().map(|validator| validator.node).collect())
    }
}

fn admit(validator: Validator) -> RosterChange {
    RosterChange::Admit(Box::new(validator))
}

fn rotate(validator: Validator) -> RosterChange {
    RosterChange::Rotate(Box::new(validator))
}

fn addresses(who: impl IntoIterator<Item = u8>) -> Option<Vec<Address>> {
    Some(who.into_iter().map(address).collect())
}

#[test]
fn an_epochs_last_block_fixes_the_committee_after_the_next() {
    let mut chain = Chain::new();
    assert_eq!(
        (chain.committee(0), chain.committee(1)),
        (addresses(10..15), addresses(10..15))
    );
    assert_eq!(chain.committee(2), None);
    chain.apply(AUTHORITY, admit(chain.validator(15)));
    chain.apply(AUTHORITY, RosterChange::Retire(address(12)));
    let mut observer = chain.validator(16);
    observer.stake = 0;
    chain.apply(AUTHORITY, admit(observer));
    assert_eq!(chain.committee(2), None, "the epoch lasts");
    chain.block(&[]);
    assert_eq!(chain.committee(1), addresses(10..15), "fixed before");
    assert_eq!(
        chain.committee(2),
        addresses([10, 11, 13, 14, 15]),
        "those who vote"
    );
    chain.apply(AUTHORITY, RosterChange::Retire(address(16)));
    while chain.height < 3 * EPOCH {
        chain.block(&[]);
    }
    let known: Vec<_> = (0..6).map(|epoch| chain.committee(epoch).is_some()).collect();
    assert_eq!(
        known,
        [false, false, true, true, true, false],
        "at the end of epoch 2"
    );
    assert_eq!(chain.committee(4), addresses([10, 11, 13, 14, 15]));
}

#[test]
fn the_roster_is_proven_and_restored() {
    let mut chain = Chain::new();
    chain.apply(AUTHORITY, admit(chain.validator(15)));
    let state = &chain.state;
    let proof = state.prove_roster();
    let proof = RosterProof::decode(&proof.encode()).expect("own bytes");
    assert!(proof.verify(&state.root()) && !proof.verify(&[1; 32]));
    assert_eq!(proof.value(), Some(&**state.roster()));
    let params = state.params().clone();
    let restored = State::restore(params, *state.metadata(), state.contents()).expect("a state");
    assert_eq!(
        (restored.root(), restored.roster()),
        (state.root(), state.roster())
    );
    let endless = genesis().state().expect("valid");
    let none = endless.prove_roster();
    assert!(none.verify(&endless.root()) && none.value().is_none());
}

#[test]
fn who_may_change_what() {
    let mut chain = Chain::new();
    let (own, other) = (secret(20), secret(21));
    let (id, newcomer) = (chain.id, chain.validator(15));
    assert_eq!(
        chain.fault(10, admit(newcomer.clone())),
        RosterFault::NotAuthorized
    );
    assert_eq!(
        chain.fault(10, RosterChange::Retire(address(11))),
        RosterFault::NotAuthorized
    );
    assert_eq!(
        chain.fault(10, rotate(with_key(11, &own, &id))),
        RosterFault::NotAuthorized
    );
    let dearer = |key| Validator {
        stake: 11,
        ..with_key(10, key, &id)
    };
    let (got, expected) = (11, 10);
    assert_eq!(
        chain.fault(10, rotate(dearer(&own))),
        RosterFault::OwnStake { got, expected }
    );
    chain.apply(10, rotate(with_key(10, &own, &id)));
    chain.apply(AUTHORITY, rotate(dearer(&other)));
    let roster = chain.state.roster();
    let entry = roster.validator(&address(10)).expect("still there");
    assert_eq!((entry.stake, &entry.key), (11, &other.public().to_bytes()));
    assert_eq!(roster.validators[0].node, address(10), "it keeps its place");
}

#[test]
fn what_a_roster_refuses() {
    let mut chain = Chain::new();
    let (id, node) = (chain.id, address(15));
    let known = chain.validator(10);
    assert_eq!(
        chain.fault(AUTHORITY, admit(known.clone())),
        RosterFault::Known { node: address(10) }
    );
    let twice = with_key(15, &secret(10), &id);
    assert_eq!(
        chain.fault(AUTHORITY, admit(twice)),
        RosterFault::KeyInUse { node: address(10) }
    );
    let elsewhere = with_key(15, &secret(15), &[7; 32]);
    assert_eq!(chain.fault(AUTHORITY, admit(elsewhere)), RosterFault::Possession);
    let mut borrowed = chain.validator(15);
    borrowed.node = address(16);
    assert_eq!(chain.fault(AUTHORITY, admit(borrowed)), RosterFault::Possession);
    let mut none = chain.validator(15);
    none.key[3] ^= 1;
    assert_eq!(chain.fault(AUTHORITY, admit(none)).code(), 236);
    let mut greedy = chain.validator(15);
    greedy.stake = MAX_STAKE + 1;
    let got = greedy.stake;
    assert_eq!(chain.fault(AUTHORITY, admit(greedy)), RosterFault::Stake { got });
    let stranger = chain.validator(15);
    assert_eq!(
        chain.fault(AUTHORITY, rotate(stranger)),
        RosterFault::Unknown { node }
    );
    assert_eq!(
        chain.fault(AUTHORITY, RosterChange::Retire(node)),
        RosterFault::Unknown { node }
    );
    chain.apply(AUTHORITY, RosterChange::Retire(address(14)));
    let last = RosterChange::Retire(address(13));
    assert_eq!(chain.fault(AUTHORITY, last), RosterFault::TooFew { left: 3 });
    let mut mute = chain.validator(13);
    mute.stake = 0;
    assert_eq!(
        chain.fault(AUTHORITY, rotate(mute)),
        RosterFault::TooFew { left: 3 }
    );
}

#[test]
fn a_full_roster_takes_nobody_in() {
    let mut genesis = chain();
    genesis.accounts[0].1 = units(PLENTY);
    let all = |id: [u8; 32]| -> Vec<Validator> {
        let validators = (0..MAX_VALIDATORS as u8).map(|i| with_key(100 + i, &secret(100 + i), &id));
        validators.collect()
    };
    genesis.roster.validators = all([0; 32]);
    let id = genesis.chain_id();
    genesis.roster.validators = all(id);
    let mut full = Chain {
        id,
        state: genesis.state().expect("valid"),
        height: 0,
    };
    let one_more = full.validator(15);
    assert_eq!(full.fault(AUTHORITY, admit(one_more)), RosterFault::Full);
    let bytes = borsh::to_vec(&**full.state.roster()).expect("written");
    assert!(bytes.len() <= MAX_ROSTER_BYTES, "{}", bytes.len());
    let proof = full.state.prove_roster().encode();
    assert!(RosterProof::decode(&proof).is_ok(), "{}", proof.len());
}

#[test]
fn keys_of_a_block_are_bounded_by_its_gas() {
    let mut chain = Chain::new();
    let changes = (0..9u8).map(|i| {
        let body = chain.body(AUTHORITY, u64::from(i), admit(chain.validator(20 + i)));
        signed(AUTHORITY, body)
    });
    let transactions: Vec<_> = changes.collect();
    let at = BlockContext { height: 1, ..BLOCK };
    let mut executor = Executor::new(&chain.state, at);
    let done: Vec<_> = transactions
        .iter()
        .map_while(|transaction| executor.execute(transaction).ok().cloned())
        .collect();
    assert_eq!(done.len(), 8, "12 million gas each, of 100 million");
    assert_eq!(
        executor.execute(&transactions[8]).map_err(|r| r.code()).err(),
        Some(110)
    );
    chain.block(&transactions[..8]);
    assert_eq!(chain.state.roster().validators.len(), 13);
}

#[test]
fn a_genesis_names_its_validators() {
    let genesis = chain();
    let with = |change: fn(&mut GenesisRoster)| {
        let mut other = genesis.clone();
        change(&mut other.roster);
        other
    };
    let id = genesis.chain_id();
    assert_eq!(
        with(|r| r.validators[0].possession = [0; 64]).chain_id(),
        id,
        "made for it"
    );
    assert_ne!(with(|r| r.validators[0].stake = 9).chain_id(), id);
    assert_ne!(
        with(|r| r.validators[0].address = PeerAddress::default()).chain_id(),
        id
    );
    assert_ne!(with(|r| r.epoch_length = 5).chain_id(), id);
    assert_ne!(with(|r| r.authority = Address::default()).chain_id(), id);
    let fault = with(|r| r.validators[3].possession = [0; 64]).state().err();
    let (index, possession) = (3, RosterFault::Possession);
    assert_eq!(
        fault,
        Some(GenesisError::Validator {
            index,
            fault: possession
        })
    );
}

#[test]
fn a_change_fits_its_transaction_whatever_it_says() {
    let chain = Chain::new();
    let mut longest = chain.validator(15);
    longest.address = PeerAddress::new("x".repeat(MAX_PEER_ADDRESS_BYTES)).expect("as long as it may be");
    let transaction = key(AUTHORITY).sign(chain.body(AUTHORITY, 0, admit(longest)));
    let bytes = transaction.encode();
    assert!(bytes.len() <= transaction.body.action.max_bytes());
    let decoded = Unvalidated::decode(&bytes).expect("canonical");
    assert_eq!(decoded.peek(), &transaction);
}
