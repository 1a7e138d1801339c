//! Bytes that are hashed, signed or sent. A change here is a change of the protocol.

mod common;

use assetvm::*;
use common::*;

fn transactions() -> [(&'static str, Transaction); 3] {
    let (to, amount) = (address(2), "12.5".parse().unwrap());
    let memo = Memo::new("invoice 7").unwrap();
    [
        ("mint", key(0).sign(body(0, 0, Action::Mint { to, amount }))),
        (
            "transfer",
            key(1).sign(body(1, 258, Action::Transfer { to, amount, memo })),
        ),
        ("burn", key(1).sign(body(1, 1, Action::Burn { amount }))),
    ]
}

#[test]
fn transaction_bytes_signing_bytes_and_ids() {
    let golden = include_str!("golden/transactions.txt");
    let mut now = String::new();
    for (name, transaction) in transactions() {
        let (bytes, signing) = (
            hex::encode(transaction.encode()),
            hex::encode(transaction.body.signing_bytes()),
        );
        now += &format!(
            "{name}\nbytes   {bytes}\nsigning {signing}\nid      {}\n",
            transaction.id()
        );
    }
    assert_eq!(now, golden);
}

#[test]
fn chain_id_and_roots() {
    let genesis = genesis();
    let state = genesis.state().unwrap();
    let block = execute(&state, &[transfer(1, 0, 4, 7), transfer(2, 0, 4, 2000)]).unwrap();
    let empty = execute(&state, &[]).unwrap();
    assert_eq!(empty.state_root, state.root(), "an empty block changes nothing");
    let payload = Payload::of(&[transfer(1, 0, 4, 7)]).unwrap();
    let lines = [
        ("genesis", hex::encode(genesis.encode())),
        ("chain id", hex::encode(genesis.chain_id())),
        ("genesis root", hex::encode(state.root())),
        ("block root", hex::encode(block.state_root)),
        ("receipts", hex::encode(borsh::to_vec(&block.receipts).unwrap())),
        ("proof", hex::encode(block.state.prove(&address(4)).encode())),
        ("absence", hex::encode(block.state.prove(&address(7)).encode())),
        ("totals", hex::encode(block.state.prove_metadata().encode())),
        ("payload", hex::encode(payload.as_bytes())),
    ];
    let now: String = lines
        .iter()
        .map(|(name, bytes)| format!("{name}: {bytes}\n"))
        .collect();
    assert_eq!(now, include_str!("golden/chain.txt"));
}

#[test]
fn ids_are_text() {
    let id = transactions()[0].1.id();
    assert_eq!(id.to_string().parse(), Ok(id));
    for bad in ["", "00", &"g".repeat(64), &"+1".repeat(32)] {
        assert_eq!(bad.parse::<TxId>(), Err(TxIdError), "{bad:?}");
    }
}
