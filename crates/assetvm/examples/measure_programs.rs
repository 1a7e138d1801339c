//! Measures what the state's instructions cost on a state tree, beside their gas: `cargo run --release -p assetvm --example
//! measure_programs`.
//!
//! Arguments: entries of the program, and accounts (default 1,000,000). Each row is a block of calls that do one thing over and
//! over, executed on one thread, its root included. Keys are hashes, so each access goes to another place in the tree.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow ends the measuring")]

use assetvm::*;
use curvevm::{Program, Value, encode_values};
use rollup_abi::sha256;

const WORK: &str = "
program work
interface entry nothing() -> ()
interface view answer() -> (u64)
event Done(n: u64, by: address)
cell one: (n: u64)
map many: (u64) -> (n: u64)
entry get(from: u64, n: u64) {
  regs u64
  add.u64 r1, r0, r1
again:
  map.get many, r0, r2
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry put(from: u64, n: u64) {
  add.u64 r1, r0, r1
again:
  map.set many, r0, r1
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry load_store(from: u64, n: u64) {
  regs u64
  add.u64 r1, r0, r1
again:
  load one, r2
  store one, r0
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry balances(from: u64, n: u64) {
  regs bytes[8], hash, address, u64
  add.u64 r1, r0, r1
again:
  pack r2, 1, r0
  sha256 r3, r2
  hash.address r4, r3
  balance r5, r4
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry payable pay(from: u64, n: u64) {
  regs bytes[8], hash, address, u64
  add.u64 r1, r0, r1
  const.u64 r5, 1
again:
  pack r2, 1, r0
  sha256 r3, r2
  hash.address r4, r3
  transfer r4, r5
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry emit(from: u64, n: u64) {
  regs u64, address
  add.u64 r1, r0, r1
again:
  mov.64 r2, r0
  caller r3
  emit Done, r2
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry call(from: u64, n: u64, other: address) {
  regs u64
  add.u64 r1, r0, r1
again:
  call.program r2, i0, r3, r3, r3
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry ask(from: u64, n: u64, other: address) {
  regs u64
  add.u64 r1, r0, r1
again:
  view.program r2, i1, r3, r3
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}
entry compute(from: u64, n: u64) {
  regs u64, u64
  add.u64 r1, r0, r1
  const.u64 r2, 7
again:
  div.u64 r3, r0, r2
  xor.u64 r3, r3, r1
  add.imm r0, r0, 1
  jump.lt r0, r1, again
  ret r0
}";

const OTHER: &str = "
program other
entry payable nothing() {
  ret r0
}
view answer() -> (u64) {
  regs u64
  ret r0
}";

const BLOCK: BlockContext = BlockContext {
    height: 1,
    time_ms: 1,
};

/// The processor's time of this thread, nanoseconds: what others do counts as little as can be.
fn now() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock");
    time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
}

fn address(index: u64) -> Address {
    Address::new(sha256(&[b"measure", &index.to_le_bytes()]))
}

fn program(assembly: &str, entries: u64) -> (ProgramRecord, Vec<u8>) {
    let code = Program::assemble(assembly).expect("assembly").encode();
    let record = ProgramRecord {
        code_hash: curvevm::CodeHash::of(&code),
        authority: None,
        entries,
    };
    (record, code)
}

fn state(entries: u64, accounts: u64, sender: Address) -> State {
    let (work, other) = (program(WORK, entries), program(OTHER, 0));
    let genesis = Genesis {
        program_id: address(0),
        mint_authority: address(0),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::ZERO,
        gas: GasRules {
            price: Amount::ZERO,
            block: Gas(u64::MAX),
        },
        accounts: Vec::new(),
        committee: [0; 32],
        timestamp_ms: 0,
        roster: GenesisRoster::default(),
    };
    let account = |units| Account {
        balance: Amount::from_base_units(units),
        nonce: Nonce::default(),
    };
    let slots = Program::assemble(WORK).expect("assembly").slots;
    let many = &slots[1];
    let stored = (0..entries).map(|n| EntryId {
        program: address(1),
        key: many.key(&[Value::U64(n)]),
    });
    let mut owners = vec![(sender, account(UNIT))];
    owners.extend((10..accounts).map(|n| (address(n), account(1))));
    let total = UNIT + accounts.saturating_sub(10);
    let contents = Contents {
        accounts: owners,
        programs: vec![(address(1), work.0, work.1), (address(2), other.0, other.1)],
        entries: stored.map(|id| (id, 1u64.to_le_bytes().to_vec())).collect(),
        ..Contents::default()
    };
    let metadata = Metadata {
        total_supply: Amount::from_base_units(total),
        minted: total.into(),
        ..Metadata::default()
    };
    State::restore(genesis.params(), metadata, contents).expect("a state")
}

/// Executes a block of `calls` calls, each of which does something `n` times; nanoseconds and gas for each time.
fn measure(
    state: &State,
    key: &SigningKey,
    entry: &str,
    calls: u64,
    n: u64,
    from: u64,
    more: &[Value],
) -> (f64, f64) {
    let best = (0..5).map(|_| {
        let transactions: Vec<_> = (0..calls)
            .map(|turn| {
                let mut args = vec![Value::U64(from + turn * n), Value::U64(n)];
                args.extend_from_slice(more);
                let body = TransactionBody {
                    chain_id: state.params().chain_id,
                    sender: key.address(),
                    nonce: Nonce::new(turn),
                    fee: Amount::ZERO,
                    action: Action::Call {
                        program: address(1),
                        entry: entry.to_owned(),
                        args: encode_values(&args),
                        payment: Amount::from_base_units(if entry == "pay" { n } else { 0 }),
                        gas: Gas(1_000_000_000),
                    },
                };
                Unvalidated::new(key.sign(body)).verify().expect("just signed")
            })
            .collect();
        let start = now();
        let outcome = execute_block(state, BLOCK, &transactions).expect("valid");
        let took = now() - start;
        let gas: u64 = outcome.receipts.iter().map(|receipt| receipt.gas_used.0).sum();
        for receipt in outcome.receipts {
            assert!(receipt.outcome.is_applied(), "{:?}", receipt.outcome);
        }
        let times = (calls * n) as f64;
        (took / times, gas as f64 / times)
    });
    best.min_by(|a, b| a.0.total_cmp(&b.0)).expect("five times")
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().expect("a number"));
    let entries = arguments.next().unwrap_or(1_000_000);
    let accounts = arguments.next().unwrap_or(1_000_000);
    let key = SigningKey::from_seed(&[7; 32]);
    let state = state(entries, accounts, key.address());
    println!("{entries} entries, {accounts} accounts");
    println!(
        "{:<44} {:>10} {:>10} {:>8}",
        "each, root included", "ns", "gas", "gas/ns"
    );
    let other = [Value::Address(address(2))];
    let (fresh, some) = (entries * 2, &other[..]);
    for (what, entry, calls, n, from, more) in [
        (
            "a small call, alone (from admission on)",
            "compute",
            2000,
            1,
            0,
            &[][..],
        ),
        ("computing (four instructions)", "compute", 1, 2_000_000, 0, &[]),
        ("map.get of an entry", "get", 20, 1000, 0, &[]),
        ("map.get of nothing", "get", 20, 1000, fresh, &[]),
        ("map.set of an entry", "put", 20, 1000, 0, &[]),
        ("map.set of a new entry", "put", 20, 1000, fresh, &[]),
        ("load and store of one cell", "load_store", 20, 1000, 0, &[]),
        ("balance (and sha256)", "balances", 20, 1000, 0, &[]),
        ("transfer to a new account (and sha256)", "pay", 20, 1000, 0, &[]),
        ("emit of 40 bytes", "emit", 100, 200, 0, &[]),
        ("call.program", "call", 20, 1000, 0, some),
        ("view.program", "ask", 20, 1000, 0, some),
    ] {
        let (ns, gas) = measure(&state, &key, entry, calls, n, from, more);
        println!("{what:<44} {ns:>10.0} {gas:>10.0} {:>8.1}", gas / ns);
    }
    let largest = program(WORK, 0).1;
    let start = now();
    for _ in 0..1000 {
        let code = Program::decode(&largest).expect("decodes");
        code.verify().expect("verifies");
    }
    let each = (now() - start) / 1000.0 / largest.len() as f64;
    println!("{:<44} {each:>10.0}", "decoding and verifying, each byte of code");
}
