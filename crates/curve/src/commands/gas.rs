//! `curve gas`

use std::collections::BTreeMap;

use curvevm::{Function, Kind, Program, Verified};
use serde::Serialize;

use super::{Compiled, compiled};
use crate::{
    Error, Verdict,
    call::{Session, Target},
    cli::GasArgs,
    files::{self, Source},
    shell::{Ink, Shell},
};

/// What a function costs.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    /// The most that a call uses, if that is known before.
    worst_gas: Option<u64>,
    instructions: usize,
    bytes: usize,
}

#[derive(Serialize)]
struct Table {
    program: String,
    bytes: usize,
    functions: Vec<Row>,
}

/// What a call has cost.
#[derive(Serialize)]
struct Bill {
    ok: bool,
    gas: u64,
    lines: Vec<Line>,
    /// Entering functions from outside, and what a trap left unused of what was paid ahead.
    other: u64,
}

#[derive(Serialize)]
struct Line {
    line: u32,
    gas: u64,
    instructions: u64,
}

pub fn run(args: &GasArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let source = files::read_source(&files::named_or_only(args.file.as_ref())?)?;
    let Some(compiled) = compiled(source, true, shell)? else {
        return Ok(Verdict::Findings);
    };
    match &args.function {
        Some(function) => call(&compiled, function, args, shell),
        None => table(compiled, shell),
    }
}

fn table(Compiled { source, artifact }: Compiled, shell: &mut Shell) -> Result<Verdict, Error> {
    let bytes = artifact.program.encode().len();
    let code = artifact
        .program
        .verify()
        .expect("the compiler emits what the verifier accepts");
    let table = Table {
        program: artifact.hir.name,
        bytes,
        functions: rows(&code),
    };
    if shell.is_json() {
        shell.json(&table)?;
        return Ok(Verdict::Good);
    }
    let Table {
        program, functions, ..
    } = &table;
    shell.line(format!("{}: program {program}, {bytes} bytes", source.name))?;
    let head = format!(
        "{:<35} {:>12} {:>13} {:>7}",
        "function", "worst gas", "instructions", "bytes"
    );
    shell.line(shell.ink(Ink::Head, &head))?;
    for Row {
        kind,
        name,
        worst_gas,
        instructions,
        bytes,
    } in functions
    {
        let worst = worst_gas.map_or_else(|| "metered".to_owned(), |gas| gas.to_string());
        shell.line(format!(
            "{kind:<10} {name:<24} {worst:>12} {instructions:>13} {bytes:>7}"
        ))?;
    }
    Ok(Verdict::Good)
}

fn rows(code: &Verified) -> Vec<Row> {
    let row = |(index, function): (u16, &Function)| Row {
        kind: match function.kind {
            Kind::Internal => "fn",
            Kind::Init { .. } => "init",
            Kind::Entry { .. } => "entry",
            Kind::View => "view",
            Kind::Invariant => "invariant",
        },
        name: function.name.clone(),
        worst_gas: code.worst_gas(index).map(|gas| gas.0),
        instructions: function.code.len(),
        bytes: size(function),
    };
    (0..).zip(&code.program().functions).map(row).collect()
}

/// Bytes that a function adds to a program.
fn size(function: &Function) -> usize {
    let alone = Program {
        functions: vec![function.clone()],
        ..Program::default()
    };
    alone
        .encode()
        .len()
        .saturating_sub(Program::default().encode().len())
}

fn call(
    Compiled { source, artifact }: &Compiled,
    function: &str,
    args: &GasArgs,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let target = Target {
        function,
        args: &args.args,
        options: &args.options,
    };
    let session = Session::new(source, artifact, target)?;
    let code = session.code().clone();
    let mut lines: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let answer = session.call(
        shell,
        Some(&mut |step| {
            let place = code.program().locate(step.function, step.pc);
            let cost = code.instruction_gas(step.function, step.pc).unwrap_or_default();
            let (gas, ran) = lines.entry(place.map_or(0, |place| place.line)).or_default();
            (*gas, *ran) = (gas.saturating_add(cost.0), ran.saturating_add(1));
        }),
    )?;
    let of_lines: u64 = lines.values().map(|(gas, _)| gas).sum();
    let line = |(line, (gas, instructions))| Line {
        line,
        gas,
        instructions,
    };
    let bill = Bill {
        ok: answer.result.is_ok(),
        gas: answer.gas.0,
        lines: lines.into_iter().map(line).collect(),
        other: answer.gas.0.saturating_sub(of_lines),
    };
    if shell.is_json() {
        shell.json(&bill)?;
    } else {
        shell.line(shell.ink(Ink::Head, &answer.call()))?;
        print(&bill, source, shell)?;
        if let Err(failure) = &answer.result {
            let drawn = failure.render(source, shell.notice_style());
            shell.notice(drawn);
        }
    }
    Ok(Verdict::good_if(bill.ok))
}

fn print(bill: &Bill, source: &Source, shell: &mut Shell) -> Result<(), Error> {
    let text: Vec<&str> = source.text.lines().collect();
    let percent = |gas: u64| gas.saturating_mul(100) / bill.gas.max(1);
    for Line { line, gas, .. } in &bill.lines {
        let shown = usize::try_from(*line)
            .ok()
            .and_then(|line| text.get(line.checked_sub(1)?));
        let shown = shown.copied().unwrap_or_default().trim();
        shell.line(format!("{gas:>9} {:>3}%  {line:>4} | {shown}", percent(*gas)))?;
    }
    shell.line(format!(
        "{:>9} {:>3}%  entering, and paid ahead",
        bill.other,
        percent(bill.other)
    ))?;
    shell.line(format!("{:>9}        in all", bill.gas))
}
