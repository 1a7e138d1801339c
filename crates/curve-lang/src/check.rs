//! From the syntax tree to the program with its meaning: names, types, units, effects, limits.
//!
//! ```text
//! collect   every item's name, then types and signatures, then constants in order
//! body      statements and expressions of each function, invariant and test
//! effects   who calls, writes and asks for the caller; order of functions; rounds of loops
//! ```
//!
//! Whatever is wrong is reported once and becomes `Bad`, which goes with everything, so that one mistake makes one message.

mod assign;
mod binary;
mod body;
mod call;
mod collect;
mod constant;
mod containment;
mod control;
mod effects;
mod expr;
mod foreign;
mod intrinsic;
mod names;
mod number;
mod pattern;
mod resolve;
mod script;
mod stmt;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use self::{body::Body, effects::Effects, names::Items};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Sink},
    hir::{Expr, Program},
    span::Span,
    symbols::Symbol,
    syntax::parser::parse,
    types::{Dimension, Type},
};

/// What the checker found out.
#[derive(Debug)]
pub struct Checked {
    /// The program; complete only if there was no error.
    pub program: Program,
    /// Names where they stand, and what they mean.
    pub symbols: Vec<Symbol>,
    /// What is wrong or doubtful.
    pub diagnostics: Diagnostics,
}

/// Checks a source.
pub fn check(source: &str) -> Checked {
    let mut sink = Sink::default();
    let (file, _) = parse(source, &mut sink);
    let mut checker = Checker::new(source, &mut sink);
    checker.collect(&file);
    checker.bodies(&file);
    checker.check_effects();
    checker.report_unused();
    let Checker {
        program, mut symbols, ..
    } = checker;
    symbols.sort_by_key(|symbol| symbol.span);
    Checked {
        program,
        symbols,
        diagnostics: sink.finish(),
    }
}

struct Checker<'a> {
    source: &'a str,
    sink: &'a mut Sink,
    program: Program,
    symbols: Vec<Symbol>,
    items: Items,
    /// What each function does, by its place among the functions.
    effects: Vec<Effects>,
    invariant_effects: Vec<Effects>,
    test_effects: Vec<Effects>,
    state_block: Option<Span>,
    used: BTreeSet<Span>,
    /// Hover texts of items, by where they are declared.
    hovers: BTreeMap<Span, String>,
    body: Body,
}

impl<'a> Checker<'a> {
    fn new(source: &'a str, sink: &'a mut Sink) -> Self {
        Self {
            source,
            sink,
            program: Program::default(),
            symbols: Vec::new(),
            items: Items::default(),
            effects: Vec::new(),
            invariant_effects: Vec::new(),
            test_effects: Vec::new(),
            state_block: None,
            used: BTreeSet::new(),
            hovers: BTreeMap::new(),
            body: Body::default(),
        }
    }

    fn error(&mut self, code: Code, span: Span, title: impl Into<String>) {
        self.sink.push(Diagnostic::new(code, span, title));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    fn show(&self, ty: &Type) -> String {
        self.program.show(ty)
    }

    /// Makes sure that a value has the wanted type.
    fn want(&mut self, expr: Expr, wanted: &Type) -> Expr {
        if expr.ty.fits(wanted) {
            return expr;
        }
        let (have, need) = (self.show(&expr.ty), self.show(wanted));
        let code = match (&expr.ty, wanted) {
            (Type::Nothing, _) => Code::NoValue,
            (Type::Number(_), Type::Number(_)) | (Type::Wide(_), Type::Wide(_)) => Code::UnitMismatch,
            (Type::Bytes(_), Type::Bytes(_)) => Code::BytesTooLong,
            _ => Code::Mismatch,
        };
        let mut diagnostic = Diagnostic::new(code, expr.span, format!("expected {need}, found {have}"))
            .label(format!("this is {have}"));
        if let Some(note) = conversion_note(&expr.ty, wanted, &need) {
            diagnostic = diagnostic.note(note);
        }
        diagnostic = self.unit_fix(diagnostic, &expr, wanted);
        self.report(diagnostic);
        Expr::bad(expr.span)
    }

    /// Suggests the unit that a bare number lacks.
    fn unit_fix(&self, diagnostic: Diagnostic, expr: &Expr, wanted: &Type) -> Diagnostic {
        let (Type::Number(have), Type::Number(need)) = (&expr.ty, wanted) else {
            return diagnostic;
        };
        let literal = self
            .source
            .get(expr.span.range())
            .is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'_'));
        if !literal || *have != Dimension::COUNT || *need == Dimension::COUNT {
            return diagnostic;
        }
        let unit = match self.show(wanted).as_str() {
            "Asset" => "ASSET".to_owned(),
            "Duration" => "seconds".to_owned(),
            other if other.contains(['*']) || other.starts_with("Count") => return diagnostic,
            other => other.replace("Asset", "nASSET"),
        };
        diagnostic.fix(
            format!("say of what: `{unit}`"),
            vec![(expr.span.after(), format!(" {unit}"))],
        )
    }
}

/// How one type becomes another one, in words.
fn conversion_note(have: &Type, want: &Type, shown: &str) -> Option<String> {
    match (have, want) {
        (Type::Wide(_), Type::Number(_)) => Some("`narrow(x)` traps if it does not fit".to_owned()),
        (Type::Number(_), Type::Wide(_)) => Some("`product(x, 1)` has 128 bits".to_owned()),
        (Type::Number(have), Type::Number(_)) if *have == Dimension::COUNT => Some(format!(
            "a count becomes {shown} by multiplying it with one of it"
        )),
        (Type::Time, Type::Number(_)) => {
            Some("a `Time` is a point; the difference of two is a `Duration`".to_owned())
        }
        _ => None,
    }
}
