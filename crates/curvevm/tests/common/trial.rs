//! One trial of a program: every export is called with random arguments, and what must hold is checked.

#![allow(dead_code, reason = "each user takes what it needs")]

use std::{collections::BTreeSet, sync::Arc};

use curvevm::{
    Address, Call, Entrance, Gas, Kind, Machine, MemoryHost, Outcome, Program, Trap, TrapKind, Type, Value,
    Verified, encode_values,
};

use super::generate::Rng;

const CALLER: Address = Address::new([0xa1; 32]);
const PROGRAM: Address = Address::new([0xc0; 32]);

/// What trials came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub accepted: u64,
    pub refused: u64,
    pub succeeded: u64,
    pub trapped: u64,
    /// Which instruction trapped how.
    pub seen: BTreeSet<(&'static str, TrapKind)>,
}

/// Verifies a program and, if it is accepted, calls all that it exports.
pub fn trial(machine: &mut Machine, rng: &mut Rng, program: Program, gas: u64, tally: &mut Tally) -> bool {
    let Ok(verified) = program.verify() else {
        tally.refused += 1;
        return false;
    };
    tally.accepted += 1;
    let verified = Arc::new(verified);
    let mut host = MemoryHost {
        programs: [
            (PROGRAM, verified.clone()),
            (Address::new([0xc1; 32]), verified.clone()),
        ]
        .into(),
        balances: [(CALLER, 1 << 40), (PROGRAM, rng.number() >> 1)].into(),
        ..MemoryHost::default()
    };
    for (index, function) in (0..).zip(&verified.program().functions) {
        let entrance = match function.kind {
            Kind::Entry { .. } => Entrance::Entry(&function.name),
            Kind::View => Entrance::View(&function.name),
            _ => continue,
        };
        let types: Vec<Type> = function.params.iter().map(|field| field.ty).collect();
        let args: Vec<Value> = types.iter().map(|ty| rng.value(*ty)).collect();
        let call = Call {
            program: PROGRAM,
            entrance,
            caller: CALLER,
            payment: if function.kind.is_payable() {
                rng.next() % 1000
            } else {
                0
            },
            args: &encode_values(&args),
            gas: Gas(gas),
        };
        let outcome = machine.call(&host, &call).expect("the call is well formed");
        if rng.chance(8) {
            let traced = machine.trace(&host, &call, |_| {});
            assert_eq!(traced.as_ref(), Ok(&outcome), "traced instruction by instruction");
        }
        if rng.chance(16) {
            let again = Machine::new().call(&host, &call);
            assert_eq!(again.as_ref(), Ok(&outcome), "on a new machine");
        }
        check(outcome, &mut host, &verified, index, &call, tally);
    }
    true
}

/// What holds of every outcome.
fn check(
    outcome: Outcome,
    host: &mut MemoryHost,
    verified: &Verified,
    index: u16,
    call: &Call,
    tally: &mut Tally,
) {
    assert!(outcome.gas_used <= call.gas, "gas above the limit");
    if let Some(worst) = verified.worst_gas(index) {
        let out = matches!(&outcome.result, Err(fault) if fault.trap == Trap::OutOfGas);
        assert!(
            outcome.gas_used <= worst || (out && worst > call.gas),
            "{:?} above the worst case {worst:?}",
            outcome.gas_used
        );
    }
    match outcome.result {
        Ok(success) => {
            tally.succeeded += 1;
            let sum = |host: &MemoryHost| host.balances.values().map(|b| u128::from(*b)).sum::<u128>();
            let before = sum(host);
            host.apply(&success.effects);
            assert_eq!(sum(host), before, "no amount is made or lost");
            let results = &verified.program().functions[usize::from(index)].results;
            assert!(
                success
                    .results
                    .iter()
                    .zip(results)
                    .all(|(value, ty)| value.is_of(*ty)),
                "results of other types"
            );
            assert_eq!(success.results.len(), results.len());
        }
        Err(fault) => {
            tally.trapped += 1;
            let function = verified.program().functions.get(usize::from(fault.function));
            let instr = function
                .and_then(|f| f.code.get(usize::from(fault.pc)))
                .expect("a fault has a place");
            tally.seen.insert((instr.op.spec().mnemonic, fault.trap.kind()));
            let may = instr.op.spec().traps.contains(&fault.trap.kind());
            let enters = fault.pc == 0
                && matches!(
                    fault.trap,
                    Trap::NotPayable | Trap::InsufficientBalance | Trap::Overflow
                );
            let invariant = matches!(fault.trap, Trap::InvariantViolated(_));
            assert!(
                may || enters || invariant || fault.trap == Trap::OutOfGas,
                "{fault} is not in the table: {instr:?}"
            );
        }
    }
}
