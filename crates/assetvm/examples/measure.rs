//! Measures the state tree and block execution and prints a table: `cargo run --release -p assetvm --example measure`.
//!
//! Arguments: accounts (default 1,000,000) and repetitions (default 21). Times are medians and worst cases of one thread.
#![allow(clippy::disallowed_methods, reason = "measuring reads the clock")]

use std::{num::NonZeroUsize, time::Instant};

use assetvm::*;
use rollup_abi::sha256;

const BLOCK: BlockContext = BlockContext {
    height: 1,
    time_ms: 1,
};

fn address(index: u64) -> Address {
    Address::new(sha256(&[b"measure", &index.to_le_bytes()]))
}

fn report(what: &str, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    println!(
        "{what:<44} p50 {:>9.3} ms   max {:>9.3} ms",
        millis[millis.len() / 2],
        millis[millis.len() - 1]
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64() * 1000.0)
}

/// Numbers that are the same at every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        u64::from_le_bytes(sha256(&[&self.0.to_le_bytes()])[..8].try_into().expect("8 bytes"))
    }
}

fn genesis(accounts: u64, keys: &[SigningKey]) -> Genesis {
    let mut first: Vec<_> = (0..accounts)
        .map(address)
        .chain(keys.iter().map(SigningKey::address))
        .collect();
    first.sort();
    Genesis {
        program_id: address(0),
        mint_authority: address(0),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(1),
        gas: GasRules::default(),
        accounts: first
            .into_iter()
            .map(|address| (address, Amount::from_base_units(UNIT)))
            .collect(),
        committee: [0; 32],
        timestamp_ms: 0,
        roster: GenesisRoster::default(),
    }
}

fn measure_updates(state: &State, accounts: u64, size: usize, repetitions: u64, random: &mut Random) {
    let mut at = state.clone();
    let mut millis = Vec::new();
    for _ in 0..repetitions {
        let account = Account {
            balance: Amount::from_base_units(random.next()),
            nonce: Nonce::default(),
        };
        let changes = Changes {
            accounts: (0..size)
                .map(|_| (address(random.next() % accounts), Some(account)))
                .collect(),
            metadata: *state.metadata(),
            ..Changes::default()
        };
        let (next, took) = timed(|| at.apply(&changes));
        millis.push(took);
        at = next;
    }
    report(&format!("apply and hash {size} updates"), millis);
}

fn measure_blocks(state: &State, accounts: u64, keys: &[SigningKey], repetitions: u64, random: &mut Random) {
    let mut at = state.clone();
    let (mut verify, mut execute) = (Vec::new(), Vec::new());
    for round in 0..repetitions {
        let transactions: Vec<_> = keys
            .iter()
            .map(|key| {
                Unvalidated::new(key.sign(TransactionBody {
                    chain_id: state.params().chain_id,
                    sender: key.address(),
                    nonce: Nonce::new(round),
                    fee: Amount::from_base_units(1),
                    action: Action::transfer(address(random.next() % accounts), Amount::from_base_units(5)),
                }))
            })
            .collect();
        let (verified, took) = timed(|| verify_block(transactions, |_| false, NonZeroUsize::MIN));
        verify.push(took);
        let verified = verified.expect("signed");
        let (outcome, took) = timed(|| execute_block(&at, BLOCK, &verified).expect("valid"));
        execute.push(took);
        at = outcome.state;
    }
    report("check 500 signatures, one thread", verify);
    report("execute a block of 500 transfers, with root", execute);
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().expect("a number"));
    let accounts = arguments.next().unwrap_or(1_000_000);
    let repetitions = arguments.next().unwrap_or(21);
    let keys: Vec<_> = (0..500u64)
        .map(|who| SigningKey::from_seed(&sha256(&[&who.to_le_bytes()])))
        .collect();
    let genesis = genesis(accounts, &keys);
    let (state, millis) = timed(|| genesis.state().expect("valid genesis"));
    report(&format!("build the tree of {accounts} accounts"), vec![millis]);

    let mut random = Random(0);
    for size in [125, 500, 1000, 5000] {
        measure_updates(&state, accounts, size, repetitions, &mut random);
    }
    measure_blocks(&state, accounts, &keys, repetitions, &mut random);

    let (bytes, took) = timed(|| (0..1000).map(|i| state.prove(&address(i)).encode().len()).max());
    report(
        &format!("1,000 proofs, the longest {} bytes", bytes.unwrap_or(0)),
        vec![took],
    );
}
