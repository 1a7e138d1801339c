//! Words of the command line, read by the compiler itself: each becomes a `let` of a test behind the program, so that values
//! are written and checked as in Curve, with its units and the program's constants.

use std::{fmt::Write as _, ops::Range};

use curve_lang::{
    check,
    diagnostic::{Diagnostic, Diagnostics, Fix, Severity, Style, render},
    hir::{Expr, ExprKind, Program, Stmt, StmtKind},
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
    if words.is_empty() {
        return Ok(Vec::new());
    }
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
        shell.notice(drawn(error, &words[at], &places[at], shell.notice_style()));
        return Err(unusable(&words[at]));
    }
    let test = checked
        .program
        .tests
        .last()
        .expect("it stands at the end of the script");
    let stmts = statements(&test.body);
    // A word in which a statement begins is more than a value.
    let begins = |place: &Range<usize>| {
        stmts
            .iter()
            .any(|stmt| place.contains(&(stmt.span.start as usize)))
    };
    let culprit = places.iter().position(begins);
    if let Some(at) = culprit.or((stmts.len() != words.len()).then_some(0)) {
        return Err(unusable(&words[at]));
    }
    let values = stmts.iter().zip(words).map(|(stmt, word)| match &stmt.kind {
        StmtKind::Let(_, value) => evaluate(program, world, value).map_err(|failure| Error::Word {
            what: word.what.clone(),
            failure,
        }),
        _ => Err(unusable(word)),
    });
    values.collect()
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

fn statements(body: &Expr) -> &[Stmt] {
    match &body.kind {
        ExprKind::Block(stmts, _) => stmts,
        _ => &[],
    }
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
    let elsewhere = |fix: &Fix| fix.edits.iter().any(|(span, _)| !within(*span, place));
    if error.fix.as_ref().is_some_and(elsewhere) {
        error.fix = None;
    }
    error.span = here(error.span);
    error.others.iter_mut().for_each(|(span, _)| *span = here(*span));
    let edits = error.fix.iter_mut().flat_map(|fix| &mut fix.edits);
    edits.for_each(|(span, _)| *span = here(*span));
    let all = Diagnostics::default().with(error);
    render(&all, &word.what, &word.text, style)
}

#[cfg(test)]
mod tests {
    use curve_lang::{
        Options, compile,
        machine::MachineLedger,
        show_value,
        testing::{START_HEIGHT, START_MS, own_address},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::cli::Colour;

    const SOURCE: &str = "program p;

unit Share;

struct Order { price: Asset/Share, shares: Share, square: Asset/Share^2, wait: Duration }

enum Stage { Open, Closed { count: Count, done: Bool } }

view v(a: Order, b: Stage, c: Bytes<8>, d: Asset, e: Address) -> Count { 0 }
";

    /// Values of the parameters of `v`.
    fn values() -> impl Strategy<Value = Vec<Value>> {
        let n = any::<u64>().prop_map(Value::Number);
        let order = prop::collection::vec(n.clone(), 4).prop_map(Value::Struct);
        let closed = (n.clone(), any::<bool>());
        let closed = closed.prop_map(|(n, done)| Value::Variant(1, vec![n, Value::Bool(done)]));
        let stage = prop_oneof![Just(Value::Variant(0, Vec::new())), closed];
        let bytes = prop::collection::vec(any::<u8>(), 0..=8).prop_map(Value::Bytes);
        let address = any::<[u8; 32]>().prop_map(Value::Address);
        (order, stage, bytes, n, address).prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_given_again(values in values()) {
            let artifact = compile(SOURCE, &Options::default()).unwrap();
            let program = &artifact.hir;
            let code = std::sync::Arc::new(artifact.program.verify().unwrap());
            let mut world = MachineLedger::new(program, code, own_address(), START_MS, START_HEIGHT);
            let word = |(value, local): (&Value, &curve_lang::hir::Local)| {
                let text = show_value(value, &local.ty, program);
                let is_address = local.ty == Type::Address;
                let text = if is_address { format!("address(\"{text}\")") } else { text };
                Word { what: local.name.clone(), ty: local.ty.clone(), text }
            };
            let words: Vec<Word> = values.iter().zip(&program.functions[0].locals).map(word).collect();
            let mut shell = Shell::new(Colour::Never, false);
            let read = read(&words, SOURCE, program, &mut world, &mut shell).unwrap();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn no_word_is_more_than_a_word(text in "[a-z0-9(){};,=\"/ ]{0,20}") {
            let artifact = compile(SOURCE, &Options::default()).unwrap();
            let program = &artifact.hir;
            let code = std::sync::Arc::new(artifact.program.verify().unwrap());
            let mut world = MachineLedger::new(program, code, own_address(), START_MS, START_HEIGHT);
            let word = |text: &str| Word { what: "it".to_owned(), ty: Type::COUNT, text: text.to_owned() };
            let words = [word("1"), word(&text), word("3")];
            let mut shell = Shell::new(Colour::Never, false);
            if let Ok(values) = read(&words, SOURCE, program, &mut world, &mut shell) {
                prop_assert_eq!(values.len(), 3);
                prop_assert_eq!((&values[0], &values[2]), (&Value::Number(1), &Value::Number(3)));
            }
        }
    }
}
