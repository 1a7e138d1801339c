//! `curve disasm`

use curvevm::Program;

use super::{Compiled, compiled};
use crate::{
    Error, Verdict,
    cli::DisasmArgs,
    files::{self, Input},
    shell::{Ink, Shell},
};

pub fn run(args: &DisasmArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let path = files::named_or_only(args.file.as_ref())?;
    let source = match files::read_input(&path)? {
        Input::Source(source) => source,
        Input::Bytecode(bytes) => {
            let program = Program::decode(&bytes).map_err(|source| Error::Decode { path, source })?;
            return bytecode(program, shell);
        }
    };
    let Some(Compiled { source, artifact }) = compiled(source, true, shell)? else {
        return Ok(Verdict::Findings);
    };
    let text = with_source(&artifact.program.disassemble(), &source.text);
    shell.raw(text.as_bytes())?;
    Ok(Verdict::Good)
}

fn bytecode(program: Program, shell: &mut Shell) -> Result<Verdict, Error> {
    shell.raw(program.disassemble().as_bytes())?;
    match program.verify() {
        Ok(verified) => {
            let hash = verified.code_hash();
            shell.notice(format!("The verifier accepts it. Its code hash is {hash}."));
            Ok(Verdict::Good)
        }
        Err(error) => {
            let head = shell.ink(Ink::Bad, "error");
            shell.notice(format!("{head}: the verifier refuses it: {error}"));
            Ok(Verdict::Findings)
        }
    }
}

/// Assembly with each line of the source as a comment before its first instructions.
fn with_source(assembly: &str, source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut text = String::with_capacity(assembly.len().saturating_mul(2));
    let mut last = None;
    for line in assembly.lines() {
        // `at FILE LINE COLUMN`: there is one file.
        let mut words = line.split_whitespace();
        let place = (words.next() == Some("at"))
            .then(|| words.nth(1)?.parse::<usize>().ok())
            .flatten();
        let shown = place.and_then(|line| lines.get(line.checked_sub(1)?));
        if let Some(shown) = shown.filter(|_| place != last) {
            text.push_str(&format!("  ; {}\n", shown.trim()));
        }
        last = place.or(last);
        if line.starts_with('}') {
            last = None;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
