//! Golden vectors: the bytes that are hashed and signed change only together with this file.
//!
//! The values were computed by another implementation (Python's hashlib) from the written layouts.

use rollup_abi::mmr::Mmr;
use rollup_abi::{Digest, committee, roots, tree, vote};

fn check(vectors: &[(&str, Digest, &str)]) {
    for (name, digest, golden) in vectors {
        assert_eq!(hex::encode(digest), *golden, "{name}");
    }
}

#[test]
fn what_is_signed() {
    check(&[
        (
            "vote1",
            vote::vote1_digest(&[1; 32], 2, 3, 4, &[5; 32]),
            "4d5a12351f311682891bc42aacdab6601a2d85ea5de20334470ffe9610601897",
        ),
        (
            "vote2",
            vote::vote2_digest(&[1; 32], 2, 3, 4, &[5; 32]),
            "e753f0faae24ce72298a0ef2e8e87bbf93f0de070ab2db6ffff7895cd4ac5fd5",
        ),
        (
            "timeout",
            vote::timeout_digest(&[1; 32], 2, 3, (1, 4)),
            "729b946f2bfb3b768f69f3671feda411b2373ba63f35da411ca9444d38ed432e",
        ),
        (
            "possession",
            vote::possession_digest(&[1; 32], &[2; 32], &[3; 64], &[4; 128]),
            "dfa8b5f03d142e27e9676372d3e2062fb667b78401c75682a5cd19632b48b5ce",
        ),
        (
            "payload",
            vote::payload_commitment(b"payload"),
            "e6324ec84aabec79d569ef64aff443b0da946636dee1b4b47f9a85314377b52e",
        ),
        (
            "committee, start",
            committee::hash_start(7, 2),
            "ade60a185b0cddbd8e27e5fa72113206f2321f5c51a9e9036078061e284a2ccb",
        ),
        (
            "committee",
            committee::committee_hash(
                7,
                [(&[1; 128], 2, &[3; 32]), (&[4; 128], 5, &[6; 32])].into_iter(),
            ),
            "b842bff1b869a8519768390779fb2bad93583e7da22652ab85da9d7d672d64dd",
        ),
    ]);
}

#[test]
fn what_is_proven() {
    let mut mmr = Mmr::default();
    for leaf in 0..3 {
        mmr.append(&[leaf; 32]);
    }
    check(&[
        (
            "roots, genesis",
            roots::genesis(&[1; 32]),
            "5c85955f709283ecce2b74f1b1552918819f390911816e7bb466805a38ab87f3",
        ),
        (
            "roots",
            roots::extend(&[1; 32], &[2; 32]),
            "f818afd37a6dc3bc92fb44731011277006db4efa6e9023cd7468c02335d22a4d",
        ),
        (
            "tree, account key",
            tree::account_key(&[1; 32]),
            "f47f7087c61650c1de538a95660448a6dbc57ae7a21c1c73445f29f4563c801c",
        ),
        (
            "tree, metadata key",
            tree::metadata_key(),
            "93494a63c778d76b363a2ce906a53e556935fcca65e60cff5805df865a61fed4",
        ),
        (
            "tree, value",
            tree::value_hash(b"value"),
            "dfa5d6431b443d348b849194d903ed211e1f5947de60cdc34f4f3074dfdd1a90",
        ),
        (
            "tree, account value",
            tree::account_value_hash(1, 2),
            "774a0713b37a2ebfa23edf2d3459aa7ce44358441123e66115a15705486ce2f5",
        ),
        (
            "tree, leaf",
            tree::leaf_hash(&[1; 32], &[2; 32]),
            "986ac3692ba1ba9b604a563c1e6b0a217273a53b6a966b5804c3ad72f83bda51",
        ),
        (
            "tree, node",
            tree::node_hash(&[1; 32], &[2; 32]),
            "8c3038e69a03e0e2837cb1e3c411de1e8f8bd4639e9885f3ccd71a4350a00a1d",
        ),
        (
            "history of three leaves",
            mmr.root(),
            "6548605d4b0e58c7fcef90185e29b0fa811d273cec8883b10b46534102968d89",
        ),
        (
            "empty history",
            Mmr::default().root(),
            "d37aad6f570e55f22b97670f00888e65cb01342d1075a52281e810d160f0837a",
        ),
    ]);
}
