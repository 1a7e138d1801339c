//! Proofs of cells of the state: whatever the bytes, a proof that holds against a root says what is there. As nodes hand them
//! out, and as the program on Solana takes them.

use assetvm::{
    Account, AccountProof, Address, Amount, CellId, CellProof, Changes, EntryId, EntryProof, GasRules,
    Genesis, GenesisRoster, MAX_PROOF_BYTES, MetadataProof, ProgramProof, State,
};
use rollup_abi::{
    Digest,
    path::{self, PathRef},
    tree::{Terminal, account_key},
};

use crate::{entropy::Entropy, memory::measured, wire::spoil};

/// Most accounts and entries of a state.
const CELLS: usize = 12;
/// What a decoder may take for each byte, and beyond that.
const FOR_A_BYTE: usize = 8;
const ROOM: usize = 4096;

pub fn proofs(input: &[u8]) {
    let mut entropy = Entropy::new(input);
    let state = state(&mut entropy);
    let root = state.root();
    let address = address(&mut entropy);
    let id = entry(&mut entropy);

    let account = state.prove(&address);
    holds(&account, &root, state.get(&address).as_ref());
    let stored = state.prove_entry(&id);
    let value = state.entry(&id).map(<[u8]>::to_vec);
    holds(&stored, &root, value.as_ref());
    holds(&state.prove_program(&address), &root, None);
    assert!(state.prove_metadata().verify(&root));

    on_chain(&state, &address, account.siblings(), &mut entropy);
    for honest in [
        account.encode(),
        stored.encode(),
        state.prove_metadata().encode(),
        input.to_vec(),
    ] {
        let mut bytes = honest;
        for _ in 0..=entropy.below(3) {
            spoil::once(&mut bytes, &mut entropy);
            believed(&state, &root, &bytes);
        }
    }
}

/// A state of a few accounts and entries. Addresses and keys are few, so some are asked for that are there, and some that are not.
fn state(entropy: &mut Entropy) -> State {
    let mut accounts: Vec<(Address, Amount)> = Vec::new();
    for _ in 0..entropy.below(CELLS) {
        let balance = Amount::from_base_units(1 + entropy.number() % 1_000);
        accounts.push((address(entropy), balance));
    }
    accounts.sort_by_key(|(address, _)| *address);
    accounts.dedup_by_key(|(address, _)| *address);
    let genesis = Genesis {
        program_id: Address::new([1; 32]),
        mint_authority: Address::new([2; 32]),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::ZERO,
        gas: GasRules::default(),
        accounts,
        committee: [0; 32],
        timestamp_ms: 0,
        roster: GenesisRoster::default(),
    };
    let state = genesis.state().expect("sorted accounts that own something");
    let mut entries = Vec::new();
    for _ in 0..entropy.below(CELLS) {
        let value = entropy.bytes::<24>()[..entropy.below(25)].to_vec();
        entries.push((entry(entropy), Some(value)));
    }
    entries.sort_by_key(|(id, _)| *id);
    entries.dedup_by_key(|(id, _)| *id);
    let metadata = *state.metadata();
    state.apply(&Changes {
        entries,
        metadata,
        ..Changes::default()
    })
}

fn address(entropy: &mut Entropy) -> Address {
    Address::new([entropy.byte() % 24; 32])
}

fn entry(entropy: &mut Entropy) -> EntryId {
    EntryId {
        program: address(entropy),
        key: entropy.digest(),
    }
}

/// An honest proof convinces, of the truth, and is read as it was written.
fn holds<I: CellId<Value: PartialEq + std::fmt::Debug>>(
    proof: &CellProof<I>,
    root: &Digest,
    truth: Option<&I::Value>,
) {
    assert!(proof.verify(root));
    assert_eq!(proof.value(), truth);
    let read = CellProof::<I>::decode(&proof.encode()).expect("its own encoding");
    assert!(read.verify(root) && read.value() == truth);
}

/// If the bytes are a proof, it is their one meaning, and convinces only of the truth.
fn believed(state: &State, root: &Digest, bytes: &[u8]) {
    let (account, allocated) = measured(|| AccountProof::decode(bytes));
    let most = FOR_A_BYTE * bytes.len().min(MAX_PROOF_BYTES) + ROOM;
    assert!(allocated <= most, "{allocated} bytes, at most {most}");
    if let Ok(proof) = account {
        assert_eq!(proof.encode(), bytes);
        assert!(!proof.verify(root) || proof.account() == state.get(&proof.address()));
    }
    if let Ok(proof) = EntryProof::decode(bytes) {
        assert_eq!(proof.encode(), bytes);
        assert!(!proof.verify(root) || proof.value().map(Vec::as_slice) == state.entry(&proof.id()));
    }
    if let Ok(proof) = ProgramProof::decode(bytes) {
        assert!(
            !proof.verify(root) || proof.value().is_none(),
            "there are no programs"
        );
    }
    if let Ok(proof) = MetadataProof::decode(bytes) {
        assert!(!proof.verify(root) || proof.metadata == *state.metadata());
    }
}

/// The proof of an account that is there, as the program on Solana takes it: whole and spoiled.
fn on_chain(state: &State, address: &Address, siblings: &[Digest], entropy: &mut Entropy) {
    let (root, key) = (state.root(), account_key(address.as_bytes()));
    let account = state.get(address);
    let truth = account.map(|account| borsh::to_vec(&account).expect("writing to memory"));
    let lie = Account {
        balance: Amount::from_base_units(entropy.number()),
        ..account.unwrap_or_default()
    };
    let lie = borsh::to_vec(&lie).expect("writing to memory");
    let mut buffer = vec![0; MAX_PROOF_BYTES];
    let hash = account.map(|account| account.value_hash());
    let terminal = hash.as_ref().map_or(Terminal::Empty, Terminal::Value);
    let mut bytes = path::encode(siblings, terminal, &mut buffer)
        .expect("the path is not too deep")
        .to_vec();
    for turn in 0..=entropy.below(3) {
        if turn > 0 {
            spoil::once(&mut bytes, entropy);
        }
        let Some(path) = PathRef::decode(&bytes) else {
            continue;
        };
        for claim in [truth.as_deref().unwrap_or_default(), &lie, &[]] {
            let true_claim = claim == truth.as_deref().unwrap_or_default();
            let convinced = path.verify(&root, &key, claim);
            assert!(!convinced || true_claim, "convinced of {claim:?}");
            assert!(convinced || !true_claim || turn > 0 || truth.is_none());
        }
    }
}
