//! Which transactions are rejected, which fail and are charged, and with what code.

mod common;

use std::num::NonZeroUsize;

use assetvm::*;
use common::*;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn mint(amount: u64) -> Action {
    let (to, amount) = (address(4), units(amount));
    Action::Mint { to, amount }
}

#[test]
fn rejections_change_nothing_and_spoil_the_block() {
    let state = genesis().state().unwrap();
    let send = Action::transfer(address(2), units(1));
    let with = |change: fn(&mut TransactionBody)| {
        let mut body = body(1, 0, send.clone());
        change(&mut body);
        body
    };
    let (got, expected) = (Nonce::new(1), Nonce::new(0));
    let (chain_id, minimum) = (genesis().chain_id(), units(FEE));
    let table = [
        (
            with(|b| b.chain_id = [9; 32]),
            104,
            Rejection::ChainId {
                got: [9; 32],
                expected: chain_id,
            },
        ),
        (
            with(|b| b.nonce = Nonce::new(1)),
            105,
            Rejection::Nonce { got, expected },
        ),
        (
            with(|b| b.fee = units(9)),
            107,
            Rejection::FeeTooLow {
                got: units(9),
                minimum,
            },
        ),
        (
            with(|b| b.fee = units(1001)),
            108,
            Rejection::FeeNotPayable {
                balance: units(1000),
                fee: units(1001),
            },
        ),
    ];
    for (body, code, reason) in table {
        let bad = signed(1, body);
        assert_eq!((reason.code(), state.charge(bad.body())), (code, Err(reason)));
        let mut executor = Executor::new(&state, BLOCK);
        assert_eq!(executor.execute(&bad), Err(reason));
        let outcome = executor.finish();
        assert_eq!(
            (outcome.state_root, outcome.receipts),
            (state.root(), vec![]),
            "{reason}"
        );
        let block = execute(&state, &[transfer(2, 0, 3, 1), bad]).map(|outcome| outcome.receipts);
        assert_eq!(block, Err(InvalidTransaction { index: 1, reason }));
    }
    // Without an account there is nothing to pay with, except for the mint authority's mint.
    let poor = signed(4, body(4, 0, send.clone()));
    assert_eq!(state.charge(poor.body()).unwrap_err().code(), 108);
    let mut free = body(0, 0, mint(1));
    free.fee = Amount::ZERO;
    assert_eq!(
        state.charge(&free).map(|account| account.nonce),
        Ok(Nonce::new(1))
    );
    free.action = send;
    assert_eq!(state.charge(&free).unwrap_err().code(), 107);
}

fn restore(metadata: Metadata, accounts: Vec<(Address, Account)>) -> Result<State, StateError> {
    let contents = Contents {
        accounts,
        ..Contents::default()
    };
    State::restore(genesis().params(), metadata, contents)
}

#[test]
fn the_last_nonce_is_never_used() {
    let account = Account {
        balance: units(100),
        nonce: Nonce::new(u64::MAX),
    };
    let metadata = Metadata {
        total_supply: units(100),
        minted: 100,
        ..Metadata::default()
    };
    let state = restore(metadata, vec![(address(1), account)]).unwrap();
    let rejection = state.charge(transfer(1, u64::MAX, 2, 1).body()).unwrap_err();
    assert_eq!((rejection, rejection.code()), (Rejection::NonceExhausted, 106));
}

#[test]
fn failures_are_charged_and_do_nothing_else() {
    let state = genesis().state().unwrap();
    let (balance, amount) = (units(1000 - FEE), units(991));
    let (supply, cap) = (units(3000), units(CAP));
    let over = units(CAP - 2999);
    let insufficient = Failure::InsufficientBalance { balance, amount };
    let table = [
        (1, Action::transfer(address(2), amount), 200, insufficient.clone()),
        (1, Action::transfer(address(1), amount), 200, insufficient.clone()),
        (1, Action::Burn { amount }, 200, insufficient),
        (1, mint(5), 201, Failure::NotMintAuthority),
        (
            0,
            mint(CAP - 2999),
            202,
            Failure::SupplyCapExceeded {
                supply,
                amount: over,
                cap,
            },
        ),
        (
            0,
            mint(u64::MAX),
            202,
            Failure::SupplyCapExceeded {
                supply,
                amount: Amount::MAX,
                cap,
            },
        ),
        (0, mint(0), 203, Failure::ZeroAmount),
        (
            1,
            Action::transfer(address(2), Amount::ZERO),
            203,
            Failure::ZeroAmount,
        ),
        (1, Action::Burn { amount: Amount::ZERO }, 203, Failure::ZeroAmount),
    ];
    for (who, action, code, failure) in table {
        let mut body = body(who, 0, action);
        body.fee = units(if who == 0 { 0 } else { FEE });
        let fee = body.fee;
        let transaction = signed(who, body);
        let block = execute(&state, std::slice::from_ref(&transaction)).unwrap();
        let receipt = Receipt {
            id: transaction.id(),
            fee,
            gas_used: Gas(0),
            outcome: Outcome::Failed(failure.clone()),
        };
        assert_eq!((block.receipts, failure.code()), (vec![receipt], code));
        let before = state.get(&address(who)).unwrap_or_default();
        let charged = Account {
            balance: before.balance.checked_sub(fee).unwrap(),
            nonce: Nonce::new(1),
        };
        assert_eq!(block.changes.accounts, [(address(who), Some(charged))]);
        let metadata = Metadata {
            fees_collected: fee,
            ..*state.metadata()
        };
        assert_eq!(
            (block.changes.metadata, *block.state.metadata()),
            (metadata, metadata)
        );
    }
}

#[test]
fn actions_take_effect() {
    let state = genesis().state().unwrap();
    let mut free = body(0, 0, mint(CAP - 3000));
    free.fee = Amount::ZERO;
    let block = execute(
        &state,
        &[
            signed(0, free),
            transfer(1, 0, 4, 990),
            transfer(2, 0, 2, 990),
            signed(2, body(2, 1, Action::Burn { amount: units(980) })),
            transfer(4, 0, 1, 1),
        ],
    )
    .unwrap();
    assert!(block.receipts.iter().all(|receipt| receipt.outcome.is_applied()));
    let want = [
        (0, 0, 1),
        (1, 1, 1),
        (2, 0, 2),
        (3, 1000, 0),
        (4, CAP - 3000 + 990 - 11, 1),
    ];
    for (who, balance, nonce) in want {
        let account = Account {
            balance: units(balance),
            nonce: Nonce::new(nonce),
        };
        assert_eq!(block.state.get(&address(who)), Some(account), "account {who}");
    }
    let metadata = Metadata {
        total_supply: units(CAP - 980),
        fees_collected: units(40),
        minted: u128::from(CAP),
        burnt: 980,
    };
    assert_eq!(*block.state.metadata(), metadata);
    // Burning has made room under the cap.
    let again = signed(
        0,
        TransactionBody {
            fee: Amount::ZERO,
            ..body(0, 1, mint(980))
        },
    );
    assert!(
        execute(&block.state, &[again]).unwrap().receipts[0]
            .outcome
            .is_applied()
    );
}

#[test]
fn signatures_are_checked_strictly_and_in_order() {
    let good = || Unvalidated::new(transfer(1, 0, 2, 1).transaction().clone());
    let forged = |change: fn(&mut Transaction)| {
        let mut transaction = good().peek().clone();
        change(&mut transaction);
        Unvalidated::new(transaction)
    };
    let forgeries: [fn(&mut Transaction); 5] = [
        |tx| tx.signature[0] ^= 1,
        |tx| tx.signature[63] ^= 0x10,
        |tx| tx.body.sender = address(2),
        |tx| tx.body.fee = units(FEE + 1),
        // The identity as key and as nonce point, scalar 0: passes ed25519's loose check for any message.
        |tx| {
            let mut identity = [0; 32];
            identity[0] = 1;
            tx.body.sender = Address::new(identity);
            tx.signature = [0; SIGNATURE_BYTES];
            tx.signature[0] = 1;
        },
    ];
    for forge in forgeries {
        assert_eq!(forged(forge).verify(), Err(Rejection::Signature));
    }
    for threads in [1, 2, 3, 8].map(|n| NonZeroUsize::new(n).unwrap()) {
        let block = vec![
            good(),
            good(),
            good(),
            forged(forgeries[0]),
            good(),
            forged(forgeries[1]),
            good(),
        ];
        let reason = Rejection::Signature;
        assert_eq!(
            verify_block(block, |_| false, threads),
            Err(InvalidTransaction { index: 3, reason })
        );
        let verified = verify_block(vec![good(); 5], |_| false, threads).unwrap();
        assert_eq!(verified, vec![good().verify().unwrap(); 5]);
        assert_eq!(verify_block(vec![], |_| false, threads), Ok(vec![]));
    }
    let known = transfer(1, 0, 2, 1).id();
    let block = vec![good(), forged(forgeries[0])];
    let result = verify_block(block, |id| *id == known, ONE);
    assert_eq!(result.unwrap_err().index, 1, "a changed signature is another id");
}

#[test]
fn decoding_is_strict() {
    let bytes = transfer(1, 0, 2, 1).transaction().encode();
    let mut longer = bytes.clone();
    longer.push(0);
    let mut tag = bytes.clone();
    tag[80] = 9;
    let mut memo = bytes.clone();
    memo[80 + 1 + 40] = 65;
    for (bytes, code, reason) in [
        (&longer[..], 102, Rejection::TrailingBytes { got: 1 }),
        (&bytes[..bytes.len() - 1], 101, Rejection::Malformed),
        (&tag, 101, Rejection::Malformed),
        (&memo, 101, Rejection::Malformed),
        (&[], 101, Rejection::Malformed),
        (
            &[0; MAX_TRANSACTION_BYTES + 1],
            100,
            Rejection::TooLarge {
                got: MAX_TRANSACTION_BYTES + 1,
                limit: MAX_TRANSACTION_BYTES,
            },
        ),
    ] {
        assert_eq!((Unvalidated::decode(bytes), reason.code()), (Err(reason), code));
    }
    assert_eq!(
        Memo::new("x".repeat(65)),
        Err(TextTooLong {
            got: 65,
            limit: MAX_MEMO_BYTES
        })
    );
    assert_eq!(Rejection::Signature.code(), 103);
}

#[test]
fn payload_limits() {
    let transaction = transfer(1, 0, 2, 1);
    let mut payload = Payload::default();
    assert_eq!((payload.count(), payload.as_bytes()), (0, &[0; 4][..]));
    for _ in 0..MAX_BLOCK_TXS {
        payload.push(&transaction).unwrap();
    }
    let full = payload.clone();
    let too_many = PayloadError::TooMany {
        got: MAX_BLOCK_TXS + 1,
    };
    assert_eq!(payload.push(&transaction), Err(too_many));
    assert_eq!(payload, full, "a refused push changes nothing");
    assert_eq!(Payload::decode(full.as_bytes()).unwrap().len(), MAX_BLOCK_TXS);

    let one = Payload::of(std::slice::from_ref(&transaction))
        .unwrap()
        .into_bytes();
    let mut longer = one.clone();
    longer.push(0);
    let mut bad = one.clone();
    bad[8 + 80] = 9;
    let malformed = InvalidTransaction {
        index: 0,
        reason: Rejection::Malformed,
    };
    let count = |n: u32| n.to_le_bytes().to_vec();
    for (bytes, code, error) in [
        (
            vec![0; MAX_PAYLOAD_BYTES + 1],
            300,
            PayloadError::TooLarge {
                got: MAX_PAYLOAD_BYTES + 1,
            },
        ),
        (count(MAX_BLOCK_TXS as u32 + 1), 301, too_many),
        (
            count(u32::MAX),
            301,
            PayloadError::TooMany {
                got: u32::MAX as usize,
            },
        ),
        (count(1), 302, PayloadError::Truncated { at: 4 }),
        (
            one[..one.len() - 1].to_vec(),
            302,
            PayloadError::Truncated { at: one.len() - 1 },
        ),
        (vec![0; 3], 302, PayloadError::Truncated { at: 3 }),
        (longer, 303, PayloadError::TrailingBytes { got: 1 }),
        (bad, 101, PayloadError::Transaction(malformed)),
    ] {
        assert_eq!((Payload::decode(&bytes), error.code()), (Err(error), code));
    }
}

#[test]
fn payload_stops_at_its_size() {
    let memo = Memo::new("m".repeat(MAX_MEMO_BYTES)).unwrap();
    let (to, amount) = (address(2), units(1));
    let large = signed(1, body(1, 0, Action::Transfer { to, amount, memo }));
    let mut payload = Payload::default();
    let refused = loop {
        if let Err(error) = payload.push(&large) {
            break error;
        }
    };
    // Memos are small enough that the count is what fills a block; the size limit is the decoder's, for what peers send.
    assert_eq!(
        refused,
        PayloadError::TooMany {
            got: MAX_BLOCK_TXS + 1
        }
    );
    assert!(payload.as_bytes().len() <= MAX_PAYLOAD_BYTES);
}

#[test]
fn genesis_is_checked() {
    let with = |change: fn(&mut Genesis)| {
        let mut genesis = genesis();
        change(&mut genesis);
        genesis.state().map(|state| state.root()).unwrap_err()
    };
    let accounts = genesis().accounts;
    let index = 1;
    let unsorted = GenesisError::Unsorted {
        index,
        address: accounts[0].0,
    };
    assert_eq!(with(|g| g.accounts.swap(0, 1)), unsorted);
    assert_eq!(with(|g| g.accounts[1] = g.accounts[0]), unsorted);
    let zero = GenesisError::ZeroBalance {
        index,
        address: accounts[1].0,
    };
    assert_eq!(with(|g| g.accounts[1].1 = Amount::ZERO), zero);
    let cap = units(2999);
    assert_eq!(
        with(|g| g.supply_cap = units(2999)),
        GenesisError::SupplyCap { got: 3000, cap }
    );
    let got = u128::from(u64::MAX) + 2000;
    let wide = with(|g| (g.supply_cap, g.accounts[0].1) = (Amount::MAX, Amount::MAX));
    assert_eq!(
        wide,
        GenesisError::SupplyCap {
            got,
            cap: Amount::MAX
        }
    );
    assert_eq!(Genesis::decode(&genesis().encode()), Ok(genesis()));
    assert_eq!(Genesis::decode(&[1]), Err(GenesisError::Malformed));
}

#[test]
fn stored_accounts_are_checked() {
    let state = genesis().state().unwrap();
    let mut accounts: Vec<_> = state.accounts().collect();
    let rebuild = |metadata: Metadata, accounts: &[(Address, Account)]| {
        restore(metadata, accounts.to_vec()).map(|state| state.root())
    };
    assert_eq!(rebuild(*state.metadata(), &accounts), Ok(state.root()));
    let lost = StateError::Supply {
        got: 2000,
        expected: units(3000),
    };
    assert_eq!(rebuild(*state.metadata(), &accounts[1..]), Err(lost));
    accounts.push(accounts[0]);
    let address = accounts[0].0;
    assert_eq!(
        rebuild(*state.metadata(), &accounts),
        Err(StateError::Duplicate { address })
    );
}
