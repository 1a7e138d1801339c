//! The disassembler.

use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};

use super::lex::quote;
use crate::{Field, Function, Instr, Interface, Kind, Operand, Program, Type};

pub fn program(program: &Program) -> String {
    let mut text = String::new();
    declarations(&mut text, program).expect("writing to memory does not fail");
    for each in &program.functions {
        function(&mut text, program, each).expect("writing to memory does not fail");
    }
    text
}

fn declarations(out: &mut String, program: &Program) -> fmt::Result {
    writeln!(out, "program {}\n", program.name)?;
    for file in &program.files {
        writeln!(out, "file {}", quote(file))?;
    }
    for value in &program.constants {
        match value.ty() {
            Type::Bytes(_) => writeln!(out, "const bytes {value}")?,
            ty => writeln!(out, "const {ty} {value}")?,
        }
    }
    for error in &program.errors {
        writeln!(out, "error {} {}", error.name, quote(&error.message))?;
    }
    for event in &program.events {
        writeln!(out, "event {}({})", event.name, fields(&event.fields))?;
    }
    for Interface {
        name,
        view,
        params,
        results,
    } in &program.interfaces
    {
        let kind = if *view { "view" } else { "entry" };
        writeln!(
            out,
            "interface {kind} {name}({}){}",
            types(params),
            returns(results)
        )?;
    }
    for slot in &program.slots {
        match slot.keys.as_slice() {
            [] => writeln!(out, "cell {}: ({})", slot.name, fields(&slot.values))?,
            keys => writeln!(
                out,
                "map {}: ({}) -> ({})",
                slot.name,
                types(keys),
                fields(&slot.values)
            )?,
        }
    }
    Ok(())
}

fn types(types: &[Type]) -> String {
    let names: Vec<String> = types.iter().map(Type::to_string).collect();
    names.join(", ")
}

fn fields(fields: &[Field]) -> String {
    let fields: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.name, f.ty)).collect();
    fields.join(", ")
}

fn returns(results: &[Type]) -> String {
    match results {
        [] => String::new(),
        results => format!(" -> ({})", types(results)),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Internal => "fn",
        Kind::Init { payable: false } => "init",
        Kind::Init { payable: true } => "init payable",
        Kind::Entry { payable: false } => "entry",
        Kind::Entry { payable: true } => "entry payable",
        Kind::View => "view",
        Kind::Invariant => "invariant",
    }
}

fn function(out: &mut String, program: &Program, function: &Function) -> fmt::Result {
    let (params, results) = (fields(&function.params), returns(&function.results));
    writeln!(
        out,
        "\n{} {}({params}){results} {{",
        kind(function.kind),
        function.name
    )?;
    if !function.registers.is_empty() {
        writeln!(out, "  regs {}", types(&function.registers))?;
    }
    let targets: BTreeSet<u64> = function.code.iter().flat_map(targets).collect();
    let mut marks = function.marks.iter().peekable();
    for (pc, each) in function.code.iter().enumerate() {
        while let Some(mark) = marks.next_if(|mark| usize::from(mark.pc) == pc) {
            writeln!(out, "  at {} {} {}", mark.file, mark.line, mark.column)?;
        }
        if targets.contains(&(pc as u64)) {
            writeln!(out, "l{pc}:")?;
        }
        writeln!(out, "  {}", instr(program, each))?;
    }
    writeln!(out, "}}")
}

fn targets(instr: &Instr) -> impl Iterator<Item = u64> {
    let operands = instr.op.spec().operands.iter().zip(instr.args);
    operands
        .filter(|((_, kind), _)| *kind == Operand::Target)
        .map(|(_, arg)| arg)
}

/// One instruction.
pub fn instr(program: &Program, instr: &Instr) -> String {
    let spec = instr.op.spec();
    let mut text = String::from(spec.mnemonic);
    let mut separator = " ";
    for ((_, kind), arg) in spec.operands.iter().zip(instr.args) {
        write!(text, "{separator}{}", operand(program, *kind, arg)).expect("writing to memory does not fail");
        separator = ", ";
    }
    text
}

fn operand(program: &Program, kind: Operand, arg: u64) -> String {
    let at = usize::try_from(arg).unwrap_or(usize::MAX);
    let named = |name: Option<&String>| name.cloned().unwrap_or_else(|| arg.to_string());
    match kind {
        Operand::In(_) | Operand::Out(_) | Operand::InRun(_) | Operand::OutRun(_) => format!("r{arg}"),
        Operand::Imm64 | Operand::Imm16 | Operand::Count => arg.to_string(),
        Operand::ImmI64 => arg.cast_signed().to_string(),
        Operand::ImmBool => (arg != 0).to_string(),
        Operand::Constant => format!("k{arg}"),
        Operand::Target => format!("l{arg}"),
        Operand::EntryInterface | Operand::ViewInterface => format!("i{arg}"),
        Operand::Function => named(program.functions.get(at).map(|f| &f.name)),
        Operand::Cell | Operand::Map => named(program.slots.get(at).map(|s| &s.name)),
        Operand::Event => named(program.events.get(at).map(|e| &e.name)),
        Operand::Error => named(program.errors.get(at).map(|e| &e.name)),
    }
}
