//! The formatter: one way to lay out a program.
//!
//! It never changes, adds or removes a token or a comment, only the space between them. Statements, items, fields and arms begin
//! lines; a pair of braces without a statement or comment inside stays on one line if it was; elsewhere the author's line breaks
//! are kept and indented. What is formatted is not changed by formatting it again.

mod layout;
mod space;

use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Sink},
    span::Span,
    syntax::{
        lexer::{Lexed, MAX_SOURCE},
        parser::parse,
        token::{CommentKind, TokenKind},
    },
};

/// Lays out a source, or says why it cannot be read.
pub fn format(source: &str) -> Result<String, Diagnostics> {
    let mut sink = Sink::default();
    let (file, lexed) = parse(source, &mut sink);
    if sink.has_errors() {
        return Err(sink.finish());
    }
    let pieces = pieces(&lexed);
    let layout = layout::Layout::new(source, &file, &pieces);
    let mut printer = Printer {
        source,
        layout,
        out: String::with_capacity(source.len()),
        open: Vec::new(),
        line: 0,
    };
    for at in 0..pieces.len() {
        printer.piece(&pieces, at);
    }
    let mut text = printer.out;
    if !text.is_empty() {
        text.push('\n');
    }
    if text.len() > MAX_SOURCE {
        let title = format!("laid out, this file would have {} bytes", text.len());
        let diagnostic = Diagnostic::new(Code::SourceTooLong, Span::default(), title);
        return Err(
            Diagnostics::default().with(diagnostic.note(format!("a program has at most {MAX_SOURCE} bytes")))
        );
    }
    Ok(text)
}

/// A token or a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PieceKind {
    Token(TokenKind),
    Comment(CommentKind),
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    kind: PieceKind,
    start: usize,
    end: usize,
}

impl Piece {
    fn is(&self, kind: TokenKind) -> bool {
        self.kind == PieceKind::Token(kind)
    }

    const fn is_comment(&self) -> bool {
        matches!(self.kind, PieceKind::Comment(_))
    }
}

/// Tokens and comments in their order.
fn pieces(lexed: &Lexed) -> Vec<Piece> {
    let tokens = lexed
        .tokens
        .iter()
        .filter(|token| token.kind != TokenKind::End)
        .map(|token| Piece {
            kind: PieceKind::Token(token.kind),
            start: token.span.range().start,
            end: token.span.range().end,
        });
    let comments = lexed.comments.iter().map(|comment| Piece {
        kind: PieceKind::Comment(comment.kind),
        start: comment.span.range().start,
        end: comment.span.range().end,
    });
    let mut pieces: Vec<Piece> = tokens.chain(comments).collect();
    pieces.sort_by_key(|piece| piece.start);
    pieces
}

struct Printer<'a> {
    source: &'a str,
    layout: layout::Layout,
    out: String,
    /// The line on which each open bracket stands.
    open: Vec<usize>,
    line: usize,
}

impl Printer<'_> {
    fn piece(&mut self, pieces: &[Piece], at: usize) {
        let piece = pieces[at];
        let closes = matches!(
            piece.kind,
            PieceKind::Token(TokenKind::CloseParen | TokenKind::CloseBrace | TokenKind::CloseBracket)
        );
        if closes {
            self.open.pop();
        }
        if let Some(before) = at.checked_sub(1).map(|before| pieces[before]) {
            match self.layout.newlines(pieces, at, self.open.is_empty()) {
                0 => {
                    if space::between(self.source, pieces, at, &self.layout) {
                        self.out.push(' ');
                    }
                }
                lines => self.new_line(lines, self.layout.continues(pieces, at, before)),
            }
        }
        self.out
            .push_str(self.source.get(piece.start..piece.end).unwrap_or_default());
        let opens = matches!(
            piece.kind,
            PieceKind::Token(TokenKind::OpenParen | TokenKind::OpenBrace | TokenKind::OpenBracket)
        );
        if opens {
            self.open.push(self.line);
        }
    }

    fn new_line(&mut self, lines: usize, continues: bool) {
        for _ in 0..lines {
            self.out.push('\n');
        }
        self.line = self.line.saturating_add(1);
        // Brackets that were opened on one line indent once.
        let mut lines: Vec<usize> = self.open.clone();
        lines.dedup();
        let depth = lines.len().saturating_add(usize::from(continues));
        for _ in 0..depth {
            self.out.push_str("    ");
        }
    }
}
