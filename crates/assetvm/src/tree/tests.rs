//! The tree against an oracle that knows only the written rule, on keys that share long prefixes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rollup_abi::{Digest, tree::Terminal};
use sha2::Digest as _;

use super::{End, Tree, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plain(Digest);

impl Value for Plain {
    fn value_hash(&self) -> Digest {
        self.0
    }
}

fn sha(parts: &[&[u8]]) -> Digest {
    sha2::Sha256::digest(parts.concat()).into()
}

/// The rule, read off its definition: by filtering all cells at every level, on bits written out as text.
fn oracle(cells: &[(String, Digest, Digest)]) -> Digest {
    match cells {
        [] => [0; 32],
        [(_, key, value)] => sha(&[b"asset-l2:st-leaf", key, value]),
        _ => {
            let side = |bit: char| -> Vec<_> {
                let rest = cells.iter().filter(|(path, ..)| path.starts_with(bit));
                rest.map(|(path, key, value)| (path[1..].to_owned(), *key, *value))
                    .collect()
            };
            sha(&[b"asset-l2:st-node", &oracle(&side('0')), &oracle(&side('1'))])
        }
    }
}

fn oracle_root(cells: &BTreeMap<Digest, Plain>) -> Digest {
    let path = |key: &Digest| key.iter().map(|byte| format!("{byte:08b}")).collect();
    oracle(
        &cells
            .iter()
            .map(|(key, value)| (path(key), *key, value.0))
            .collect::<Vec<_>>(),
    )
}

/// Few distinct bytes, so that keys collide, agree in long prefixes, or differ in the last bit only.
fn key() -> impl Strategy<Value = Digest> {
    let byte = prop_oneof![Just(0u8), Just(1), Just(128), Just(255)];
    (byte.clone(), 0usize..32, byte, any::<bool>()).prop_map(|(fill, at, byte, last)| {
        let mut key = [fill; 32];
        key[at] = byte;
        key[31] ^= u8::from(last);
        key
    })
}

fn change() -> impl Strategy<Value = (Digest, Option<Plain>)> {
    (key(), prop::option::weighted(0.7, any::<u8>()))
        .prop_map(|(key, value)| (key, value.map(|v| Plain([v; 32]))))
}

fn terminal<'a>(end: &'a End<'a, Plain>) -> Terminal<'a> {
    match end {
        End::Value(value) => Terminal::Value(&value.0),
        End::Empty => Terminal::Empty,
        End::Other { key, value_hash } => Terminal::Other(key, value_hash),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn equals_the_oracle_after_every_batch(batches in prop::collection::vec(prop::collection::vec(change(), 0..24), 1..6)) {
        let (mut tree, mut cells) = (Tree::default(), BTreeMap::new());
        for batch in batches {
            let before = (tree.clone(), tree.root());
            tree = tree.update(batch.iter().copied());
            for (key, value) in batch {
                match value {
                    Some(value) => cells.insert(key, value),
                    None => cells.remove(&key),
                };
            }
            prop_assert_eq!(tree.root(), oracle_root(&cells));
            prop_assert_eq!(before.0.root(), before.1, "the older version stays as it was");
            prop_assert!(tree.iter().eq(cells.values()), "iteration is in key order");
            for (key, value) in &cells {
                prop_assert_eq!(tree.get(key), Some(value));
            }
        }
        prop_assert_eq!(Tree::build(cells.clone()).root(), tree.root(), "history leaves no mark");
        prop_assert_eq!(Tree::build(cells.into_iter().rev()).root(), tree.root(), "nor does order");
    }

    #[test]
    fn proofs_hold_for_their_own_statement_only(
        cells in prop::collection::btree_map(key(), any::<u8>().prop_map(|v| Plain([v; 32])), 0..24),
        asked in key(),
        flip in any::<prop::sample::Index>(),
    ) {
        let tree = Tree::build(cells.clone());
        let root = tree.root();
        let (mut siblings, end) = tree.prove(&asked);
        let present = matches!(end, End::Value(_));
        prop_assert_eq!(present, cells.contains_key(&asked));
        prop_assert!(rollup_abi::tree::verify(&root, &asked, &siblings, terminal(&end)));

        let wrong = match end {
            End::Value(_) => Terminal::Empty,
            _ => Terminal::Value(&[7; 32]),
        };
        prop_assert!(!rollup_abi::tree::verify(&root, &asked, &siblings, wrong));
        let mut other_root = root;
        other_root[flip.index(32)] ^= 1;
        prop_assert!(!rollup_abi::tree::verify(&other_root, &asked, &siblings, terminal(&end)));
        if !siblings.is_empty() {
            let at = flip.index(siblings.len() * 256);
            siblings[at / 256][at % 256 / 8] ^= 1 << (at % 8);
            prop_assert!(!rollup_abi::tree::verify(&root, &asked, &siblings, terminal(&end)));
        }
    }
}

#[test]
fn keys_that_differ_in_the_last_bit_are_256_deep() {
    let (mut low, mut high) = ([9u8; 32], [9u8; 32]);
    (low[31], high[31]) = (2, 3);
    let cells = BTreeMap::from([(low, Plain([1; 32])), (high, Plain([2; 32]))]);
    let tree = Tree::build(cells.clone());
    assert_eq!(tree.root(), oracle_root(&cells));
    assert_eq!(tree.prove(&low).0.len(), 256);
    let alone = tree.update([(high, None)]);
    assert_eq!(alone.prove(&low).0.len(), 0, "a lone cell is the root");
    assert_eq!(alone.update([(low, None)]).root(), [0; 32]);
}
