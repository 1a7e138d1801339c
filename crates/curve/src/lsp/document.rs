//! A document that is open in an editor, and its places: editors count UTF-16, the compiler bytes.

use curve_lang::{
    Checked, Options, check, compile,
    diagnostic::{Diagnostics, Severity},
    ide,
    span::{LineColumn, LineIndex, Span},
};
use lsp_types::{
    CodeAction, CodeActionKind, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DocumentSymbol,
    Hover, HoverContents, Location, MarkupContent, MarkupKind, NumberOrString, Position, Range, SymbolKind,
    TextEdit, Uri, WorkspaceEdit,
};

use crate::files::MAX_SOURCE;

/// A document and what the compiler knows of it.
#[derive(Debug)]
pub struct Document {
    uri: Uri,
    text: String,
    lines: LineIndex,
    checked: Checked,
    diagnostics: Diagnostics,
}

impl Document {
    /// As the editor has it.
    pub fn new(uri: Uri, mut text: String) -> Self {
        let checked = check(&text);
        let diagnostics = match compile(&text, &Options::default()) {
            Ok(artifact) => artifact.warnings,
            Err(diagnostics) => diagnostics,
        };
        if text.len() as u64 > MAX_SOURCE {
            // The compiler has said so, and there is nothing to ask about.
            text.clear();
        }
        let lines = LineIndex::new(&text);
        Self {
            uri,
            text,
            lines,
            checked,
            diagnostics,
        }
    }

    fn position(&self, offset: u32) -> Position {
        let LineColumn { line, column } = self.lines.utf16(&self.text, offset);
        Position::new(line, column)
    }

    fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }

    /// The byte at a position, or the nearest in its line.
    fn offset(
        &self,
        Position {
            line,
            character: column,
        }: Position,
    ) -> u32 {
        self.lines
            .offset_of_utf16(&self.text, LineColumn { line, column })
    }

    fn location(&self, span: Span) -> Location {
        Location::new(self.uri.clone(), self.range(span))
    }

    /// What is wrong or doubtful.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.diagnostics
            .iter()
            .map(|found| self.diagnostic(found))
            .collect()
    }

    fn diagnostic(&self, found: &curve_lang::diagnostic::Diagnostic) -> Diagnostic {
        let mut message = found.title.clone();
        for more in found.label.iter().chain(&found.notes) {
            message.push('\n');
            message.push_str(more);
        }
        let others = found
            .others
            .iter()
            .map(|(span, text)| DiagnosticRelatedInformation {
                location: self.location(*span),
                message: text.clone(),
            });
        Diagnostic {
            range: self.range(found.span),
            severity: Some(match found.severity() {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
            }),
            code: Some(NumberOrString::String(found.code.text().to_owned())),
            source: Some("curve".to_owned()),
            message,
            related_information: Some(others.collect()),
            ..Diagnostic::default()
        }
    }

    /// What the name at a position is.
    pub fn hover(&self, position: Position) -> Option<Hover> {
        let (span, text) = ide::hover(&self.checked, self.offset(position))?;
        let contents = MarkupContent {
            kind: MarkupKind::Markdown,
            value: text.to_owned(),
        };
        Some(Hover {
            contents: HoverContents::Markup(contents),
            range: Some(self.range(span)),
        })
    }

    /// Where the name at a position is declared.
    pub fn definition(&self, position: Position) -> Option<Location> {
        ide::definition(&self.checked, self.offset(position)).map(|span| self.location(span))
    }

    /// Where else what is at a position is meant.
    pub fn references(&self, position: Position, with_declaration: bool) -> Vec<Location> {
        let offset = self.offset(position);
        let declared = ide::definition(&self.checked, offset);
        let mut spans = ide::references(&self.checked, offset);
        spans.retain(|span| with_declaration || Some(*span) != declared);
        spans.into_iter().map(|span| self.location(span)).collect()
    }

    /// The items.
    pub fn symbols(&self) -> Vec<DocumentSymbol> {
        let symbol = |item: ide::Outline| {
            let range = self.range(item.span);
            #[expect(deprecated, reason = "the struct has no other constructor")]
            DocumentSymbol {
                name: item.name,
                detail: Some(item.keyword.to_owned()),
                kind: kind(item.keyword),
                tags: None,
                deprecated: None,
                range,
                selection_range: range,
                children: None,
            }
        };
        ide::outline(&self.checked).into_iter().map(symbol).collect()
    }

    /// The edit that lays it out; none if it is, nothing if it cannot be read.
    pub fn formatting(&self) -> Option<Vec<TextEdit>> {
        let text = curve_lang::format(&self.text).ok()?;
        if text == self.text {
            return Some(Vec::new());
        }
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        Some(vec![TextEdit::new(self.range(Span::new(0, end)), text)])
    }

    /// The fixes of what is wrong between two positions.
    #[expect(
        clippy::mutable_key_type,
        reason = "the protocol's map of edits has addresses of documents as keys"
    )]
    pub fn actions(&self, range: Range) -> Vec<CodeAction> {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        let here = |span: Span| span.start <= end && start <= span.end;
        let found = self.diagnostics.iter().filter(|found| here(found.span));
        let action = |found: &curve_lang::diagnostic::Diagnostic| {
            let fix = found.fix.as_ref()?;
            let edits = fix.edits.iter();
            let edits = edits
                .map(|(span, text)| TextEdit::new(self.range(*span), text.clone()))
                .collect();
            let changes = [(self.uri.clone(), edits)].into_iter().collect();
            Some(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![self.diagnostic(found)]),
                edit: Some(WorkspaceEdit::new(changes)),
                is_preferred: Some(true),
                ..CodeAction::default()
            })
        };
        found.filter_map(action).collect()
    }
}

fn kind(keyword: &str) -> SymbolKind {
    match keyword {
        "const" | "unit" => SymbolKind::CONSTANT,
        "struct" => SymbolKind::STRUCT,
        "enum" => SymbolKind::ENUM,
        "state" => SymbolKind::FIELD,
        "event" => SymbolKind::EVENT,
        "error" => SymbolKind::ENUM_MEMBER,
        "init" => SymbolKind::CONSTRUCTOR,
        "entry" => SymbolKind::METHOD,
        "invariant" => SymbolKind::BOOLEAN,
        _ => SymbolKind::FUNCTION,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(text: &str) -> Document {
        Document::new("file:///p.curve".parse().unwrap(), text.to_owned())
    }

    #[test]
    fn columns_count_utf_16() {
        let text = "//! ä 𝄞 €\nprogram p;\r\n";
        let document = document(text);
        let cases = [("ä", 4), ("𝄞", 6), (" €", 8), ("€", 9)];
        for (part, column) in cases {
            let offset = u32::try_from(text.find(part).unwrap()).unwrap();
            assert_eq!(document.position(offset), Position::new(0, column), "{part}");
            assert_eq!(document.offset(Position::new(0, column)), offset, "{part}");
        }
        assert_eq!(document.offset(Position::new(0, 99)), 15);
        assert_eq!(
            document.offset(Position::new(99, 0)),
            u32::try_from(text.len()).unwrap()
        );
    }

    proptest! {
        #[test]
        fn no_position_is_out_of_bounds(text in ".{0,60}", line in 0u32..9, character in 0u32..90) {
            let document = document(&text);
            let offset = document.offset(Position::new(line, character)) as usize;
            prop_assert!(text.is_char_boundary(offset));
        }
    }
}
