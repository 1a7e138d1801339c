//! Tokens to a syntax tree, by recursive descent.
//!
//! Never fails: what cannot be read is reported, skipped to the next statement or item, and `Bad` in the tree. Every loop
//! consumes a token or ends, and nothing lies deeper than [`MAX_DEPTH`], so time is linear and the stack is bounded.

mod depth;
mod expr;
mod item;
mod script;
mod stmt;
mod types;

use super::{
    ast::{File, Name},
    lexer::{Lexed, lex},
    token::{Comment, CommentKind, Token, TokenKind},
};
use crate::{
    diagnostic::{Code, Diagnostic, Sink},
    span::Span,
};

/// How many expressions, blocks and types may lie within one another.
pub const MAX_DEPTH: u16 = 64;

/// Reads a file.
pub fn parse(source: &str, sink: &mut Sink) -> (File, Lexed) {
    let lexed = lex(source, sink);
    let mut parser = Parser::new(source, &lexed, sink);
    let file = parser.file();
    parser.report_stray_docs();
    (file, lexed)
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    docs: Vec<Comment>,
    docs_used: Vec<bool>,
    sink: &'a mut Sink,
    /// Where the last error was, so that one mistake is reported once.
    reported: Option<usize>,
    nested: u16,
    in_test: bool,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, lexed: &'a Lexed, sink: &'a mut Sink) -> Self {
        let docs: Vec<Comment> = lexed
            .comments
            .iter()
            .filter(|comment| comment.kind != CommentKind::Plain)
            .copied()
            .collect();
        let docs_used = vec![false; docs.len()];
        let tokens = &lexed.tokens;
        Self {
            source,
            tokens,
            at: 0,
            docs,
            docs_used,
            sink,
            reported: None,
            nested: 0,
            in_test: false,
        }
    }

    fn token(&self, ahead: usize) -> Token {
        let last = self.tokens.len().saturating_sub(1);
        let end = Token {
            kind: TokenKind::End,
            span: Span::default(),
        };
        self.tokens
            .get(self.at.saturating_add(ahead).min(last))
            .copied()
            .unwrap_or(end)
    }

    fn kind(&self) -> TokenKind {
        self.token(0).kind
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    /// The token before.
    fn previous(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(Span::default(), |token| token.span)
    }

    /// From `start` to the token before.
    fn since(&self, start: Span) -> Span {
        if self.previous().end <= start.start {
            start
        } else {
            start.to(self.previous())
        }
    }

    fn text(&self, span: Span) -> &'a str {
        self.source.get(span.range()).unwrap_or_default()
    }

    fn is(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    /// Whether here stands this word, which is not reserved.
    fn is_word(&self, word: &str) -> bool {
        self.is(TokenKind::Ident) && self.text(self.span()) == word
    }

    fn bump(&mut self) -> Token {
        let token = self.token(0);
        self.at = self.at.saturating_add(1).min(self.tokens.len().saturating_sub(1));
        token
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.is(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, kind: TokenKind) -> bool {
        let found = self.eat(kind);
        if !found {
            self.unexpected(&kind.to_string());
        }
        found
    }

    /// Expects the counterpart of the bracket at `open`.
    fn close(&mut self, kind: TokenKind, open: Span) -> bool {
        if self.is(TokenKind::End) {
            let opened = self.text(open);
            self.error(
                Diagnostic::new(Code::Unclosed, open, format!("this `{opened}` is never closed"))
                    .label(format!("its `{}` is missing", kind.text().unwrap_or_default())),
            );
            return false;
        }
        self.expect(kind)
    }

    fn unexpected(&mut self, wanted: &str) {
        let before = self.text(self.previous());
        if before.starts_with('"') && (before.len() == 1 || !before.ends_with('"')) {
            // A string that does not end has swallowed what is missing, and was reported.
            return;
        }
        let found = self.kind();
        let shown = match found {
            TokenKind::Ident | TokenKind::Number => format!("`{}`", self.text(self.span())),
            other => other.to_string(),
        };
        let title = format!("expected {wanted}, found {shown}");
        let missing = matches!(wanted, "`;`" | "`,`");
        let mut diagnostic = Diagnostic::new(Code::Unexpected, self.span(), title);
        let ends = self.starts_line() || matches!(found, TokenKind::CloseBrace | TokenKind::End);
        if missing && ends {
            let behind = self.previous().after();
            let mark = wanted.trim_matches('`');
            diagnostic = diagnostic.fix(format!("add {wanted}"), vec![(behind, mark.to_owned())]);
        } else {
            diagnostic = diagnostic.label(format!("expected {wanted}"));
        }
        self.error(diagnostic);
    }

    /// Reports an error, unless one was reported at the same token.
    fn error(&mut self, diagnostic: Diagnostic) {
        if self.reported != Some(self.at) {
            self.reported = Some(self.at);
            self.sink.push(diagnostic);
        }
    }

    /// Whether this token is the first of its line.
    fn starts_line(&self) -> bool {
        let between = Span::new(self.previous().end, self.span().start.max(self.previous().end));
        self.text(between).contains('\n')
    }

    fn name(&mut self) -> Option<Name> {
        if self.is(TokenKind::Ident) {
            let span = self.bump().span;
            return Some(Name {
                text: self.text(span).to_owned(),
                span,
            });
        }
        if self.kind().is_keyword() {
            let word = self.text(self.span());
            let title = format!("`{word}` is a word of the language, not a name");
            self.error(Diagnostic::new(Code::Unexpected, self.span(), title).label("expected a name"));
            if !self.starts_line() {
                self.bump();
                self.reported = Some(self.at);
            }
        } else {
            self.unexpected("a name");
        }
        None
    }

    /// Elements between commas, up to the closing bracket, which stays. A closing comma is fine.
    fn list(&mut self, close: TokenKind, mut element: impl FnMut(&mut Self)) {
        while !self.is(close) && !self.is(TokenKind::End) {
            let before = self.at;
            element(self);
            let ends = matches!(
                self.kind(),
                TokenKind::CloseParen
                    | TokenKind::CloseBracket
                    | TokenKind::CloseBrace
                    | TokenKind::Semicolon
            );
            if ends {
                break;
            }
            if !self.expect(TokenKind::Comma) {
                self.skip_to_comma(close);
            }
            if self.at == before {
                break;
            }
        }
    }

    /// Skips what could not be read of a list.
    fn skip_to_comma(&mut self, close: TokenKind) {
        let mut open = 0usize;
        loop {
            match self.kind() {
                TokenKind::End | TokenKind::Semicolon => return,
                TokenKind::Comma if open == 0 => {
                    self.bump();
                    return;
                }
                kind if kind == close && open == 0 => return,
                TokenKind::OpenParen | TokenKind::OpenBrace | TokenKind::OpenBracket => {
                    open = open.saturating_add(1);
                }
                TokenKind::CloseParen | TokenKind::CloseBrace | TokenKind::CloseBracket => {
                    let Some(fewer) = open.checked_sub(1) else {
                        return;
                    };
                    open = fewer;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// Runs `inner` one level deeper, unless that is too deep.
    fn nested<T>(&mut self, bad: T, inner: impl FnOnce(&mut Self) -> T) -> T {
        if self.nested >= MAX_DEPTH {
            self.too_deep();
            return bad;
        }
        self.nested = self.nested.saturating_add(1);
        let result = inner(self);
        self.nested = self.nested.saturating_sub(1);
        result
    }

    /// Gives up: nothing that follows would be understood.
    fn too_deep(&mut self) {
        let title = "this lies too deep within other expressions";
        self.error(
            Diagnostic::new(Code::TooDeep, self.span(), title)
                .note(format!("at most {MAX_DEPTH} may lie within one another")),
        );
        self.at = self.tokens.len().saturating_sub(1);
        self.reported = Some(self.at);
    }

    /// The documentation directly before this token.
    fn take_docs(&mut self) -> String {
        self.docs_before(CommentKind::Doc)
    }

    fn docs_before(&mut self, kind: CommentKind) -> String {
        let (from, to) = (self.previous().end, self.span().start);
        let first = self.docs.partition_point(|comment| comment.span.start < from);
        let mut text = String::new();
        for at in first..self.docs.len() {
            let comment = self.docs[at];
            if comment.span.start >= to {
                break;
            }
            if comment.kind == kind {
                self.docs_used[at] = true;
                let line = self.text(comment.span).get(3..).unwrap_or_default();
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(line.strip_prefix(' ').unwrap_or(line));
            }
        }
        text
    }

    fn report_stray_docs(&mut self) {
        if self.sink.has_errors() {
            return;
        }
        for (comment, used) in self.docs.iter().zip(&self.docs_used) {
            if !used {
                let mark = Span::new(comment.span.start, comment.span.start.saturating_add(3));
                self.sink.push(
                    Diagnostic::new(Code::StrayDocs, comment.span, "this documents nothing")
                        .fix("make it a comment", vec![(mark, "//".to_owned())]),
                );
            }
        }
    }
}
