//! Proofs against the root history: old blocks, and accounts.

use program_tests::oracle::{history_path, sha256};
use program_tests::{Chain, Failure, Landed, Rig};
use rollup_abi::ProgramError;
use rollup_abi::event::Event;
use rollup_abi::instruction::{VerifyAccount, VerifyBlock};
use rollup_abi::{path, tree};

use crate::case::{Case, Table, check, four, refused};

/// Three hundred blocks in posts of twelve: the oldest fell out of the ring.
fn long() -> Rig {
    let mut rig = four();
    while rig.chain.height < 300 {
        let post = rig.chain.post(12);
        rig.submit(&post).expect("twelve blocks");
    }
    rig
}

fn verify_block(
    rig: &mut Rig,
    anchor: u64,
    height: u64,
    leaf: [u8; 32],
    path: &[u8],
) -> Result<Landed, Failure> {
    let stranger = rig.roles.stranger.insecure_clone();
    let call = VerifyBlock {
        anchor,
        height,
        leaf,
        path,
    };
    rig.call(&stranger, &call)
}

/// The true claim about a height, spoiled.
fn block(spoil: impl FnOnce(&mut u64, &mut u64, &mut [u8; 32], &mut Vec<u8>)) -> Result<Landed, Failure> {
    let mut rig = long();
    let (mut anchor, mut height) = (288, 7);
    let mut leaf = rig.chain.leaves[7];
    let mut path = history_path(&rig.chain.leaves[..288], 7);
    spoil(&mut anchor, &mut height, &mut leaf, &mut path);
    verify_block(&mut rig, anchor, height, leaf, &path)
}

pub const BLOCKS: Table = Table {
    instruction: "verify_block",
    cases: &[
        Case {
            name: "another leaf",
            expect: ProgramError::BlockNotProven,
            run: || block(|_, _, leaf, _| leaf[0] ^= 1),
        },
        Case {
            name: "another height",
            expect: ProgramError::BlockNotProven,
            run: || block(|_, height, _, _| *height += 1),
        },
        Case {
            name: "a height beyond the newer block",
            expect: ProgramError::BlockNotProven,
            run: || block(|_, height, _, _| *height = 288),
        },
        Case {
            name: "a path one byte short",
            expect: ProgramError::BlockNotProven,
            run: || block(|_, _, _, path| path.truncate(path.len() - 1)),
        },
        Case {
            name: "a newer block that the ring does not hold any more",
            expect: ProgramError::RootUnknown,
            run: || block(|anchor, _, _, _| *anchor = 36),
        },
        Case {
            name: "a newer block that is not there yet",
            expect: ProgramError::RootUnknown,
            run: || block(|anchor, _, _, _| *anchor = 301),
        },
        Case {
            name: "a newer block that came in the middle of a run",
            expect: ProgramError::HistoryUnknown,
            run: || block(|anchor, _, _, _| *anchor = 287),
        },
        Case {
            name: "after a conflict",
            expect: ProgramError::Frozen,
            run: || {
                let mut rig = crate::conflict::frozen();
                let leaf = rig.chain.leaves[0];
                verify_block(&mut rig, 1, 0, leaf, &[])
            },
        },
    ],
};

/// A state of two accounts, and one that is missing.
struct State {
    root: [u8; 32],
    /// Address, encoded value, and the proof of each.
    alice: (Vec<u8>, Vec<u8>),
    nobody: Vec<u8>,
}

const ALICE: [u8; 32] = [0xA1; 32];
const BOB: [u8; 32] = [0xB0; 32];

/// An address without an account, whose key follows Alice's and Bob's down to where they part.
fn nobody() -> [u8; 32] {
    let shared = |a: &[u8; 32], b: &[u8; 32]| {
        (0..256)
            .take_while(|depth| bit(a, *depth) == bit(b, *depth))
            .count()
    };
    let fork = shared(&key(&ALICE), &key(&BOB));
    (0..=255)
        .map(|byte| [byte; 32])
        .find(|address| *address != ALICE && *address != BOB && shared(&key(address), &key(&ALICE)) >= fork)
        .expect("the two part early")
}

fn bit(key: &[u8; 32], depth: usize) -> bool {
    key[depth / 8] >> (7 - depth % 8) & 1 == 1
}

fn key(address: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"asset-l2:st-key1", &[0], address])
}

/// The tree over Alice and Bob, whose keys differ in some bit, built by hand.
fn state() -> State {
    let leaf = |address: &[u8; 32], value: &[u8]| {
        let hash = sha256(&[b"asset-l2:st-val1", value]);
        (sha256(&[b"asset-l2:st-leaf", &key(address), &hash]), hash)
    };
    let (alice_value, bob_value) = (
        [500u64.to_le_bytes(), 3u64.to_le_bytes()].concat(),
        [7u64.to_le_bytes(), 0u64.to_le_bytes()].concat(),
    );
    let ((alice, alice_hash), (bob, bob_hash)) = (leaf(&ALICE, &alice_value), leaf(&BOB, &bob_value));
    let fork = (0..256)
        .find(|depth| bit(&key(&ALICE), *depth) != bit(&key(&BOB), *depth))
        .expect("two keys differ");
    let mut node = alice;
    let mut siblings = vec![[0; 32]; fork + 1];
    siblings[fork] = bob;
    for depth in (0..=fork).rev() {
        let (left, right) = if bit(&key(&ALICE), depth) {
            (siblings[depth], node)
        } else {
            (node, siblings[depth])
        };
        node = sha256(&[b"asset-l2:st-node", &left, &right]);
    }
    let mut buffer = [0; 1_000];
    let terminal = tree::Terminal::Value(&alice_hash);
    let alice_proof = path::encode(&siblings, terminal, &mut buffer)
        .expect("short")
        .to_vec();
    let nobody = absent(&siblings, fork, (alice, alice_hash), (bob, bob_hash));
    State {
        root: node,
        alice: (alice_value, alice_proof),
        nobody,
    }
}

/// The proof that there is [`nobody`]: the path ends at the leaf of Alice or of Bob.
fn absent(
    siblings: &[[u8; 32]],
    fork: usize,
    alice: ([u8; 32], [u8; 32]),
    bob: ([u8; 32], [u8; 32]),
) -> Vec<u8> {
    let mut buffer = [0; 1_000];
    let with_alice = bit(&key(&nobody()), fork) == bit(&key(&ALICE), fork);
    let (other, hash, sibling) = if with_alice {
        (key(&ALICE), alice.1, bob.0)
    } else {
        (key(&BOB), bob.1, alice.0)
    };
    let mut siblings = siblings.to_vec();
    siblings[fork] = sibling;
    path::encode(&siblings, tree::Terminal::Other(&other, &hash), &mut buffer)
        .expect("short")
        .to_vec()
}

/// A rollup whose first block has this state.
fn settled(root: [u8; 32]) -> Rig {
    let mut rig = four();
    let (mut header, roots) = rig.chain.advance(1);
    header.state_root = root;
    header.roots_acc = sha256(&[&sha256(&[&[0; 32], &program_tests::rig::GENESIS_ROOT]), &root]);
    let post = rig.chain.certify(&header, &[0, 1, 2], roots);
    rig.submit(&post).expect("submit_roots");
    rig
}

fn verify_account(
    rig: &mut Rig,
    height: u64,
    address: [u8; 32],
    value: &[u8],
    proof: &[u8],
) -> Result<Landed, Failure> {
    let stranger = rig.roles.stranger.insecure_clone();
    let call = VerifyAccount {
        height,
        address,
        value,
        proof,
    };
    rig.call(&stranger, &call)
}

/// The true claim about Alice, spoiled.
fn account(
    spoil: impl FnOnce(&mut u64, &mut [u8; 32], &mut Vec<u8>, &mut Vec<u8>),
) -> Result<Landed, Failure> {
    let State {
        root,
        alice: (mut value, mut proof),
        ..
    } = state();
    let (mut height, mut address) = (1, ALICE);
    spoil(&mut height, &mut address, &mut value, &mut proof);
    verify_account(&mut settled(root), height, address, &value, &proof)
}

pub const ACCOUNTS: Table = Table {
    instruction: "verify_account",
    cases: &[
        Case {
            name: "another balance",
            expect: ProgramError::AccountNotProven,
            run: || account(|_, _, value, _| value[0] ^= 1),
        },
        Case {
            name: "another address",
            expect: ProgramError::AccountNotProven,
            run: || account(|_, address, _, _| *address = BOB),
        },
        Case {
            name: "the value's absence",
            expect: ProgramError::AccountNotProven,
            run: || account(|_, _, value, _| value.clear()),
        },
        Case {
            name: "another state",
            expect: ProgramError::AccountNotProven,
            run: || account(|height, _, _, _| *height = 0),
        },
        Case {
            name: "a height that is not there yet",
            expect: ProgramError::RootUnknown,
            run: || account(|height, _, _, _| *height = 2),
        },
        Case {
            name: "a sibling cut short",
            expect: ProgramError::ProofMalformed,
            run: || account(|_, _, _, proof| proof.truncate(proof.len() - 1)),
        },
        Case {
            name: "a sibling too many",
            expect: ProgramError::AccountNotProven,
            run: || account(|_, _, _, proof| proof.extend([0; 32])),
        },
        Case {
            name: "no proof at all",
            expect: ProgramError::ProofMalformed,
            run: || account(|_, _, _, proof| proof.clear()),
        },
        Case {
            name: "after a conflict",
            expect: ProgramError::Frozen,
            run: || {
                let mut rig = crate::conflict::frozen();
                verify_account(&mut rig, 1, ALICE, &[1], &[0, 0, 0])
            },
        },
    ],
};

#[test]
fn false_blocks_are_not_proven() {
    check(&BLOCKS);
}

#[test]
fn false_accounts_are_not_proven() {
    check(&ACCOUNTS);
}

#[test]
fn blocks_of_any_age_are_proven() {
    let mut rig = long();
    for anchor in [48, 60, 288, 300] {
        for height in [0, 1, 47, anchor / 2, anchor - 1] {
            let leaf = rig.chain.leaves[height as usize];
            let path = history_path(&rig.chain.leaves[..anchor as usize], height as usize);
            let landed = verify_block(&mut rig, anchor, height, leaf, &path)
                .unwrap_or_else(|failure| panic!("{height} against {anchor}: {failure:?}"));
            match landed.events()[..] {
                [Event::BlockProven(event)] => {
                    assert_eq!((event.anchor, event.height, event.leaf), (anchor, height, leaf));
                    assert_eq!(landed.return_data, event.encode());
                }
                ref other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(
        rig.rollup(|rollup| rollup.state.last.state_root),
        Chain::root(300)
    );
}

#[test]
fn an_account_and_its_absence_are_proven() {
    let State {
        root,
        alice: (value, proof),
        nobody,
    } = state();
    let mut rig = settled(root);
    let before = rig.rollup_data();
    let landed = verify_account(&mut rig, 1, ALICE, &value, &proof).expect("verify_account");
    match landed.events()[..] {
        [Event::AccountProven(event)] => {
            assert_eq!((event.height, event.exists, event.state_root), (1, 1, root));
            assert_eq!(event.address, ALICE);
            assert_eq!(landed.return_data, event.encode());
        }
        ref other => panic!("{other:?}"),
    }
    let landed = verify_account(&mut rig, 1, self::nobody(), &[], &nobody).expect("verify_account");
    assert!(
        matches!(landed.events()[..], [Event::AccountProven(event)] if event.exists == 0 && event.value_hash == [0; 32])
    );
    assert_eq!(
        verify_account(&mut rig, 1, self::nobody(), &value, &nobody).err(),
        refused(ProgramError::AccountNotProven)
    );
    assert_eq!(rig.rollup_data(), before, "a view changes nothing");
}
