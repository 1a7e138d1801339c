//! Traps, drawn on the source.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, renderer::DecorStyle};
use curve_lang::{
    Artifact,
    diagnostic::Style,
    hir::Named,
    span::{LineColumn, LineIndex, Span},
};
use curvevm::{Fault, Trap};
use serde::Serialize;

use crate::{explain::traps::TrapCode, files::Source};

/// A trap, as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The trap's code.
    pub code: &'static str,
    /// What happened.
    pub title: String,
    /// What more there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1.
    pub column: u32,
    #[serde(skip)]
    span: Span,
}

impl Failure {
    /// Of a fault of this program.
    pub fn of(fault: &Fault, artifact: &Artifact, text: &str) -> Self {
        let (title, note) = say(fault.trap, artifact);
        let place = artifact.source_map.locate(fault.function, fault.pc);
        let (line, column) = place.unwrap_or((1, 1));
        Self {
            code: TrapCode::of(fault.trap.kind()).text(),
            title,
            note,
            line,
            column,
            span: span(line, column, text),
        }
    }

    /// Drawn on the source.
    pub fn render(&self, source: &Source, style: Style) -> String {
        let renderer = match style {
            Style::Plain => Renderer::plain().decor_style(DecorStyle::Ascii),
            Style::Colour => Renderer::styled(),
        };
        let snippet = Snippet::source(source.text.as_str())
            .path(source.name.as_str())
            .annotation(AnnotationKind::Primary.span(self.span.range()));
        let mut group = Level::ERROR
            .primary_title(self.title.as_str())
            .id(self.code)
            .element(snippet);
        if let Some(note) = &self.note {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        let more = format!("`curve explain {}` says more", self.code);
        group = group.element(Level::HELP.message(more.as_str()));
        renderer.render(&[group])
    }
}

/// What happened, and the documentation of the error or the invariant.
fn say(trap: Trap, artifact: &Artifact) -> (String, Option<String>) {
    let program = &artifact.hir;
    let named = |what: &str, named: Option<&Named>| {
        let docs = named
            .map(|named| named.docs.clone())
            .filter(|docs| !docs.is_empty());
        (what.replace('?', named.map_or("?", |named| &named.name)), docs)
    };
    match trap {
        Trap::Revert(error) => named("fails with `?`", program.errors.get(usize::from(error))),
        Trap::InvariantViolated(function) => {
            let at = usize::from(function).checked_sub(program.functions.len());
            let invariant = at.and_then(|at| program.invariants.get(at));
            named(
                "the invariant `?` does not hold",
                invariant.map(|found| &found.named),
            )
        }
        trap => (trap.to_string(), None),
    }
}

/// From a place to the end of what stands in its line.
fn span(line: u32, column: u32, text: &str) -> Span {
    let lines = LineIndex::new(text);
    let start = lines.offset(LineColumn {
        line: line.saturating_sub(1),
        column: column.saturating_sub(1),
    });
    let rest = text
        .get(start as usize..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    let code = rest.split("//").next().unwrap_or_default();
    let length = code.trim_end().trim_end_matches([';', '{', ',']).trim_end().len();
    Span::new(start, start.saturating_add(u32::try_from(length).unwrap_or(0)))
}
