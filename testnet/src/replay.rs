//! This process's own re-execution of the chain: the judge of every root.
//!
//! It takes nothing from a validator but blocks, and believes nothing in them: each header must continue the one before it,
//! its payload must be the one it commits to, and the root in it must be the one that executing that payload gives here.

use std::num::NonZeroUsize;

use assetvm::{
    BlockOutcome, InvalidTransaction, Payload, PayloadError, Receipt, State, Transaction, execute_block,
    verify_block,
};
use hotshot_types::{Committee, dispersal};
use rollup_abi::{Digest, Header, roots};

/// A block's transactions, and what became of them, in order.
pub type Executed = (Vec<Transaction>, Vec<Receipt>);

/// Why a block is not the next of the chain. Any of these is a fault of the rollup, not of the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// A field of the header does not continue the chain.
    #[error("height {height}: {field} is {got}, expected {expected}")]
    Header {
        /// The height that was expected.
        height: u64,
        /// Which field.
        field: &'static str,
        /// What is in the header.
        got: String,
        /// What should be.
        expected: String,
    },
    /// The payload is not one.
    #[error("height {height}: {source}")]
    Payload {
        /// Its height.
        height: u64,
        /// What is wrong.
        source: PayloadError,
    },
    /// The payload is larger than any may be.
    #[error("height {height}: {source}")]
    Size {
        /// Its height.
        height: u64,
        /// How large it is.
        source: dispersal::PayloadError,
    },
    /// A transaction makes the block invalid.
    #[error("height {height}: {source}")]
    Transaction {
        /// Its height.
        height: u64,
        /// Which, and why.
        source: InvalidTransaction,
    },
}

/// The chain as executed here.
#[derive(Clone, Debug)]
pub struct Replay {
    committee: Committee,
    chain_id: Digest,
    height: u64,
    leaf: Digest,
    roots_acc: Digest,
    state: State,
}

impl Replay {
    /// Starts after the genesis block, whose header is `genesis` and whose state is `state`. Large payloads are committed to by
    /// the shares that `committee` holds.
    pub fn new(genesis: &Header, committee: Committee, state: State) -> Self {
        Self {
            committee,
            chain_id: genesis.chain_id,
            height: genesis.height,
            leaf: genesis.commitment(),
            roots_acc: roots::genesis(&state.root()),
            state,
        }
    }

    /// Height of the newest block executed here.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The state after it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Executes the next block and compares everything in its header that this process can know. Returns its transactions and
    /// what became of them.
    ///
    /// # Errors
    /// It differs. Nothing has changed then.
    pub fn apply(&mut self, header: &Header, payload: &[u8]) -> Result<Executed, Divergence> {
        let height = self.height + 1;
        self.continues(height, header, payload)?;
        let transactions =
            Payload::decode(payload).map_err(|source| Divergence::Payload { height, source })?;
        let invalid = |source| Divergence::Transaction { height, source };
        let verified = verify_block(transactions, |_| false, NonZeroUsize::MIN).map_err(invalid)?;
        let BlockOutcome {
            state,
            state_root,
            receipts,
            ..
        } = execute_block(&self.state, header.into(), &verified).map_err(invalid)?;
        let roots_acc = roots::extend(&self.roots_acc, &state_root);
        same(height, "state_root", &header.state_root, &state_root)?;
        same(height, "roots_acc", &header.roots_acc, &roots_acc)?;
        self.height = height;
        self.leaf = header.commitment();
        self.roots_acc = roots_acc;
        self.state = state;
        let transactions = verified.iter().map(|one| one.transaction().clone());
        Ok((transactions.collect(), receipts))
    }

    fn continues(&self, height: u64, header: &Header, payload: &[u8]) -> Result<(), Divergence> {
        if header.height != height {
            return Err(Divergence::Header {
                height,
                field: "height",
                got: header.height.to_string(),
                expected: height.to_string(),
            });
        }
        same(height, "chain_id", &header.chain_id, &self.chain_id)?;
        same(height, "parent", &header.parent, &self.leaf)?;
        same(
            height,
            "payload_commitment",
            &header.payload_commitment,
            &dispersal::commit(&self.committee, payload)
                .map_err(|source| Divergence::Size { height, source })?,
        )
    }
}

fn same(height: u64, field: &'static str, got: &Digest, expected: &Digest) -> Result<(), Divergence> {
    if got == expected {
        return Ok(());
    }
    Err(Divergence::Header {
        height,
        field,
        got: hex::encode(got),
        expected: hex::encode(expected),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use assetvm::{
        Action, Address, Amount, GasRules, Genesis, Nonce, SigningKey, TransactionBody, Unvalidated,
    };
    use hotshot_types::{Epoch, KeyPair, Member, NodeId, Stake};

    fn committee(chain_id: Digest) -> Committee {
        let member = Member {
            node: NodeId([1; 32]),
            key: KeyPair::from_bytes(&[1; 32]).unwrap().public().clone(),
            stake: Stake::new(1),
        };
        Committee::new(chain_id, Epoch::ZERO, vec![member]).unwrap()
    }

    fn genesis(key: &SigningKey) -> (Genesis, Header) {
        let genesis = Genesis {
            program_id: Address::new([1; 32]),
            mint_authority: key.address(),
            supply_cap: Amount::MAX,
            minimum_fee: Amount::ZERO,
            gas: GasRules::default(),
            accounts: vec![(key.address(), Amount::from_base_units(100))],
            committee: [0; 32],
            timestamp_ms: 0,
            roster: assetvm::GenesisRoster::default(),
        };
        let root = genesis.state().unwrap().root();
        let header = Header {
            chain_id: genesis.chain_id(),
            state_root: root,
            roots_acc: roots::genesis(&root),
            ..Header::default()
        };
        (genesis, header)
    }

    fn block(key: &SigningKey, before: &Header, state: &State, nonce: u64) -> (Header, Vec<u8>) {
        let tx = key.sign(TransactionBody {
            chain_id: before.chain_id,
            sender: key.address(),
            nonce: Nonce::new(nonce),
            fee: Amount::ZERO,
            action: Action::transfer(Address::new([9; 32]), Amount::from_base_units(1)),
        });
        let verified = vec![Unvalidated::decode(&tx.encode()).unwrap().verify().unwrap()];
        let payload = Payload::of(&verified).unwrap().into_bytes();
        let mut header = Header {
            height: before.height + 1,
            parent: before.commitment(),
            payload_commitment: rollup_abi::vote::payload_commitment(&payload),
            ..before.clone()
        };
        let outcome = execute_block(state, (&header).into(), &verified);
        header.state_root = outcome.map_or([7; 32], |outcome| outcome.state_root);
        header.roots_acc = roots::extend(&before.roots_acc, &header.state_root);
        (header, payload)
    }

    #[test]
    fn follows_an_honest_chain() {
        let key = SigningKey::from_seed(&[3; 32]);
        let (genesis, mut before) = genesis(&key);
        let mut replay = Replay::new(&before, committee(before.chain_id), genesis.state().unwrap());
        for nonce in 0..3 {
            let (header, payload) = block(&key, &before, replay.state(), nonce);
            assert_eq!(replay.apply(&header, &payload).unwrap().1.len(), 1);
            before = header;
        }
        assert_eq!((replay.height(), replay.state().root()), (3, before.state_root));
    }

    #[test]
    fn every_lie_is_found() {
        let key = SigningKey::from_seed(&[3; 32]);
        let (genesis, before) = genesis(&key);
        let start = Replay::new(&before, committee(before.chain_id), genesis.state().unwrap());
        let (good, payload) = block(&key, &before, start.state(), 0);
        type Lie = fn(&mut Header);
        let lies: [(&str, Lie); 6] = [
            ("height", |h| h.height += 1),
            ("chain_id", |h| h.chain_id[0] ^= 1),
            ("parent", |h| h.parent[0] ^= 1),
            ("payload_commitment", |h| h.payload_commitment[0] ^= 1),
            ("state_root", |h| h.state_root[0] ^= 1),
            ("roots_acc", |h| h.roots_acc[0] ^= 1),
        ];
        for (lied, lie) in lies {
            let (mut replay, mut header) = (start.clone(), good.clone());
            lie(&mut header);
            let found = replay.apply(&header, &payload).unwrap_err();
            assert!(
                matches!(found, Divergence::Header { field, .. } if field == lied),
                "{lied}: {found}"
            );
            assert_eq!(replay.height(), 0, "nothing has changed");
            replay.apply(&good, &payload).unwrap();
        }
        let (replayed, payload) = block(&key, &before, start.state(), 1);
        let found = start.clone().apply(&replayed, &payload).unwrap_err();
        assert!(matches!(found, Divergence::Transaction { .. }), "{found}");
    }
}
