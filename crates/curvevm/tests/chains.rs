//! The interpreter runs instructions in chains of bounded length. Wherever one is cut, nothing is different: results, gas and
//! the place of a trap are those of the same program instruction by instruction.

mod common;

use common::{ALICE, assembled};
use curvevm::{Address, Call, Entrance, Gas, Machine, MemoryHost, Outcome, Trap, Value, encode_values};

const PROGRAM: Address = Address::new([0xc0; 32]);

/// `n` turns of a loop whose body adds one so many times.
fn adds(length: usize) -> String {
    let adds = "add.imm r1, r1, 1\n".repeat(length);
    format!(
        "program chain
        entry run(n: u64) -> (u64) {{
          regs u64, u64
        again:
          {adds} add.imm r2, r2, 1
          jump.lt r2, r0, again
          ret r1
        }}"
    )
}

/// What becomes of a call of `run`, which must be the same when every instruction is shown.
fn outcome(text: &str, arg: u64, gas: u64) -> Outcome {
    let mut host = MemoryHost::default();
    host.programs.insert(PROGRAM, assembled(text));
    let call = Call {
        program: PROGRAM,
        entrance: Entrance::Entry("run"),
        caller: ALICE,
        payment: 0,
        args: &encode_values(&[Value::U64(arg)]),
        gas: Gas(gas),
    };
    let mut machine = Machine::new();
    let outcome = machine.call(&host, &call).unwrap();
    assert_eq!(machine.trace(&host, &call, |_| {}).unwrap(), outcome);
    outcome
}

#[test]
fn blocks_of_any_length() {
    for length in [
        1, 2, 510, 511, 512, 1020, 1021, 1022, 1023, 1024, 1025, 5000, 20_000,
    ] {
        let turns = 3;
        let done = outcome(&adds(length), turns, u64::MAX);
        let results = done.result.unwrap().results;
        assert_eq!(results, [Value::U64(turns * length as u64)], "{length}");
        // Entering with three words; each turn's instructions, the last two being 25; the return.
        let expected = 63 + turns * (10 * length as u64 + 25) + 40;
        assert_eq!(done.gas_used, Gas(expected), "{length}");
    }
}

#[test]
fn more_jumps_than_a_chain_has() {
    let done = outcome(&adds(1), 100_000, u64::MAX);
    assert_eq!(done.result.unwrap().results, [Value::U64(100_000)]);
}

#[test]
fn gas_ends_in_any_turn() {
    let turn = 35;
    for turns in [0, 1, 2, 41, 42, 43, 128, 1000] {
        let fault = outcome(&adds(1), u64::MAX, 63 + turn * turns + 7)
            .result
            .unwrap_err();
        assert_eq!(fault.trap, Trap::OutOfGas);
        // The jump that cannot pay for its block; before the first, the function's first instruction.
        assert_eq!(fault.pc, if turns == 0 { 0 } else { 2 }, "{turns}");
    }
}

#[test]
fn a_trap_knows_its_place_in_any_turn() {
    for (start, functions) in [1, 2, 41, 42, 43, 128, 3000]
        .into_iter()
        .zip([0, 1, 2, 3, 0, 3, 2])
    {
        let other = format!(
            "() {{\n regs u64\n {} ret r0\n}}",
            "add.imm r0, r0, 1\n".repeat(90)
        );
        let others = |name| {
            (0..functions)
                .map(|n| format!("fn {name}{n}{other}\n"))
                .collect::<String>()
        };
        let text = format!(
            "program chain
            {}
            entry run(n: u64) -> (u64) {{
            again:
              add.imm r0, r0, 3
              sub.imm r0, r0, 4
              jump again
            }}
            {}",
            others("before"),
            others("after")
        );
        let fault = outcome(&text, start, u64::MAX).result.unwrap_err();
        let place = (fault.function, fault.pc);
        assert_eq!((fault.trap, place), (Trap::Overflow, (functions, 1)), "{start}");
    }
}
