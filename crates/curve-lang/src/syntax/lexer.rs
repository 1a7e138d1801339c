//! Source to tokens. Never fails: what cannot be read is reported and left out.

use super::token::{Comment, CommentKind, Token, TokenKind};
use crate::{
    diagnostic::{Code, Diagnostic, Sink},
    span::Span,
};

/// Longest source, in bytes.
pub const MAX_SOURCE: usize = 256 * 1024;

/// What the source is made of.
#[derive(Clone, Debug, Default)]
pub struct Lexed {
    /// In order, closed by [`TokenKind::End`].
    pub tokens: Vec<Token>,
    /// In order.
    pub comments: Vec<Comment>,
}

/// Reads a source. One that is longer than [`MAX_SOURCE`] is taken for empty.
pub fn lex(source: &str, sink: &mut Sink) -> Lexed {
    let too_long = source.len() > MAX_SOURCE;
    if too_long {
        let title = format!("this file has {} bytes", source.len());
        sink.push(
            Diagnostic::new(Code::SourceTooLong, Span::default(), title)
                .note(format!("a program has at most {MAX_SOURCE} bytes")),
        );
    }
    let source = if too_long { "" } else { source };
    let mut lexer = Lexer {
        source,
        at: 0,
        sink,
        lexed: Lexed::default(),
    };
    lexer.run();
    lexer.lexed
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    sink: &'a mut Sink,
    lexed: Lexed,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            let start = self.at;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at = start.saturating_add(1),
                b'/' if self.peek(1) == Some(b'/') => self.comment(),
                b'0'..=b'9' => self.number(),
                b'"' => self.string(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                _ => self.mark(),
            }
        }
        self.push(TokenKind::End, self.at);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn span(&self, start: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).expect("a source has at most MAX_SOURCE bytes");
        Span::new(offset(start), offset(self.at))
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = self.span(start);
        self.lexed.tokens.push(Token { kind, span });
    }

    fn comment(&mut self) {
        let start = self.at;
        self.skip_while(|byte| byte != b'\n');
        let text = self.source[start..self.at].trim_end();
        self.at = start.saturating_add(text.len());
        let kind = match text.as_bytes().get(2..) {
            Some([b'/', b'/', ..]) => CommentKind::Plain,
            Some([b'/', ..]) => CommentKind::Doc,
            Some([b'!', ..]) => CommentKind::FileDoc,
            _ => CommentKind::Plain,
        };
        let span = self.span(start);
        self.lexed.comments.push(Comment { kind, span });
    }

    fn number(&mut self) {
        let start = self.at;
        let digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
        self.skip_while(digit);
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at = self.at.saturating_add(1);
            self.skip_while(digit);
        }
        self.push(TokenKind::Number, start);
        let tail = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if self.at > tail {
            let span = self.span(tail);
            let word = &self.source[tail..self.at];
            self.sink.push(
                Diagnostic::new(Code::BadNumber, span, format!("`{word}` sticks to the number"))
                    .label("a unit stands apart")
                    .fix("put a space between", vec![(span.before(), " ".to_owned())]),
            );
            self.at = tail;
            self.word();
        }
    }

    fn string(&mut self) {
        let start = self.at;
        self.at = start.saturating_add(1);
        loop {
            match self.peek(0) {
                Some(b'"') => {
                    self.at = self.at.saturating_add(1);
                    break;
                }
                Some(b'\\') if self.peek(1).is_some_and(|byte| byte != b'\n') => self.skip_char_after(1),
                None | Some(b'\n') => {
                    let span = self.span(start);
                    self.sink.push(
                        Diagnostic::new(Code::UnterminatedString, span, "this string does not end")
                            .label("a string ends on the line where it begins")
                            .fix("close it", vec![(span.after(), "\"".to_owned())]),
                    );
                    break;
                }
                Some(_) => self.skip_char_after(0),
            }
        }
        self.push(TokenKind::Str, start);
    }

    /// Skips `bytes` bytes and the character behind them.
    fn skip_char_after(&mut self, bytes: usize) {
        let from = self.at.saturating_add(bytes);
        let length = self
            .source
            .get(from..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8);
        self.at = from.saturating_add(length);
    }

    fn word(&mut self) {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let word = &self.source[start..self.at];
        let kind = match word {
            "_" => TokenKind::Underscore,
            _ => TokenKind::keyword(word).unwrap_or(TokenKind::Ident),
        };
        self.push(kind, start);
    }

    fn mark(&mut self) {
        let start = self.at;
        match TokenKind::mark(&self.source.as_bytes()[start..]) {
            Some(kind) => {
                self.at = start.saturating_add(kind.text().map_or(1, str::len));
                self.push(kind, start);
            }
            None => self.unknown(),
        }
    }

    /// A run of characters that mean nothing is one error.
    fn unknown(&mut self) {
        let start = self.at;
        let known = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "_\"".contains(c);
        let rest = &self.source[start..];
        let length = rest
            .char_indices()
            .find(|(at, c)| known(*c) || TokenKind::mark(&rest.as_bytes()[*at..]).is_some())
            .map_or(rest.len(), |(at, _)| at);
        self.at = start.saturating_add(length);
        let span = self.span(start);
        let shown: String = rest[..length]
            .chars()
            .take(12)
            .flat_map(char::escape_debug)
            .collect();
        let title = format!("`{shown}` has no meaning here");
        self.sink.push(
            Diagnostic::new(Code::UnknownCharacter, span, title).label("outside of strings and comments"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<TokenKind> {
        let mut sink = Sink::default();
        let lexed = lex(source, &mut sink);
        assert!(sink.is_empty(), "{source}");
        lexed.tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn marks_are_as_long_as_they_can_be() {
        use TokenKind::*;
        assert_eq!(
            kinds("a<=b=>c=d==e"),
            [
                Ident, LessEqual, Ident, Arm, Ident, Assign, Ident, Equal, Ident, End
            ]
        );
        assert_eq!(kinds("0..5"), [Number, Range, Number, End]);
        assert_eq!(kinds("1.5 ASSET"), [Number, Ident, End]);
        assert_eq!(kinds("_ _a payable"), [Underscore, Ident, Payable, End]);
    }

    #[test]
    fn comments_are_kept_apart() {
        let lexed = lex("//! f\n/// d\na // p \n//// not a doc", &mut Sink::default());
        let kinds: Vec<_> = lexed.comments.iter().map(|comment| comment.kind).collect();
        use CommentKind::*;
        assert_eq!(kinds, [FileDoc, Doc, Plain, Plain]);
        assert_eq!(lexed.comments[2].span, Span::new(14, 18));
        assert_eq!(lexed.tokens.len(), 2);
    }
}
