//! Diagnostics as text.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet, renderer::DecorStyle};

use super::{Diagnostic, Diagnostics, Severity};
use crate::span::Span;

/// How to draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// ASCII, without colours.
    #[default]
    Plain,
    /// With a terminal's colours.
    Colour,
}

/// All diagnostics of a source, as a person reads them. `path` is only shown.
pub fn render(diagnostics: &Diagnostics, path: &str, source: &str, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain().decor_style(DecorStyle::Ascii),
        Style::Colour => Renderer::styled(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&report(diagnostic, path, source)));
        text.push('\n');
    }
    text
}

fn report<'a>(diagnostic: &'a Diagnostic, path: &'a str, source: &'a str) -> Vec<Group<'a>> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let label = |text: &'a Option<String>| text.as_deref();
    let mut snippet = Snippet::source(source).path(path).annotation(
        AnnotationKind::Primary
            .span(inside(diagnostic.span, source))
            .label(label(&diagnostic.label)),
    );
    for (span, text) in &diagnostic.others {
        let annotation = AnnotationKind::Context
            .span(inside(*span, source))
            .label(text.as_str());
        snippet = snippet.annotation(annotation);
    }
    let mut group = level
        .primary_title(diagnostic.title.as_str())
        .id(diagnostic.code.text())
        .element(snippet);
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    let mut groups = vec![group];
    if let Some(fix) = &diagnostic.fix {
        let patches = fix
            .edits
            .iter()
            .map(|(span, text)| Patch::new(inside(*span, source), text.as_str()));
        let patched = Snippet::source(source).path(path).patches(patches);
        groups.push(Level::HELP.secondary_title(fix.title.as_str()).element(patched));
    }
    groups
}

/// The span, cut to the source and to whole characters.
fn inside(span: Span, source: &str) -> std::ops::Range<usize> {
    let floor = |at: usize| {
        (0..=at.min(source.len()))
            .rev()
            .find(|at| source.is_char_boundary(*at))
            .unwrap_or(0)
    };
    floor(span.range().start)..floor(span.range().end)
}
