//! `curve explain`

use curve_lang::diagnostic::Code;

use crate::{
    Error, Verdict,
    cli::ExplainArgs,
    explain::traps::TrapCode,
    shell::{Ink, Shell},
};

pub fn run(args: &ExplainArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    match &args.code {
        Some(code) => explain(code, shell)?,
        None => list(shell)?,
    }
    Ok(Verdict::Good)
}

fn explain(text: &str, shell: &mut Shell) -> Result<(), Error> {
    let explanation = match (Code::parse(text), TrapCode::parse(text)) {
        (Some(code), _) => code.explanation(),
        (None, Some(code)) => code.explanation(),
        (None, None) => return Err(Error::NoCode { got: text.to_owned() }),
    };
    shell.raw(wrapped(&explanation).as_bytes())
}

/// Columns that a person reads with ease.
const WIDTH: usize = 96;

/// Paragraphs in lines of [`WIDTH`]; programs as they are.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut in_program = false;
    for line in text.lines() {
        in_program ^= line.starts_with("```");
        let mut column = 0usize;
        for word in line.split_inclusive(' ').filter(|_| !in_program) {
            let width = word.chars().count();
            if column > 0 && column.saturating_add(width) > WIDTH {
                out.truncate(out.trim_end().len());
                out.push('\n');
                column = 0;
            }
            out.push_str(word);
            column = column.saturating_add(width);
        }
        if in_program {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn list(shell: &mut Shell) -> Result<(), Error> {
    let codes = Code::ALL.iter().map(|code| (code.text(), code.title()));
    let traps = TrapCode::all().map(|code| (code.text(), code.title()));
    for (text, title) in codes.chain(traps) {
        let text = shell.ink(Ink::Head, text);
        shell.line(format!("{text}  {title}"))?;
    }
    Ok(())
}
