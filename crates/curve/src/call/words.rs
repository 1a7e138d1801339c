//! Words of the command line, read by the compiler itself: each becomes a `let` of a test behind the program, so that values
//! are written and checked as in Curve, with its units and the program's constants.

use std::{fmt::Write as _, ops::Range};

use curve_lang::{
    check,
    diagnostic::{Diagnostic, Severity, Style, render},
    hir::{Expr, ExprKind, Program, StmtKind},
    reference::{World, evaluate},
    span::Span,
    types::Type,
    value::Value,
};

use crate::{Error, shell::Shell};

/// A word, and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is for, as in "--payment".
    pub what: String,
    /// Its type.
    pub ty: Type,
    /// The word.
    pub text: String,
}

/// The values of words. What the compiler says of them is shown.
pub fn read(
    words: &[Word],
    source: &str,
    program: &Program,
    world: &mut impl World,
    shell: &mut Shell,
) -> Result<Vec<Value>, Error> {
    let (text, places) = script(words, source, program);
    let checked = check(&text);
    let unusable = |word: &Word| Error::Unusable {
        what: word.what.clone(),
    };
    let mut errors = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity() == Severity::Error);
    if let Some(error) = errors.next() {
        let before = |place: &Range<usize>| place.start <= error.span.start as usize;
        let at = places.iter().rposition(before).unwrap_or(0);
        let (word, place) = words
            .iter()
            .zip(&places)
            .nth(at)
            .expect("an error is about a word");
        shell.notice(drawn(error, word, place, shell.notice_style()));
        return Err(unusable(word));
    }
    let test = checked
        .program
        .tests
        .last()
        .expect("it stands at the end of the script");
    let values = lets(&test.body);
    let read = |((word, place), value): ((&Word, &Range<usize>), &Expr)| {
        let value = Some(value).filter(|value| within(value.span, place));
        evaluate(program, world, value.ok_or_else(|| unusable(word))?).map_err(|failure| Error::Word {
            what: word.what.clone(),
            failure,
        })
    };
    // A word that closes what it did not open makes more or fewer of them.
    match values.len() == words.len() {
        true => words.iter().zip(&places).zip(values).map(read).collect(),
        false => Err(words
            .first()
            .map_or(Error::Unusable { what: String::new() }, unusable)),
    }
}

/// The program, then a test that gives each word a name; and where the words stand.
fn script(words: &[Word], source: &str, program: &Program) -> (String, Vec<Range<usize>>) {
    let mut text = format!("{source}\ntest \"\" {{\n");
    let mut places = Vec::new();
    for (at, word) in words.iter().enumerate() {
        // On a line of its own, so that a comment ends with it.
        writeln!(text, "let _word_{at}: {} =", program.show(&word.ty)).expect("a string grows");
        let start = text.len();
        text.push_str(&word.text);
        places.push(start..text.len());
        text.push_str("\n;\n");
    }
    text.push_str("}\n");
    (text, places)
}

/// What names are given to, in order.
fn lets(body: &Expr) -> Vec<&Expr> {
    let ExprKind::Block(stmts, _) = &body.kind else {
        return Vec::new();
    };
    let named = stmts.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Let(_, value) => Some(value),
        _ => None,
    });
    named.collect()
}

fn within(span: Span, place: &Range<usize>) -> bool {
    place.start <= span.range().start && span.range().end <= place.end
}

/// The error, drawn on the word alone.
fn drawn(error: &Diagnostic, word: &Word, place: &Range<usize>, style: Style) -> String {
    let base = u32::try_from(place.start).unwrap_or(u32::MAX);
    let here = |span: Span| Span::new(span.start.saturating_sub(base), span.end.saturating_sub(base));
    let mut error = error.clone();
    error.others.retain(|(span, _)| within(*span, place));
    let elsewhere =
        |fix: &curve_lang::diagnostic::Fix| fix.edits.iter().any(|(span, _)| !within(*span, place));
    if error.fix.as_ref().is_some_and(elsewhere) {
        error.fix = None;
    }
    error.span = here(error.span);
    error.others.iter_mut().for_each(|(span, _)| *span = here(*span));
    let edits = error.fix.iter_mut().flat_map(|fix| &mut fix.edits);
    edits.for_each(|(span, _)| *span = here(*span));
    let all = curve_lang::diagnostic::Diagnostics::default().with(error);
    render(&all, &word.what, &word.text, style)
}
