//! Tokens.

use std::fmt;

use crate::span::Span;

/// A token and the documentation before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// A comment, which is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Of which kind.
    pub kind: CommentKind,
    /// With its slashes, without the end of the line.
    pub span: Span,
}

/// Kinds of comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentKind {
    /// `// …`
    Plain,
    /// `/// …`
    Doc,
    /// `//! …`
    FileDoc,
}

macro_rules! tokens {
    (keywords { $($keyword:ident $word:literal,)* } marks { $($mark:ident $text:literal,)* }) => {
        /// Kinds of tokens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "keywords and marks are what they are called")]
        pub enum TokenKind {
            /// A name.
            Ident,
            /// A number, perhaps with a fraction.
            Number,
            /// `"…"`, with its quotes.
            Str,
            /// The end of the source.
            End,
            $($keyword,)*
            $($mark,)*
        }

        impl TokenKind {
            /// All reserved words.
            pub const KEYWORDS: &[&str] = &[$($word),*];

            /// The keyword that is spelled so.
            pub fn keyword(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$keyword),)*
                    _ => None,
                }
            }

            /// How it is written, if it is always written the same.
            pub const fn text(self) -> Option<&'static str> {
                match self {
                    Self::Ident | Self::Number | Self::Str | Self::End => None,
                    $(Self::$keyword => Some($word),)*
                    $(Self::$mark => Some($text),)*
                }
            }

            /// The longest mark that these bytes begin with.
            pub fn mark(bytes: &[u8]) -> Option<Self> {
                const MARKS: &[(&str, TokenKind)] = &[$(($text, TokenKind::$mark),)*];
                let starts = MARKS.iter().filter(|(text, _)| bytes.starts_with(text.as_bytes()));
                starts.max_by_key(|(text, _)| text.len()).map(|(_, kind)| *kind)
            }

            /// Whether it is a reserved word.
            pub const fn is_keyword(self) -> bool {
                matches!(self, $(Self::$keyword)|*)
            }
        }
    };
}

tokens! {
    keywords {
        Program "program", Unit "unit", Const "const", Struct "struct", Enum "enum", State "state", Event "event", Interface "interface",
        Error "error", Fn "fn", Init "init", Entry "entry", View "view", Invariant "invariant", Test "test",
        Payable "payable", Map "map", Let "let", Mut "mut", Move "move", Require "require", Else "else", Fail "fail",
        Emit "emit", For "for", In "in", Break "break", Return "return", If "if", Match "match", True "true",
        False "false",
    }
    marks {
        OpenParen "(", CloseParen ")", OpenBrace "{", CloseBrace "}", OpenBracket "[", CloseBracket "]", Comma ",",
        Semicolon ";", Colon ":", Dot ".", Range "..", Assign "=", Equal "==", NotEqual "!=", Less "<", LessEqual "<=",
        Greater ">", GreaterEqual ">=", Plus "+", Minus "-", Star "*", Slash "/", Percent "%", Not "!", And "&&",
        Or "||", Arm "=>", Arrow "->", PlusAssign "+=", MinusAssign "-=", StarAssign "*=", Bar "|", Power "^",
        Underscore "_",
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ident => f.write_str("a name"),
            Self::Number => f.write_str("a number"),
            Self::Str => f.write_str("a string"),
            Self::End => f.write_str("the end of the file"),
            fixed => write!(f, "`{}`", fixed.text().unwrap_or_default()),
        }
    }
}
