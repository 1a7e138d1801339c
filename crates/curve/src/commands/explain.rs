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
    shell.raw(explanation.as_bytes())
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
