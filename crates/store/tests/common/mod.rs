//! A chain of one validator that makes real blocks: signed transfers, executed, certified with BLS.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;

use assetvm::*;
use hotshot::{Record, Recovery, StoredProposal};
use hotshot_engine::ports::DecidedBlock;
use hotshot_types::{
    Certificate, Certificate1, Committee, Epoch, Justify, KeyPair, Member, NodeId, Phase, Proposal, Stake,
    View, VoteData,
};
use rollup_abi::{Digest, Header, mmr::Mmr, roots, vote};
use store::{CommittedBlock, Tip};

pub const PAYERS: u8 = 4;

pub fn payer(who: u8) -> SigningKey {
    SigningKey::from_seed(&[who + 1; 32])
}

pub fn genesis() -> Genesis {
    let mut accounts: Vec<_> = (0..PAYERS)
        .map(|who| (payer(who).address(), "1000000".parse().unwrap()))
        .collect();
    accounts.sort();
    Genesis {
        program_id: Address::new([0xaa; 32]),
        mint_authority: payer(0).address(),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(1),
        gas: GasRules::default(),
        accounts,
        committee: [0; 32],
        timestamp_ms: 1_700_000_000_000,
        roster: GenesisRoster::default(),
    }
}

pub fn genesis_header() -> Header {
    let root = genesis().state().unwrap().root();
    Header {
        chain_id: genesis().chain_id(),
        timestamp_ms: 1_700_000_000_000,
        payload_commitment: vote::payload_commitment(Payload::default().as_bytes()),
        state_root: root,
        roots_acc: roots::genesis(&root),
        history_root: Mmr::default().root(),
        ..Header::default()
    }
}

/// Keeps the sum of all that was added, and of each height what was added then.
pub const COUNTER: &str = "
program counter
cell sum: (value: u64)
map added: (u64) -> (n: u64)
entry add(n: u64) {
  regs u64, u64
  load sum, r1
  add.u64 r1, r1, r0
  store sum, r1
  height r2
  map.set added, r2, r0
  ret r0
}";

/// Where the first payer deploys the counter.
pub fn counter() -> Address {
    program_address(&payer(0).address(), Nonce::new(0))
}

/// The validator, at some block.
pub struct Maker {
    key: KeyPair,
    committee: Committee,
    pub header: Header,
    pub history: Mmr,
    pub state: State,
    justify: Justify,
}

/// A block on its way: what the node says about it, and what it commits in the end.
pub struct Made {
    pub view: View,
    pub leaf: Digest,
    pub proposal: Record,
    pub vote1: Record,
    pub vote2: Record,
    pub committed: CommittedBlock,
}

impl Maker {
    pub fn at(tip: &Tip, recovery: &Recovery) -> Self {
        let key = KeyPair::from_bytes(&[3; 32]).unwrap();
        let member = Member {
            node: NodeId([7; 32]),
            key: key.public().clone(),
            stake: Stake::new(1),
        };
        Self {
            key,
            committee: Committee::new(genesis().chain_id(), Epoch::ZERO, vec![member]).unwrap(),
            header: tip.header.clone(),
            history: tip.history.clone(),
            state: tip.state.clone(),
            justify: recovery.lock.clone(),
        }
    }

    fn certify<P: Phase>(&self, data: VoteData) -> Certificate<P> {
        let signature = self.key.sign(&data.digest::<P>(self.committee.chain_id()));
        Certificate::assemble(&self.committee, data, [(0, signature)]).unwrap()
    }

    /// What a payer does at a height: transfers to an address of this height; but the first one deploys a counter in the
    /// first block, and calls it from then on.
    fn action(&self, who: u8, height: u64) -> Action {
        let gas = Gas(10_000_000);
        let payment = Amount::ZERO;
        match (who, height) {
            (0, 1) => Action::Deploy {
                code: curvevm::Program::assemble(COUNTER).unwrap().encode(),
                upgradeable: false,
                args: Vec::new(),
                payment,
                gas,
            },
            (0, _) => Action::Call {
                program: counter(),
                entry: "add".into(),
                args: height.to_le_bytes().to_vec(),
                payment,
                gas,
            },
            _ => {
                let to = Address::new(rollup_abi::sha256(&[&height.to_le_bytes(), &[who]]));
                Action::transfer(to, Amount::from_base_units(height))
            }
        }
    }

    fn transaction(&self, who: u8, height: u64) -> Verified {
        let (key, action) = (payer(who), self.action(who, height));
        let body = TransactionBody {
            chain_id: self.header.chain_id,
            sender: key.address(),
            nonce: self.state.get(&key.address()).unwrap().nonce,
            fee: self.state.params().minimum_fee(&key.address(), &action),
            action,
        };
        Unvalidated::new(key.sign(body)).verify().unwrap()
    }

    /// The next block, in `view`, with a transaction of each payer.
    pub fn make(&mut self, view: View) -> Made {
        let height = self.header.height + 1;
        let timestamp_ms = self.header.timestamp_ms + 250;
        let transactions: Vec<_> = (0..PAYERS).map(|who| self.transaction(who, height)).collect();
        let block = BlockContext {
            height,
            time_ms: timestamp_ms,
        };
        let outcome = execute_block(&self.state, block, &transactions).unwrap();
        assert!(
            outcome
                .receipts
                .iter()
                .all(|receipt| receipt.outcome.is_applied())
        );
        let payload: Arc<[u8]> = Payload::of(&transactions).unwrap().into_bytes().into();
        let header = Header {
            view: view.get(),
            height,
            timestamp_ms,
            parent: self.header.commitment(),
            payload_commitment: vote::payload_commitment(&payload),
            state_root: outcome.state_root,
            roots_acc: roots::extend(&self.header.roots_acc, &outcome.state_root),
            history_root: self.history.root(),
            ..self.header.clone()
        };
        let leaf = header.commitment();
        let data = VoteData::of(&header, leaf);
        let lock: Certificate1 = self.certify(data);
        let proposal = Proposal {
            view: hotshot_types::View::new(header.view),
            hand_over: None,
            upgrade: None,
            header: header.clone(),
            justify: self.justify.clone(),
            timeout: None,
            payload: payload.clone(),
        };
        self.justify = Justify::Certified(lock.clone());
        self.header = header.clone();
        self.history.append(&leaf);
        self.state = outcome.state;
        Made {
            view,
            leaf,
            proposal: Record::Proposal(StoredProposal {
                proposal: Arc::new(proposal),
                signature: None,
            }),
            vote1: Record::Vote1 { view, leaf },
            vote2: Record::Vote2 { lock },
            committed: CommittedBlock {
                block: DecidedBlock {
                    header,
                    payload,
                    certificate: Some(self.certify(data)),
                },
                receipts: outcome.receipts,
                changes: outcome.changes,
            },
        }
    }
}
