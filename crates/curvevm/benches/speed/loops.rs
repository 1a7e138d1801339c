//! Whole loops.

use std::{fmt::Write, hint::black_box};

use curvevm::{Program, Value};

use crate::{Bench, best};

/// Sum, xor, product, increment, branch: five instructions per turn.
const MIX: &str = "
program mix
entry run(n: u64, k: u64, m: u64) -> (u64) {
  regs u64, u64
again:
  add.wrap r3, r3, r4
  xor.u64 r3, r3, r1
  mul.wrap r3, r3, r2
  add.imm r4, r4, 1
  jump.lt r4, r0, again
  ret r3
}";

/// Swaps against a constant product, with a fee: ten instructions per turn.
const SWAPS: &str = "
program swaps
entry run(n: u64, x: u64, y: u64) -> (u64) {
  regs u64, u64, u64, u64, u64, u64, u64
  const.u64 r4, 1023
again:
  and.u64 r5, r3, r4
  add.imm r5, r5, 1000
  mul.imm r6, r5, 997
  mul.imm r7, r1, 1000
  add.u64 r7, r7, r6
  muldiv.down.u64 r8, r2, r6, r7
  sub.u64 r9, r2, r8
  add.u64 r2, r1, r5
  mov.64 r1, r9
  add.imm r3, r3, 1
  jump.lt r3, r0, again
  ret r1
}";

/// Fixed-point compounding: five instructions per turn.
const GROWTH: &str = "
program growth
const fix 18446744073709570062
const fix 18446744073709551616
entry run(n: u64) -> (fix) {
  regs fix, fix, u64, fix
  const.128 r1, k1
  const.128 r2, k0
again:
  mul.down.fix r1, r1, r2
  add.fix r4, r1, r2
  sub.fix r4, r4, r2
  add.imm r3, r3, 1
  jump.lt r3, r0, again
  ret r1
}";

/// A call that stores: what a small transaction costs, decoding and effects included.
const CALL: &str = include_str!("../../tests/programs/counter.casm");

const K: u64 = 0x9e37_79b9_7f4a_7c15;
const M: u64 = 0xbf58_476d_1ce4_e5b9;
/// A pool's reserves: the product of one with a payment has more than 64 bits.
const X: u64 = 3_000_000_000_000_000;

fn native_mix(n: u64, k: u64, m: u64) -> u64 {
    let (mut acc, mut i) = (0u64, 0u64);
    while {
        acc = (acc.wrapping_add(i) ^ k).wrapping_mul(m);
        i += 1;
        i < n
    } {}
    acc
}

fn native_swaps(n: u64, mut x: u64, mut y: u64) -> u64 {
    for i in 0..n {
        let paid = (i & 1023) + 1000;
        let fee_paid = paid.checked_mul(997).expect("small");
        let pool = x
            .checked_mul(1000)
            .and_then(|x| x.checked_add(fee_paid))
            .expect("small");
        let out = u128::from(y) * u128::from(fee_paid) / u128::from(pool);
        let rest = y.checked_sub(u64::try_from(out).expect("small")).expect("a part");
        (y, x) = (x.checked_add(paid).expect("small"), rest);
    }
    x
}

fn native_growth(n: u64) -> u128 {
    let (rate, mut value) = (18_446_744_073_709_570_062u128, 1u128 << 64);
    for _ in 0..n {
        // Both are below 2¹²⁷: the sum of the cross products fits.
        let (vh, vl, rh, rl) = (
            value >> 64,
            value & u128::from(u64::MAX),
            rate >> 64,
            rate & u128::from(u64::MAX),
        );
        value = ((vh * rh) << 64) + vh * rl + vl * rh + ((vl * rl) >> 64);
        value = black_box(value.checked_add(rate).expect("small"))
            .checked_sub(rate)
            .expect("larger");
    }
    value
}

struct Case {
    name: &'static str,
    program: &'static str,
    args: Vec<Value>,
    turns: u64,
    instructions: u64,
    native: fn(u64) -> Value,
}

fn cases() -> [Case; 3] {
    let (mix, swaps, growth) = (10_000_000, 1_000_000, 2_000_000);
    [
        Case {
            name: "mix (add, xor, mul, inc, branch)",
            program: MIX,
            args: [mix, K, M].map(Value::U64).to_vec(),
            turns: mix,
            instructions: 5,
            native: |n| Value::U64(native_mix(black_box(n), black_box(K), black_box(M))),
        },
        Case {
            name: "swap (64×64→128 multiply-divide)",
            program: SWAPS,
            args: [swaps, X, X].map(Value::U64).to_vec(),
            turns: swaps,
            instructions: 11,
            native: |n| Value::U64(native_swaps(black_box(n), black_box(X), black_box(X))),
        },
        Case {
            name: "growth (Q64.64 multiply)",
            program: GROWTH,
            args: vec![Value::U64(growth)],
            turns: growth,
            instructions: 5,
            native: |n| Value::Fix(native_growth(black_box(n))),
        },
    ]
}

/// The loops, metered, beside native Rust.
pub fn table() -> String {
    let mut text = String::from(
        "| loop | ns/turn | M instructions/s | native ns/turn | gas/ns |\n|---|---|---|---|---|\n",
    );
    for case in cases() {
        let mut bench = Bench::new(case.program);
        let (result, gas) = bench.call(&case.args);
        assert_eq!(result, Some((case.native)(case.turns)), "{}", case.name);
        let ns = best(|| drop(black_box(bench.call(&case.args)))) / case.turns as f64;
        let native = best(|| drop(black_box((case.native)(black_box(case.turns))))) / case.turns as f64;
        let rate = case.instructions as f64 / ns * 1e3;
        let gas = gas as f64 / case.turns as f64 / ns;
        writeln!(
            text,
            "| {} | {ns:.2} | {rate:.0} | {native:.2} | {gas:.1} |",
            case.name
        )
        .expect("memory");
    }
    let calls = 100_000;
    let text_of_call = CALL.replace("entry add(", "entry run(");
    let mut bench = Bench::new(&text_of_call);
    let ns =
        best(|| (0..calls).for_each(|_| drop(black_box(bench.call(&[Value::U64(7)]))))) / f64::from(calls);
    writeln!(
        text,
        "\nOne call of a counter (two entries read, two written, an event): {ns:.0} ns."
    )
    .expect("memory");
    let (size, ns) = loading();
    writeln!(
        text,
        "\nDecoding and verifying a program of {size} instructions: {ns:.0} ns per instruction."
    )
    .expect("memory");
    text
}

/// Decoding and verifying a large program: its size, and nanoseconds for each instruction.
fn loading() -> (usize, f64) {
    let body =
        "  lt.u64 r2, r0, r1\n  require r2, Bad\n  add.u64 r0, r0, r1\n  store c, r0\n  jump.if r2, l\nl:\n"
            .repeat(50);
    let functions =
        (0..100).map(|n| format!("entry f{n}(a: u64, b: u64) {{\n regs bool\n{body} ret r0\n}}\n"));
    let declarations = "program large\nerror Bad \"bad\"\ncell c: (n: u64)\n".to_owned();
    let text = declarations + &functions.collect::<String>();
    let encoded = Program::assemble(&text).expect("assembly").encode();
    let load = || {
        Program::decode(&encoded)
            .expect("an encoding")
            .verify()
            .expect("sound")
    };
    let size = load().program().functions.iter().map(|f| f.code.len()).sum();
    (size, best(|| drop(black_box(load()))) / size as f64)
}
