//! What only tests say.

use super::Parser;
use crate::{
    diagnostic::{Code, Diagnostic},
    syntax::{
        ast::{Call, ExprKind, Name, Script, StmtKind},
        token::TokenKind,
    },
};

/// Words that begin a statement of a test.
const WORDS: [&str; 6] = ["call", "deploy", "fund", "advance", "assert", "expect"];

impl Parser<'_> {
    /// Whether a statement of a test begins here. Outside of tests its words are names, unless that makes no sense.
    pub(super) fn at_script(&mut self) -> bool {
        if !self.is(TokenKind::Ident) || !WORDS.contains(&self.text(self.span())) {
            return false;
        }
        let next = self.token(1).kind;
        let operand = [
            TokenKind::Ident,
            TokenKind::Number,
            TokenKind::True,
            TokenKind::False,
            TokenKind::Not,
            TokenKind::Event,
        ];
        if !self.in_test && operand.contains(&next) {
            self.only_in_tests();
            return true;
        }
        self.in_test
    }

    pub(super) fn only_in_tests(&mut self) {
        let word = self.text(self.span());
        let title = format!("`{word}` stands only in tests");
        self.error(Diagnostic::new(Code::OnlyInTests, self.span(), title));
    }

    pub(super) fn script(&mut self) -> StmtKind {
        let word = self.text(self.span());
        if word == "call" {
            let value = self.expr();
            self.expect(TokenKind::Semicolon);
            return StmtKind::Expr(value);
        }
        let start = self.bump().span;
        let script = match word {
            "deploy" => {
                let entry = Name {
                    text: word.to_owned(),
                    span: start,
                };
                Script::Deploy(self.call_tail(entry))
            }
            "fund" => {
                let who = self.expr();
                if !self.eat_word("with") {
                    self.unexpected("`with`");
                }
                Script::Fund(who, self.expr())
            }
            "advance" => Script::Advance(self.expr()),
            "expect" => self.expect_event(),
            _ => Script::Assert(self.expr()),
        };
        self.expect(TokenKind::Semicolon);
        StmtKind::Script(script)
    }

    /// Behind `expect`: `event Name { … }` or `no event`
    fn expect_event(&mut self) -> Script {
        let none = self.eat_word("no");
        self.expect(TokenKind::Event);
        if none {
            return Script::ExpectNone;
        }
        let Some(name) = self.name() else {
            return Script::ExpectNone;
        };
        let fields = if self.is(TokenKind::OpenBrace) {
            self.inits()
        } else {
            Vec::new()
        };
        Script::Expect(name, fields)
    }

    /// `call entry(…) from …`
    pub(super) fn transact(&mut self) -> ExprKind {
        self.bump();
        match self.name() {
            Some(entry) => ExprKind::Transact(self.call_tail(entry)),
            None => ExprKind::Bad,
        }
    }

    fn call_tail(&mut self, entry: Name) -> Call {
        let args = self.args();
        let from = if self.eat_word("from") {
            self.expr()
        } else {
            self.unexpected("`from` and the account that sends it");
            let here = self.span();
            self.expr_of(ExprKind::Bad, here)
        };
        let paying = self.eat_word("paying").then(|| Box::new(self.expr()));
        let fails = self.is_word("fails").then(|| {
            let span = self.bump().span;
            let name = if self.is(TokenKind::Ident) {
                self.name()
            } else {
                None
            };
            (span, name)
        });
        Call {
            entry,
            args,
            from: Box::new(from),
            paying,
            fails,
        }
    }

    /// Behind `for`: `all x in low..high, … { … }`
    pub(super) fn for_all(&mut self) -> StmtKind {
        if !self.in_test {
            self.only_in_tests();
        }
        self.bump();
        let mut ranges = Vec::new();
        while let Some(name) = self.name() {
            self.expect(TokenKind::In);
            let low = self.head_expr();
            self.expect(TokenKind::Range);
            let high = self.head_expr();
            ranges.push((name, low, high));
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let body = self.block_or_empty();
        StmtKind::Script(Script::ForAll(ranges, body))
    }
}
