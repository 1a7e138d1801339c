//! Each instruction: a function with many copies of it against one with none.

use std::{fmt::Write, hint::black_box};

use curvevm::{Class, Operand, Run, Spec, TABLE, TrapKind, Type, Value};

use crate::{Bench, best};

/// Copies of an instruction in a function.
const COPIES: usize = 200;
/// Calls per run.
const CALLS: usize = 100;

/// Operands by type. The k-th operand of a type takes the k-th value.
const U64: [u64; 3] = [1_000_003, 3, 5];
const I64: [i64; 3] = [-1_000_003, 3, 5];
const U128: [u128; 3] = [(1 << 62) + 12_345, (1 << 61) + 7, (1 << 50) + 9];
const FIX: [u128; 3] = [3 << 63, (1 << 64) + 12_345_678_901, 5 << 62];

/// Operands that make an instruction work hardest, where the usual ones do not.
const HARDEST: &[(&str, &[Value])] = &[
    (
        "muldiv.down.u64",
        &[
            Value::U64(u64::MAX - 1),
            Value::U64(u64::MAX - 4),
            Value::U64(u64::MAX),
        ],
    ),
    (
        "muldiv.up.u64",
        &[
            Value::U64(u64::MAX - 1),
            Value::U64(u64::MAX - 4),
            Value::U64(u64::MAX),
        ],
    ),
    ("i64.u64", &[Value::I64(7)]),
    ("shl.u128", &[Value::U128(7), Value::U64(65)]),
    ("shr.u128", &[Value::U128(7 << 100), Value::U64(65)]),
    ("pow.u64", &[Value::U64(2), Value::U64(63)]),
    (
        "div.u128",
        &[Value::U128(u128::MAX - 5), Value::U128((1 << 65) + 7)],
    ),
    (
        "div.up.u128",
        &[Value::U128(u128::MAX - 5), Value::U128((1 << 65) + 7)],
    ),
    (
        "rem.u128",
        &[Value::U128(u128::MAX - 5), Value::U128((1 << 65) + 7)],
    ),
    (
        "muldiv.down.u128",
        &[
            Value::U128(u128::MAX / 3),
            Value::U128(u128::MAX / 7),
            Value::U128(u128::MAX / 5),
        ],
    ),
    (
        "muldiv.up.u128",
        &[
            Value::U128(u128::MAX / 3),
            Value::U128(u128::MAX / 7),
            Value::U128(u128::MAX / 5),
        ],
    ),
    ("sqrt.down.u128", &[Value::U128(u128::MAX / 3)]),
    ("sqrt.up.u128", &[Value::U128(u128::MAX / 3)]),
    ("sqrt.down.fix", &[Value::Fix(u128::MAX / 3)]),
    ("sqrt.up.fix", &[Value::Fix(u128::MAX / 3)]),
    ("pow.down.fix", &[Value::Fix((1 << 64) - 1), Value::U64(u64::MAX)]),
    ("pow.up.fix", &[Value::Fix((1 << 64) - 1), Value::U64(u64::MAX)]),
    (
        "div.down.fix",
        &[Value::Fix(u128::MAX / 3), Value::Fix((1 << 64) + 1)],
    ),
    (
        "div.up.fix",
        &[Value::Fix(u128::MAX / 3), Value::Fix((1 << 64) + 1)],
    ),
];

/// Gas for a nanosecond, where the suggested costs come from.
const GAS_PER_NS: f64 = 6.0;

/// What an instruction of so many nanoseconds should cost: in steps of five, and ten at least.
fn suggested(ns: f64) -> u64 {
    let steps = (ns * GAS_PER_NS / 5.0).ceil() as u64;
    (steps * 5).max(10)
}

/// Nanoseconds beside gas, for every instruction that goes on behind itself.
pub fn table() -> String {
    let mut text = String::from("| instruction | ns | gas | gas/ns | suggested |\n|---|---|---|---|---|\n");
    let empty = measure(None);
    for spec in TABLE {
        let ends = spec.opcode.is_terminator() && spec.mnemonic != "jump";
        if ends || spec.opcode.leaves() {
            continue;
        }
        let (ns, gas) = measure(Some(spec));
        let copies = COPIES as f64;
        let (ns, gas) = ((ns - empty.0) / copies, (gas - empty.1) / copies);
        let name = spec.mnemonic;
        let (rate, suggested) = (gas / ns, suggested(ns));
        writeln!(
            text,
            "| `{name}` | {ns:.1} | {gas:.0} | {rate:.0} | {suggested} |"
        )
        .expect("memory");
    }
    text
}

/// Time and gas of a call of a function with copies of an instruction.
fn measure(spec: Option<&Spec>) -> (f64, f64) {
    let mut writer = Writer::default();
    let lines = spec.map_or_else(String::new, |spec| writer.copies(spec));
    let params: Vec<String> = (0..)
        .zip(&writer.inputs)
        .map(|(n, value)| format!("p{n}: {}", ty(value)))
        .collect();
    let outputs: Vec<String> = writer.outputs.iter().map(Type::to_string).collect();
    let registers = if outputs.is_empty() {
        String::new()
    } else {
        format!("regs {}\n", outputs.join(", "))
    };
    let text = format!(
        "program bench
        const u128 7
        const hash #{:064}
        const bytes \"00010203\"
        error Bad \"bad\"
        event E(n: u64)
        cell c: (n: u64)
        map m: (u64) -> (n: u64)
        fn callee(n: u64) -> (u64) {{\n ret r0\n}}
        entry run({}) {{\n {registers}{lines} ret r0\n}}",
        7,
        params.join(", ")
    );
    let mut bench = Bench::new(&text);
    let (_, gas) = bench.call(&writer.inputs);
    let ns = best(|| (0..CALLS).for_each(|_| drop(black_box(bench.call(&writer.inputs)))));
    (ns / CALLS as f64, gas as f64)
}

/// `bytes[16]` for byte strings, so that they have room.
fn ty(value: &Value) -> String {
    match value {
        Value::Bytes(_) => "bytes[16]".to_owned(),
        value => value.ty().to_string(),
    }
}

/// An instruction's operands, as parameters with values and as registers behind them.
#[derive(Default)]
struct Writer {
    inputs: Vec<Value>,
    outputs: Vec<Type>,
}

impl Writer {
    fn copies(&mut self, spec: &Spec) -> String {
        let hardest = HARDEST.iter().find(|(mnemonic, _)| *mnemonic == spec.mnemonic);
        let mut values = hardest.map_or(&[][..], |(_, values)| values).iter().cloned();
        for (_, kind) in spec.operands {
            match kind {
                // A place in a byte string.
                Operand::In(Class::U64)
                    if !self.inputs.is_empty() && spec.traps.contains(&TrapKind::OutOfRange) =>
                {
                    self.inputs.push(Value::U64(3));
                }
                Operand::In(class) => self
                    .inputs
                    .push(values.next().unwrap_or_else(|| self.value(*class))),
                Operand::InRun(Run::Counted) => self.inputs.extend([Value::U64(1), Value::U64(2)]),
                Operand::InRun(_) => self.inputs.push(Value::U64(7)),
                Operand::Out(class) => self.outputs.push(output(*class)),
                Operand::OutRun(_) => self.outputs.push(Type::U64),
                _ => {}
            }
        }
        // A function without parameters has no register 0.
        if self.inputs.is_empty() {
            self.inputs.push(Value::U64(0));
        }
        (0..COPIES).map(|copy| self.line(spec, copy)).collect()
    }

    fn line(&self, spec: &Spec, copy: usize) -> String {
        let (mut input, mut output) = (0, self.inputs.len());
        let next = |counter: &mut usize, by: usize| {
            *counter += by;
            format!("r{}", *counter - by)
        };
        let operands = spec.operands.iter().map(|(_, kind)| match kind {
            Operand::In(_) => next(&mut input, 1),
            Operand::InRun(Run::Counted) => next(&mut input, 2),
            Operand::InRun(_) => next(&mut input, 1),
            Operand::Out(_) | Operand::OutRun(_) => next(&mut output, 1),
            Operand::Imm64 | Operand::ImmI64 | Operand::Imm16 => "9".to_owned(),
            Operand::ImmBool => "true".to_owned(),
            Operand::Constant => constant(spec).to_owned(),
            Operand::Target => format!("l{copy}"),
            Operand::Function => "callee".to_owned(),
            Operand::Cell => "c".to_owned(),
            Operand::Map => "m".to_owned(),
            Operand::Event => "E".to_owned(),
            Operand::Error => "Bad".to_owned(),
            Operand::Count => "2".to_owned(),
            Operand::EntryInterface | Operand::ViewInterface => "i0".to_owned(),
        });
        let operands: Vec<String> = operands.collect();
        // A jump goes to what follows it.
        format!("{} {}\nl{copy}:\n", spec.mnemonic, operands.join(", "))
    }

    fn value(&self, class: Class) -> Value {
        let same = |ty: Type| self.inputs.iter().filter(|value| value.is_of(ty)).count().min(2);
        match class {
            Class::U64 | Class::Any64 => Value::U64(U64[same(Type::U64)]),
            Class::I64 => Value::I64(I64[same(Type::I64)]),
            Class::U128 | Class::Any128 => Value::U128(U128[same(Type::U128)]),
            Class::Fix => Value::Fix(FIX[same(Type::Fix)]),
            Class::Bool => Value::Bool(true),
            Class::Address => Value::Address(curvevm::Address::new([9; 32])),
            Class::Hash | Class::Any256 => Value::Hash([same(Type::Hash) as u8; 32]),
            Class::Bytes => Value::Bytes(vec![same(Type::Bytes(16)) as u8; 16]),
        }
    }
}

fn output(class: Class) -> Type {
    match class {
        Class::U64 | Class::Any64 => Type::U64,
        Class::I64 => Type::I64,
        Class::U128 | Class::Any128 => Type::U128,
        Class::Fix => Type::Fix,
        Class::Bool => Type::Bool,
        Class::Address => Type::Address,
        Class::Hash | Class::Any256 => Type::Hash,
        Class::Bytes => Type::Bytes(32),
    }
}

fn constant(spec: &Spec) -> &'static str {
    match spec.mnemonic {
        "const.128" => "k0",
        "const.256" => "k1",
        _ => "k2",
    }
}
