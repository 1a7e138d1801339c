//! `curve fmt`

use curve_lang::format;
use similar::{ChangeTag, TextDiff};

use super::count;
use crate::{
    Error, Verdict,
    cli::FmtArgs,
    files::{self, Source},
    report,
    shell::{Ink, Shell},
};

/// Lines around a change.
const CONTEXT: usize = 2;

pub fn run(args: &FmtArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let (mut unread, mut changed) = (0usize, 0usize);
    let files = files::named_or_here(&args.files.files)?;
    for path in &files {
        let source = files::read_source(path)?;
        let laid_out = match format(&source.text) {
            Ok(text) => text,
            Err(diagnostics) => {
                report::show(&diagnostics, &source, shell);
                unread = unread.saturating_add(1);
                continue;
            }
        };
        changed = changed.saturating_add(usize::from(laid_out != source.text));
        match (args.check, files::is_stdin(path)) {
            (true, _) => diff(&source, &laid_out, shell)?,
            (false, true) => shell.raw(laid_out.as_bytes())?,
            (false, false) if laid_out == source.text => {}
            (false, false) => {
                files::write(path, laid_out.as_bytes())?;
                shell.line(format!("formatted {}", source.name))?;
            }
        }
    }
    if args.check && unread == 0 {
        let of = count(files.len(), "file");
        shell.line(format!("{changed} of {of} would be laid out differently"))?;
    }
    Ok(Verdict::good_if(unread == 0 && (changed == 0 || !args.check)))
}

fn diff(source: &Source, laid_out: &str, shell: &mut Shell) -> Result<(), Error> {
    let diff = TextDiff::from_lines(source.text.as_str(), laid_out);
    let mut groups = diff.grouped_ops(CONTEXT).into_iter().peekable();
    if groups.peek().is_none() {
        return Ok(());
    }
    let name = &source.name;
    shell.line(shell.ink(Ink::Head, &format!("--- {name}\n+++ {name}, laid out")))?;
    for group in groups {
        let line = group
            .first()
            .map_or(0, |op| op.old_range().start)
            .saturating_add(1);
        shell.line(shell.ink(Ink::Faint, &format!("@@ line {line} @@")))?;
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = change.value().trim_end_matches('\n');
            shell.line(match change.tag() {
                ChangeTag::Delete => shell.ink(Ink::Bad, &format!("-{text}")),
                ChangeTag::Insert => shell.ink(Ink::Good, &format!("+{text}")),
                ChangeTag::Equal => format!(" {text}"),
            })?;
        }
    }
    Ok(())
}
