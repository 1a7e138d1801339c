//! Laws that hold for every block: conservation, determinism, fork isolation, proofs, canonical encodings.

mod common;

use std::collections::BTreeMap;

use assetvm::*;
use common::*;
use proptest::prelude::*;
use rollup_abi::Digest;
use sha2::Digest as _;

/// What somebody tries; the nonce is filled in so that most of it is executed.
#[derive(Clone, Debug)]
struct Attempt {
    who: u8,
    fee: u64,
    skew: u64,
    action: Action,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let amount = || prop_oneof![0u64..40, 0u64..1200, Just(CAP), any::<u64>()].prop_map(units);
    let to = || (0u8..6).prop_map(address);
    let action = prop_oneof![
        2 => (to(), amount()).prop_map(|(to, amount)| Action::Mint { to, amount }),
        6 => (to(), amount(), "[a-z]{0,9}").prop_map(|(to, amount, memo)| {
            let memo = Memo::new(memo).expect("short");
            Action::Transfer { to, amount, memo }
        }),
        1 => amount().prop_map(|amount| Action::Burn { amount }),
    ];
    let skew = prop::option::weighted(0.1, 1u64..3).prop_map(Option::unwrap_or_default);
    (0u8..5, prop_oneof![Just(0), 9u64..60], skew, action).prop_map(|(who, fee, skew, action)| Attempt {
        who,
        fee,
        skew,
        action,
    })
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    prop::collection::vec(attempt(), 0..24)
}

/// Executes what can be executed, as a leader does.
fn block(parent: &State, attempts: &[Attempt]) -> (Vec<Verified>, BlockOutcome) {
    let mut executor = Executor::new(parent, BLOCK);
    let mut included = Vec::new();
    for Attempt {
        who,
        fee,
        skew,
        action,
    } in attempts.iter().cloned()
    {
        let nonce = executor.account(&address(who)).nonce.get() + skew;
        let transaction = signed(
            who,
            TransactionBody {
                fee: units(fee),
                ..body(who, nonce, action)
            },
        );
        if executor.execute(&transaction).is_ok() {
            included.push(transaction);
        }
    }
    (included, executor.finish())
}

fn sha(parts: &[&[u8]]) -> Digest {
    sha2::Sha256::digest(parts.concat()).into()
}

/// The root by the written rule alone: cells hashed by hand, subtrees by filtering.
fn oracle_root(accounts: &BTreeMap<Address, Account>, metadata: &Metadata) -> Digest {
    fn subtree(cells: &[(String, Digest)]) -> Digest {
        match cells {
            [] => [0; 32],
            [(_, leaf)] => *leaf,
            _ => {
                let side = |bit| {
                    let rest = cells.iter().filter(|(path, _)| path.starts_with(bit));
                    subtree(
                        &rest
                            .map(|(path, leaf)| (path[1..].to_owned(), *leaf))
                            .collect::<Vec<_>>(),
                    )
                };
                sha(&[b"asset-l2:st-node", &side('0'), &side('1')])
            }
        }
    }
    let cell = |key: Digest, value: &[u8]| {
        let path = key.iter().map(|byte| format!("{byte:08b}")).collect();
        (
            path,
            sha(&[b"asset-l2:st-leaf", &key, &sha(&[b"asset-l2:st-val1", value])]),
        )
    };
    let mut cells: Vec<(String, Digest)> = accounts
        .iter()
        .map(|(address, account)| {
            let (balance, nonce) = (
                account.balance.base_units().to_le_bytes(),
                account.nonce.get().to_le_bytes(),
            );
            cell(
                sha(&[b"asset-l2:st-key1", &[0], address.as_bytes()]),
                &[balance, nonce].concat(),
            )
        })
        .collect();
    let totals = [
        &metadata.total_supply.base_units().to_le_bytes()[..],
        &metadata.fees_collected.base_units().to_le_bytes(),
        &metadata.minted.to_le_bytes(),
        &metadata.burnt.to_le_bytes(),
    ];
    cells.push(cell(sha(&[b"asset-l2:st-key1", &[1]]), &totals.concat()));
    subtree(&cells)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn supply_is_conserved_and_the_root_is_the_oracles(blocks in prop::collection::vec(attempts(), 1..4)) {
        let mut state = genesis().state().unwrap();
        let mut accounts: BTreeMap<_, _> = state.accounts().collect();
        for attempts in blocks {
            let (_, outcome) = block(&state, &attempts);
            for (address, account) in &outcome.changes.accounts {
                match account {
                    Some(account) => accounts.insert(*address, *account),
                    None => accounts.remove(address),
                };
            }
            state = outcome.state;
            let metadata = state.metadata();
            let balances: u128 = state.accounts().map(|(_, a)| u128::from(a.balance.base_units())).sum();
            let fees = u128::from(metadata.fees_collected.base_units());
            prop_assert_eq!(balances + fees + metadata.burnt, metadata.minted);
            prop_assert_eq!(u128::from(metadata.total_supply.base_units()), metadata.minted - metadata.burnt);
            prop_assert!(metadata.total_supply <= units(CAP));
            prop_assert_eq!(&state.accounts().collect::<BTreeMap<_, _>>(), &accounts, "the changes are all changes");
            prop_assert_eq!(outcome.state_root, oracle_root(&accounts, metadata));
            prop_assert_eq!(state.root(), outcome.state_root);
            let rebuilt = State::restore(state.params().clone(), *metadata, state.contents()).unwrap();
            prop_assert_eq!(rebuilt.root(), outcome.state_root);
        }
    }

    #[test]
    fn validators_agree_with_the_leader(attempts in attempts()) {
        let parent = genesis().state().unwrap();
        let (included, leader) = block(&parent, &attempts);
        let bytes = Payload::of(&included).unwrap().into_bytes();
        let received = Payload::decode(&bytes).unwrap();
        let threads = std::num::NonZeroUsize::new(2).unwrap();
        let verified = verify_block(received, |_| false, threads).unwrap();
        let validator = execute(&parent, &verified).unwrap();
        prop_assert_eq!(validator.state_root, leader.state_root);
        prop_assert_eq!(validator.receipts, leader.receipts);
        prop_assert_eq!(&validator.changes, &leader.changes);
        prop_assert_eq!(parent.apply(&leader.changes).root(), leader.state_root);
    }

    #[test]
    fn forks_do_not_see_each_other(left in attempts(), right in attempts()) {
        let parent = genesis().state().unwrap();
        let root = parent.root();
        let alone = block(&parent, &right).1.state_root;
        let (_, left) = block(&parent, &left);
        let (_, beside) = block(&parent, &right);
        prop_assert_eq!((parent.root(), beside.state_root), (root, alone));
        prop_assert_eq!(left.state.root(), left.state_root);
    }

    #[test]
    fn independent_senders_commute(amounts in prop::collection::vec(1u64..900, 3)) {
        let state = genesis().state().unwrap();
        let sends: Vec<_> = (1u8..=3).zip(amounts).map(|(who, amount)| transfer(who, 0, 4, amount)).collect();
        let forward = execute(&state, &sends).unwrap();
        let backward = execute(&state, &sends.iter().rev().cloned().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(forward.state_root, backward.state_root);
        prop_assert_eq!(forward.changes, backward.changes);
    }

    #[test]
    fn proofs_verify_and_no_flipped_bit_does(attempts in attempts(), who in 0u8..8, flip in any::<prop::sample::Index>()) {
        let (_, outcome) = block(&genesis().state().unwrap(), &attempts);
        let proof = outcome.state.prove(&address(who));
        prop_assert!(proof.verify(&outcome.state_root));
        prop_assert_eq!(proof.account(), outcome.state.get(&address(who)));
        let bytes = proof.encode();
        prop_assert_eq!(AccountProof::decode(&bytes), Ok(proof.clone()));
        let mut forged = bytes.clone();
        let at = flip.index(bytes.len() * 8);
        forged[at / 8] ^= 1 << (at % 8);
        if let Ok(forged) = AccountProof::decode(&forged) {
            // A proof that nothing is there holds for every address under the same gap: another true statement.
            let neighbour = proof.account().is_none() && forged.address() != proof.address();
            if neighbour {
                prop_assert_eq!(forged.account(), outcome.state.get(&forged.address()));
            } else {
                prop_assert!(!forged.verify(&outcome.state_root), "bit {} of {}", at, bytes.len() * 8);
            }
        }
        let totals = outcome.state.prove_metadata();
        prop_assert!(totals.verify(&outcome.state_root));
        prop_assert_eq!(totals.metadata, *outcome.state.metadata());
        let bytes = totals.encode();
        let mut forged = bytes.clone();
        let at = flip.index(bytes.len() * 8);
        forged[at / 8] ^= 1 << (at % 8);
        if let Ok(forged) = MetadataProof::decode(&forged) {
            prop_assert!(!forged.verify(&outcome.state_root));
        }
    }

    #[test]
    fn decoders_never_panic_and_accept_only_canonical_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(transaction) = Unvalidated::decode(&bytes) {
            prop_assert_eq!(transaction.peek().encode(), bytes.clone());
            let _ = transaction.verify();
        }
        let _ = Payload::decode(&bytes);
        let _ = Genesis::decode(&bytes);
        let _ = AccountProof::decode(&bytes).map(|proof| proof.verify(&[0; 32]));
        let _ = MetadataProof::decode(&bytes).map(|proof| proof.verify(&[0; 32]));
    }

    #[test]
    fn damaged_payloads_are_refused_or_canonical(
        attempts in attempts(),
        at in any::<prop::sample::Index>(),
        byte: u8,
        cut in any::<bool>(),
    ) {
        let (included, _) = block(&genesis().state().unwrap(), &attempts);
        let mut bytes = Payload::of(&included).unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(list) = Payload::decode(&bytes) {
            let mut again = (list.len() as u32).to_le_bytes().to_vec();
            for transaction in &list {
                let encoded = transaction.peek().encode();
                again.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
                again.extend_from_slice(&encoded);
            }
            prop_assert_eq!(again, bytes);
        }
    }
}
