//! Diagnostics for people and for machines.

use curve_lang::{
    diagnostic::{Diagnostic, Diagnostics, Severity, render},
    span::{LineIndex, Span},
};
use serde::Serialize;

use crate::{files::Source, shell::Shell};

/// Draws diagnostics on their source.
pub fn show(diagnostics: &Diagnostics, source: &Source, shell: &mut Shell) {
    let text = render(diagnostics, &source.name, &source.text, shell.notice_style());
    shell.notice(text);
    let codes: Vec<&str> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.text())
        .collect();
    if let (Some(code), true) = (codes.first(), diagnostics.has_errors()) {
        shell.notice(format!("\n`curve explain {code}` says more."));
    }
}

/// A diagnostic as JSON.
#[derive(Debug, Serialize)]
pub struct Report {
    code: &'static str,
    severity: &'static str,
    title: String,
    place: Range,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Other>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Repair>,
}

/// Lines and columns from 1, columns in bytes; the end is behind the last byte.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Range {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Debug, Serialize)]
struct Other {
    place: Range,
    label: String,
}

#[derive(Debug, Serialize)]
struct Repair {
    title: String,
    edits: Vec<Edit>,
}

#[derive(Debug, Serialize)]
struct Edit {
    place: Range,
    text: String,
}

/// All of a source, as JSON.
pub fn reports(diagnostics: &Diagnostics, text: &str) -> Vec<Report> {
    let lines = LineIndex::new(text);
    diagnostics
        .iter()
        .map(|diagnostic| report(diagnostic, &lines))
        .collect()
}

/// One, as JSON.
pub fn report(diagnostic: &Diagnostic, lines: &LineIndex) -> Report {
    Report {
        code: diagnostic.code.text(),
        severity: match diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        title: diagnostic.title.clone(),
        place: range(diagnostic.span, lines),
        label: diagnostic.label.clone(),
        others: diagnostic
            .others
            .iter()
            .map(|(span, label)| Other {
                place: range(*span, lines),
                label: label.clone(),
            })
            .collect(),
        notes: diagnostic.notes.clone(),
        fix: diagnostic.fix.as_ref().map(|fix| Repair {
            title: fix.title.clone(),
            edits: fix
                .edits
                .iter()
                .map(|(span, text)| Edit {
                    place: range(*span, lines),
                    text: text.clone(),
                })
                .collect(),
        }),
    }
}

fn range(span: Span, lines: &LineIndex) -> Range {
    let (start, end) = (lines.line_column(span.start), lines.line_column(span.end));
    Range {
        line: start.line.saturating_add(1),
        column: start.column.saturating_add(1),
        end_line: end.line.saturating_add(1),
        end_column: end.column.saturating_add(1),
    }
}
