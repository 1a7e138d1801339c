//! Programs on the chain: what deploying, calling, upgrading and closing them does, and every way in which it fails.

mod common;

use assetvm::*;
use common::{
    programs::{Chain, PLENTY, RELAY, TILL, call, code, deploy},
    *,
};
use curvevm::{Trap, Value, decode_values};

/// A till of account 1 with 100 base units in it.
fn till(chain: &mut Chain, upgradeable: bool) -> Address {
    chain.deploy(1, deploy(TILL, upgradeable, &[Value::U64(500)], 100))
}

fn key(slot: usize, keys: &[Value]) -> [u8; 32] {
    let till = curvevm::Program::assemble(TILL).unwrap();
    till.slots[slot].key(keys)
}

#[test]
fn a_program_takes_and_pays() {
    let mut chain = Chain::new();
    let supply = *chain.state.metadata();
    let till = till(&mut chain, false);
    assert_eq!(chain.balance(&till), 100);
    let output = chain.apply(2, call(till, "pay_in", &[], 30));
    assert_eq!(
        decode_values(&[curvevm::Type::U64], &output.results),
        Ok(vec![Value::U64(130)])
    );
    let program = chain.state.program(&till).unwrap();
    let event = output.events[0].decode(program.code.program()).unwrap().unwrap();
    assert_eq!(event, ("Paid", vec![Value::Address(address(2)), Value::U64(30)]));
    let before = chain.balance(&address(3));
    chain.apply(
        2,
        call(till, "pay_out", &[Value::Address(address(3)), Value::U64(45)], 0),
    );
    assert_eq!(
        (chain.balance(&till), chain.balance(&address(3))),
        (85, before + 45)
    );
    let metadata = chain.state.metadata();
    assert_eq!(metadata.total_supply, supply.total_supply);
    let balances: u64 = chain.state.accounts().map(|(_, a)| a.balance.base_units()).sum();
    assert_eq!(
        balances + metadata.fees_collected.base_units(),
        supply.total_supply.base_units()
    );
}

#[test]
fn what_lies_where_a_program_is_deployed_goes_to_who_deploys() {
    let mut chain = Chain::new();
    let next = |chain: &Chain| program_address(&address(1), Nonce::new(chain.nonce(1)));
    let place = next(&chain);
    chain.apply(2, Action::transfer(place, units(70)));
    chain.fail(1, deploy(TILL, false, &[Value::U64(10)], 100));
    assert_eq!(chain.balance(&place), 70, "the constructor fails");

    let place = next(&chain);
    chain.apply(2, Action::transfer(place, units(70)));
    let before = chain.balance(&address(1));
    let action = deploy(TILL, false, &[Value::U64(500)], 100);
    let fee = chain.prepare(1, action.clone()).fee.base_units();
    assert_eq!(chain.deploy(1, action), place);
    // The till's invariant is that it owns what it was paid.
    assert_eq!(chain.balance(&place), 100);
    assert_eq!(chain.balance(&address(1)), before - fee - 100 + 70);
}

#[test]
fn a_view_answers_without_a_transaction() {
    let mut chain = Chain::new();
    let program = till(&mut chain, false);
    let ask = |name, gas| {
        let view = View {
            program,
            name,
            args: &[],
            gas,
        };
        chain.state.view(BLOCK, &view).1
    };
    assert_eq!(ask("total", PLENTY), Ok(vec![Value::U64(100)]));
    assert_eq!(
        ask("pay_in", PLENTY),
        Err(Failure::NoSuchEntry),
        "an entry is no view"
    );
    assert_eq!(ask("total", Gas(100)).unwrap_err().code(), 240);
}

#[test]
fn a_simulation_says_what_a_transaction_would_do() {
    let mut chain = Chain::new();
    let till = till(&mut chain, false);
    let body = chain.prepare(2, call(till, "pay_in", &[], 30));
    let root = chain.state.root();
    let simulated = chain.state.simulate(BLOCK, &body).unwrap();
    assert_eq!(chain.state.root(), root);
    let receipt = chain.run(2, body.action.clone());
    assert_eq!(
        (simulated.gas_used, simulated.outcome),
        (receipt.gas_used, receipt.outcome)
    );
    assert!(receipt.gas_used.0 > 0 && receipt.gas_used <= PLENTY);
    assert!(matches!(
        chain.state.simulate(BLOCK, &body),
        Err(Rejection::Nonce { .. })
    ));
}

#[test]
fn what_programs_are_and_store_is_proven() {
    let mut chain = Chain::new();
    let program = till(&mut chain, true);
    chain.apply(2, call(program, "pay_in", &[], 30));
    let root = chain.state.root();
    let proof = chain.state.prove_program(&program);
    assert!(proof.verify(&root));
    let record = proof.value().copied().unwrap();
    let authority = Some(address(1));
    let code_hash = curvevm::CodeHash::of(&code(TILL));
    let expected = ProgramRecord {
        code_hash,
        authority,
        entries: 2,
    };
    assert_eq!(record, expected);
    assert_eq!(ProgramProof::decode(&proof.encode()), Ok(proof));
    let paid = |who| EntryId {
        program,
        key: key(1, &[Value::Address(address(who))]),
    };
    for (who, stored) in [(2, Some(30u64.to_le_bytes().to_vec())), (3, None)] {
        let proof = chain.state.prove_entry(&paid(who));
        assert_eq!((proof.verify(&root), proof.value().cloned()), (true, stored));
        let mut forged = proof.encode();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert!(EntryProof::decode(&forged).map_or(true, |forged| !forged.verify(&root)));
    }
    let absent = chain.state.prove_program(&address(1));
    assert!(absent.verify(&root) && absent.value().is_none());
}

#[test]
fn a_trap_says_where_and_why() {
    let mut chain = Chain::new();
    let till = till(&mut chain, false);
    let to = Value::Address(address(3));
    let failure = chain.fail(2, call(till, "pay_out", &[to.clone(), Value::U64(101)], 0));
    let text = format!("TooMuch: more than there is, in pay_out of {till} at till.curve:12:5");
    assert_eq!((failure.code(), failure.to_string()), (244, text));
    let failure = chain.fail(2, call(till, "steal", &[to, Value::U64(1)], 0));
    assert_eq!(failure.code(), 245);
    assert!(
        failure
            .to_string()
            .starts_with("an invariant does not hold, in honest of"),
        "{failure}"
    );
}

#[test]
fn deployments_fail() {
    let mut chain = Chain::new();
    let deploy = |code: Vec<u8>, args: Vec<u8>, payment, gas| Action::Deploy {
        code,
        upgradeable: false,
        args,
        payment: units(payment),
        gas: Gas(gas),
    };
    let limit = 5u64.to_le_bytes().to_vec();
    let mut unverified = code("program p\nfn f() {\n  ret r0\n}");
    let at = unverified.iter().rposition(|byte| *byte == 0).unwrap();
    unverified.truncate(at);
    for (action, failed) in [
        (deploy(code(TILL), limit.clone(), 0, 0), 210),
        (deploy(code(TILL), limit.clone(), 0, 60_000), 210),
        (deploy(b"CURV".to_vec(), vec![], 0, PLENTY.0), 211),
        (deploy(unverified, vec![], 0, PLENTY.0), 211),
        (
            deploy(vec![0; curvevm::limits::MAX_PROGRAM_BYTES], vec![], 0, 90_000_000),
            211,
        ),
        (deploy(code("program empty"), vec![1], 0, PLENTY.0), 213),
        (deploy(code("program empty"), vec![], 1, PLENTY.0), 213),
        (deploy(code(TILL), vec![], 0, PLENTY.0), 214),
        (deploy(code(TILL), vec![0; MAX_ARGS_BYTES], 0, PLENTY.0), 214),
        (deploy(code(TILL), limit.clone(), 6, PLENTY.0), 244),
        (deploy(code(TILL), limit.clone(), 100_000, PLENTY.0), 246),
        (deploy(code(RELAY), vec![0; 32], 1, PLENTY.0), 247),
    ] {
        let at = program_address(&address(1), Nonce::new(chain.nonce(1)));
        let failure = chain.fail(1, action);
        assert_eq!(failure.code(), failed, "{failure}");
        assert!(chain.state.program(&at).is_none());
    }
    chain.apply(1, deploy(code("program empty"), vec![], 0, PLENTY.0));
}

#[test]
fn calls_fail() {
    let mut chain = Chain::new();
    let till = till(&mut chain, false);
    let with = |gas, args: Vec<u8>| Action::Call {
        program: till,
        entry: "chatter".to_owned(),
        args,
        payment: Amount::ZERO,
        gas: Gas(gas),
    };
    let to = Value::Address(address(3));
    for (action, failed) in [
        (call(address(3), "pay_in", &[], 0), 212),
        (call(till, "pay_inn", &[], 0), 213),
        (call(till, "total", &[], 0), 213),
        (call(till, "honest", &[], 0), 213),
        (call(till, "open", &[Value::U64(1)], 0), 213),
        (call(till, "chatter", &[], 0), 214),
        (with(PLENTY.0, vec![0; MAX_ARGS_BYTES]), 214),
        (with(0, vec![]), 210),
        (with(50_300, vec![7; 8]), 240),
        (call(till, "spin", &[], 0), 240),
        (call(till, "chatter", &[Value::U64(256)], 0), 220),
        (call(till, "chatter", &[Value::U64(257)], 0), 252),
        (call(till, "pay_in", &[], 5000), 246),
        (call(till, "spin", &[], 1), 247),
        (Action::transfer(till, units(1)), 204),
        (call(till, "steal", &[to, Value::U64(1000)], 0), 246),
    ] {
        let failure = chain.fail(2, action);
        assert_eq!(failure.code(), failed, "{failure}");
    }
    let mint = Action::Mint {
        to: till,
        amount: units(1),
    };
    let mut free = chain.prepare(0, mint);
    free.fee = Amount::ZERO;
    let block = execute(&chain.state, &[signed(0, free)]).unwrap();
    assert_eq!(
        block.receipts[0].outcome,
        Outcome::Failed(Failure::ToProgram { to: till })
    );
}

#[test]
fn chains_of_calls_are_bounded() {
    let mut chain = Chain::new();
    let mut next = Address::default();
    let mut relays = vec![];
    for _ in 0..9 {
        next = chain.deploy(1, deploy(RELAY, false, &[Value::Address(next)], 0));
        relays.push(next);
    }
    let failure = chain.fail(2, call(relays[8], "go", &[], 256));
    assert!(
        matches!(&failure, Failure::Trapped(at) if at.trap == Trap::TooDeep && at.program == relays[1]),
        "{failure}"
    );
    chain.apply(2, call(relays[7], "go", &[], 256));
    let balances: Vec<u64> = relays.iter().map(|relay| chain.balance(relay)).collect();
    assert_eq!(balances, [2, 2, 4, 8, 16, 32, 64, 128, 0]);
}

#[test]
fn the_gas_of_transactions_and_blocks_is_bounded() {
    let mut chain = Chain::new();
    let till = till(&mut chain, false);
    let greedy = |gas| Action::Call {
        program: till,
        entry: "spin".to_owned(),
        args: vec![],
        payment: Amount::ZERO,
        gas: Gas(gas),
    };
    let (got, limit) = (Gas(BLOCK_GAS + 1), Gas(BLOCK_GAS));
    let rejection = chain.state.charge(&chain.prepare(2, greedy(got.0))).unwrap_err();
    assert_eq!(
        (rejection, rejection.code()),
        (Rejection::GasLimit { got, limit }, 109)
    );
    let all = signed(2, chain.prepare(2, greedy(BLOCK_GAS - 1)));
    let more = signed(3, chain.prepare(3, greedy(2)));
    let mut executor = Executor::new(&chain.state, BLOCK);
    let receipt = executor.execute(&all).unwrap();
    assert_eq!(
        receipt.gas_used,
        Gas(BLOCK_GAS - 1),
        "what runs out of gas uses it up"
    );
    let (got, left) = (Gas(2), Gas(1));
    let full = Rejection::BlockFull { got, left };
    assert_eq!((executor.execute(&more), full.code()), (Err(full), 110));
    let invalid = execute(&chain.state, &[all, more]).map(|_| ());
    assert_eq!(
        invalid,
        Err(InvalidTransaction {
            index: 1,
            reason: full
        })
    );
    let mut cheap = chain.prepare(2, greedy(1_000_000));
    let minimum = cheap.fee;
    assert_eq!(minimum, units(FEE + GAS_PRICE));
    cheap.fee = minimum.checked_sub(units(1)).unwrap();
    let got = cheap.fee;
    assert_eq!(
        chain.state.charge(&cheap),
        Err(Rejection::FeeTooLow { got, minimum })
    );
}

#[test]
fn only_its_authority_upgrades_a_program_and_only_compatibly() {
    let upgrade = |program, assembly: &str| Action::Upgrade {
        program,
        code: code(assembly),
    };
    let better = TILL.replace("more than there is", "not so much");
    let mut chain = Chain::new();
    let (fixed, program) = (till(&mut chain, false), till(&mut chain, true));
    let changed = TILL
        .replace("amount: u64", "amount: u128")
        .replace("entry", ";entry");
    let changed = changed
        .split(";entry")
        .next()
        .unwrap()
        .split("init")
        .next()
        .unwrap()
        .to_owned();
    for (who, action, failed) in [
        (1, upgrade(fixed, &better), 215),
        (2, upgrade(program, &better), 216),
        (1, upgrade(address(1), &better), 212),
        (1, upgrade(program, "program till"), 217),
        (1, upgrade(program, &changed), 217),
        (
            1,
            Action::Upgrade {
                program,
                code: vec![],
            },
            211,
        ),
    ] {
        let failure = chain.fail(who, action);
        assert_eq!(failure.code(), failed, "{failure}");
    }
    chain.apply(2, call(program, "pay_in", &[], 1));
    chain.apply(1, upgrade(program, &better));
    let record = chain.state.program(&program).unwrap().record();
    assert_eq!(record.code_hash, curvevm::CodeHash::of(&code(&better)));
    assert_eq!(record.entries, 2, "what it stores stays");
    let to = Value::Address(address(3));
    let failure = chain.fail(2, call(program, "pay_out", &[to, Value::U64(102)], 0));
    assert!(
        failure.to_string().starts_with("TooMuch: not so much"),
        "{failure}"
    );
}

#[test]
fn a_program_is_closed_when_it_owns_nothing_and_all_it_stores_is_named() {
    let close = |program, entries: &[[u8; 32]]| Action::Close {
        program,
        entries: entries.to_vec(),
    };
    let mut chain = Chain::new();
    let (fixed, program) = (till(&mut chain, false), till(&mut chain, true));
    chain.apply(2, call(program, "pay_in", &[], 1));
    let (held, paid) = (key(0, &[]), key(1, &[Value::Address(address(2))]));
    let failure = chain.fail(1, close(program, &[held, paid]));
    assert_eq!(failure, Failure::HoldsBalance { balance: units(101) });
    let all = [Value::Address(address(3)), Value::U64(101)];
    chain.apply(1, call(program, "pay_out", &all, 0));
    for (who, action, failed) in [
        (1, close(fixed, &[]), 215),
        (2, close(program, &[held, paid]), 216),
        (1, close(address(1), &[]), 212),
        (1, close(program, &[held]), 219),
        (1, close(program, &[held, paid, paid]), 219),
        (1, close(program, &[held, [7; 32]]), 219),
    ] {
        let failure = chain.fail(who, action);
        assert_eq!(failure.code(), failed, "{failure}");
    }
    let entries = chain.state.entries().count();
    chain.apply(1, close(program, &[paid, held]));
    assert!(chain.state.program(&program).is_none());
    assert_eq!(chain.state.entries().count(), entries - 2);
    assert_eq!(chain.fail(2, call(program, "pay_in", &[], 1)).code(), 212);
    let again = chain.deploy(1, deploy(TILL, true, &[Value::U64(1)], 0));
    assert_ne!(again, program, "an address is used once");
}

#[test]
fn entries_that_a_program_removes_are_counted() {
    let mut chain = Chain::new();
    let program = till(&mut chain, true);
    let entries = |chain: &Chain| chain.state.program(&program).unwrap().entries;
    chain.apply(2, call(program, "pay_in", &[], 1));
    chain.apply(2, call(program, "pay_in", &[], 1));
    assert_eq!(entries(&chain), 2);
    for _ in 0..2 {
        chain.apply(2, call(program, "forget", &[Value::Address(address(2))], 0));
        assert_eq!(entries(&chain), 1);
    }
}

#[test]
fn every_kind_of_transaction_has_its_size() {
    let chain = Chain::new();
    let largest = curvevm::limits::MAX_PROGRAM_BYTES;
    let oversized = |action: Action| {
        let limit = action.max_bytes();
        let bytes = common::key(1).sign(chain.prepare(1, action)).encode();
        (Unvalidated::decode(&bytes).map(|_| ()), bytes.len(), limit)
    };
    let call_with = |n| Action::Call {
        program: address(1),
        entry: "e".to_owned(),
        args: vec![0; n],
        payment: Amount::ZERO,
        gas: Gas(0),
    };
    let upgrade_with = |n| Action::Upgrade {
        program: address(1),
        code: vec![0; n],
    };
    let close_with = |n| Action::Close {
        program: address(1),
        entries: vec![[0; 32]; n],
    };
    let deploy_with = |n| Action::Deploy {
        code: vec![0; n],
        upgradeable: true,
        args: vec![0; MAX_ARGS_BYTES],
        payment: Amount::ZERO,
        gas: Gas(0),
    };
    for action in [
        call_with(MAX_ARGS_BYTES),
        upgrade_with(largest),
        close_with(MAX_CLOSED_ENTRIES),
        deploy_with(largest),
    ] {
        assert_eq!(oversized(action).0, Ok(()));
    }
    for action in [
        call_with(MAX_ARGS_BYTES + 512),
        upgrade_with(largest + 512),
        close_with(MAX_CLOSED_ENTRIES + 16),
        deploy_with(largest + 512),
    ] {
        let (result, got, limit) = oversized(action);
        assert_eq!(result, Err(Rejection::TooLarge { got, limit }));
    }
}
