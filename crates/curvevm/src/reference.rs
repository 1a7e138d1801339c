//! The instruction reference in Markdown, made from the table. `docs/curvevm.md` contains it, and a test compares.

use std::fmt::Write;

use crate::{Class, Operand, Run, TABLE, isa::Spec};

/// The reference: one row per instruction.
pub fn markdown() -> String {
    let mut text =
        String::from("| code | instruction | operands | gas | traps | does |\n|---|---|---|---|---|---|\n");
    for spec in TABLE {
        row(&mut text, spec).expect("writing to memory does not fail");
    }
    text
}

fn row(text: &mut String, spec: &Spec) -> std::fmt::Result {
    let operands: Vec<String> = spec
        .operands
        .iter()
        .map(|(name, kind)| format!("{name}: {}", describe(*kind)))
        .collect();
    let traps: Vec<String> = spec.traps.iter().map(|trap| format!("{trap:?}")).collect();
    writeln!(
        text,
        "| {:02x} | `{}` | {} | {} | {} | {} |",
        spec.opcode as u8,
        spec.mnemonic,
        operands.join(", "),
        spec.cost,
        traps.join(", "),
        spec.text
    )
}

/// An operand in words.
pub fn describe(kind: Operand) -> String {
    match kind {
        Operand::Out(class) => format!("**{}**", class_name(class)),
        Operand::In(class) => class_name(class).to_owned(),
        Operand::Imm64 => "number of 64 bits".to_owned(),
        Operand::ImmI64 => "signed number of 64 bits".to_owned(),
        Operand::Imm16 => "number of 16 bits".to_owned(),
        Operand::ImmBool => "`false` or `true`".to_owned(),
        Operand::Constant => "constant".to_owned(),
        Operand::Target => "instruction".to_owned(),
        Operand::Function => "function".to_owned(),
        Operand::Cell => "cell".to_owned(),
        Operand::Map => "map".to_owned(),
        Operand::Event => "event".to_owned(),
        Operand::Error => "error".to_owned(),
        Operand::EntryInterface => "entry interface".to_owned(),
        Operand::ViewInterface => "view interface".to_owned(),
        Operand::Count => "count".to_owned(),
        Operand::InRun(run) => format!("run of {}", run_name(run)),
        Operand::OutRun(run) => format!("**run of {}**", run_name(run)),
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::U64 => "u64",
        Class::I64 => "i64",
        Class::U128 => "u128",
        Class::Fix => "fix",
        Class::Bool => "bool",
        Class::Address => "address",
        Class::Hash => "hash",
        Class::Bytes => "bytes",
        Class::Any64 => "u64, i64 or bool",
        Class::Any128 => "u128 or fix",
        Class::Any256 => "address or hash",
    }
}

fn run_name(run: Run) -> &'static str {
    match run {
        Run::Params => "f's parameters",
        Run::Results => "f's results",
        Run::Returns => "own results",
        Run::Keys => "s's keys",
        Run::Values => "s's fields",
        Run::Fields => "e's fields",
        Run::InterfaceParams => "i's parameters",
        Run::InterfaceResults => "i's results",
        Run::Counted => "n registers",
    }
}
