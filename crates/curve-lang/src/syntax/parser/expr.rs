//! Expressions and patterns.

use super::{MAX_DEPTH, Parser, depth};
use crate::{
    diagnostic::{Code, Diagnostic},
    span::Span,
    syntax::{
        ast::{Arm, BinaryOp, Expr, ExprKind, Method, Name, Pattern, PatternKind},
        token::TokenKind,
    },
};

/// Words behind a number that are not its unit.
const NOT_UNITS: [&str; 6] = ["from", "to", "paying", "fails", "with", "into"];

fn is_capital(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Expr {
        self.binary(0, true)
    }

    /// An expression before `{`, where no struct may be written without parentheses.
    pub(super) fn head_expr(&mut self) -> Expr {
        self.binary(0, false)
    }

    pub(super) fn expr_of(&mut self, kind: ExprKind, start: Span) -> Expr {
        let depth = depth::of(&kind);
        let span = self.since(start);
        if depth > MAX_DEPTH {
            self.too_deep();
            return Expr {
                kind: ExprKind::Bad,
                span,
                depth: 1,
            };
        }
        Expr { kind, span, depth }
    }

    fn binary(&mut self, tighter_than: u8, structs: bool) -> Expr {
        let start = self.span();
        let bad = Expr {
            kind: ExprKind::Bad,
            span: start,
            depth: 1,
        };
        self.nested(bad, |parser| parser.binary_inside(tighter_than, structs))
    }

    fn binary_inside(&mut self, tighter_than: u8, structs: bool) -> Expr {
        let start = self.span();
        let mut left = self.unary(structs);
        while let Some((op, tokens)) = self.operator() {
            if op.precedence() <= tighter_than {
                break;
            }
            let operator = self.span();
            for _ in 0..tokens {
                self.bump();
            }
            let right = self.binary(op.precedence(), structs);
            left = self.expr_of(ExprKind::Binary(op, Box::new(left), Box::new(right)), start);
            if op.is_comparison() && self.chains(operator) {
                left = self.expr_of(ExprKind::Bad, start);
            }
        }
        left
    }

    /// The operator here, and of how many tokens it is.
    fn operator(&mut self) -> Option<(BinaryOp, usize)> {
        let op = match self.kind() {
            TokenKind::Or => BinaryOp::Or,
            TokenKind::And => BinaryOp::And,
            TokenKind::Equal => BinaryOp::Equal,
            TokenKind::NotEqual => BinaryOp::NotEqual,
            TokenKind::Less => BinaryOp::Less,
            TokenKind::LessEqual => BinaryOp::LessEqual,
            TokenKind::Greater => BinaryOp::Greater,
            TokenKind::GreaterEqual => BinaryOp::GreaterEqual,
            TokenKind::Plus => BinaryOp::Add,
            TokenKind::Minus => BinaryOp::Sub,
            TokenKind::Star => BinaryOp::Mul,
            TokenKind::Percent => BinaryOp::Rem,
            TokenKind::Slash => return Some(self.division()),
            _ => return None,
        };
        Some((op, 1))
    }

    fn division(&mut self) -> (BinaryOp, usize) {
        let word = self.token(1);
        match self.text(word.span) {
            "down" if word.kind == TokenKind::Ident => (BinaryOp::DivDown, 2),
            "up" if word.kind == TokenKind::Ident => (BinaryOp::DivUp, 2),
            _ => {
                let slash = self.span();
                self.sink.push(
                    Diagnostic::new(Code::PlainDivision, slash, "a division says how it rounds")
                        .label("`/down` or `/up`")
                        .fix("round down", vec![(slash, "/down".to_owned())]),
                );
                (BinaryOp::DivDown, 1)
            }
        }
    }

    /// Whether another comparison follows, which is an error.
    fn chains(&mut self, first: Span) -> bool {
        let chained = self.operator().filter(|(op, _)| op.is_comparison());
        if let Some((op, _)) = chained {
            let title = format!("`{}` cannot follow another comparison", op.text());
            self.error(
                Diagnostic::new(Code::ChainedComparison, self.span(), title)
                    .other(first, "the other one")
                    .note("join two comparisons by `&&`"),
            );
        }
        chained.is_some()
    }

    fn unary(&mut self, structs: bool) -> Expr {
        let start = self.span();
        match self.kind() {
            TokenKind::Not => {
                self.bump();
                let bad = Expr {
                    kind: ExprKind::Bad,
                    span: start,
                    depth: 1,
                };
                let inner = self.nested(bad, |parser| parser.unary(structs));
                self.expr_of(ExprKind::Not(Box::new(inner)), start)
            }
            TokenKind::Minus => {
                let title = "there are no negative numbers";
                self.error(
                    Diagnostic::new(Code::Unexpected, start, title)
                        .note("take the larger minus the smaller, or `sub_or_zero(a, b)`"),
                );
                self.bump();
                let bad = Expr {
                    kind: ExprKind::Bad,
                    span: start,
                    depth: 1,
                };
                self.nested(bad, |parser| parser.unary(structs))
            }
            _ => self.postfix(structs),
        }
    }

    fn postfix(&mut self, structs: bool) -> Expr {
        let start = self.span();
        let mut expr = self.primary(structs);
        loop {
            let kind = match self.kind() {
                TokenKind::Dot => {
                    self.bump();
                    let Some(field) = self.name() else {
                        return self.expr_of(ExprKind::Bad, start);
                    };
                    if self.is(TokenKind::OpenParen) {
                        ExprKind::Method(Box::new(self.method(expr, field)))
                    } else {
                        self.variant_or_field(expr, field, structs)
                    }
                }
                TokenKind::OpenBracket => {
                    let open = self.bump().span;
                    let index = self.index();
                    self.close(TokenKind::CloseBracket, open);
                    ExprKind::Index(Box::new(expr), Box::new(index))
                }
                _ => return expr,
            };
            expr = self.expr_of(kind, start);
        }
    }

    /// A key, or several.
    fn index(&mut self) -> Expr {
        let start = self.span();
        let first = self.expr();
        if !self.is(TokenKind::Comma) {
            return first;
        }
        let mut parts = vec![first];
        while self.eat(TokenKind::Comma) {
            parts.push(self.expr());
        }
        self.expr_of(ExprKind::Tuple(parts), start)
    }

    /// Behind the name: `(a, …)`, perhaps with `paying a from b` and `into c`.
    fn method(&mut self, of: Expr, name: Name) -> Method {
        let args = self.args();
        let paying = self.eat_word("paying").then(|| {
            let amount = self.expr();
            if !self.eat_word("from") {
                self.unexpected("`from` and the vault that pays");
            }
            (amount, self.expr())
        });
        let into = self.eat_word("into").then(|| self.expr());
        Method {
            of,
            name,
            args,
            paying,
            into,
        }
    }

    /// `a.b`, or `A.B { … }`.
    fn variant_or_field(&mut self, of: Expr, field: Name, structs: bool) -> ExprKind {
        match &of.kind {
            ExprKind::Name(name)
                if structs
                    && is_capital(name)
                    && is_capital(&field.text)
                    && self.is(TokenKind::OpenBrace) =>
            {
                let name = Name {
                    text: name.clone(),
                    span: of.span,
                };
                ExprKind::Struct(name, Some(field), self.inits())
            }
            _ => ExprKind::Field(Box::new(of), field),
        }
    }

    /// A number, a name, or what is in brackets.
    pub(super) fn atom(&mut self) -> Expr {
        self.primary(true)
    }

    fn primary(&mut self, structs: bool) -> Expr {
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::Number => self.number(),
            TokenKind::Str => {
                let span = self.bump().span;
                ExprKind::Str(self.string_value(span))
            }
            TokenKind::True | TokenKind::False => ExprKind::Bool(self.bump().kind == TokenKind::True),
            TokenKind::State => {
                self.bump();
                ExprKind::State
            }
            TokenKind::OpenParen => return self.parens(),
            TokenKind::OpenBrace => ExprKind::Block(self.block()),
            TokenKind::If => self.if_expr(),
            TokenKind::Match => self.match_expr(),
            TokenKind::Require => self.require(),
            TokenKind::Fail => {
                self.bump();
                self.name().map_or(ExprKind::Bad, ExprKind::Fail)
            }
            TokenKind::Ident => self.named_expr(structs),
            _ => {
                self.unexpected("an expression");
                ExprKind::Bad
            }
        };
        self.expr_of(kind, start)
    }

    fn named_expr(&mut self, structs: bool) -> ExprKind {
        let next = self.token(1).kind;
        let text = self.text(self.span());
        if text == "call" && next == TokenKind::Ident {
            if !self.in_test {
                self.only_in_tests();
            }
            return self.transact();
        }
        let span = self.bump().span;
        let name = Name {
            text: text.to_owned(),
            span,
        };
        match next {
            TokenKind::OpenParen => ExprKind::Call(name, self.args()),
            TokenKind::OpenBrace if structs && is_capital(text) => ExprKind::Struct(name, None, self.inits()),
            _ => ExprKind::Name(name.text),
        }
    }

    pub(super) fn args(&mut self) -> Vec<Expr> {
        let open = self.span();
        let mut args = Vec::new();
        if !self.expect(TokenKind::OpenParen) {
            return args;
        }
        self.list(TokenKind::CloseParen, |parser| args.push(parser.expr()));
        self.close(TokenKind::CloseParen, open);
        args
    }

    fn number(&mut self) -> ExprKind {
        let span = self.bump().span;
        let digits = self.text(span).chars().filter(|c| *c != '_').collect();
        let unit = self.is(TokenKind::Ident) && !NOT_UNITS.contains(&self.text(self.span()));
        ExprKind::Number(digits, if unit { self.units(false) } else { Vec::new() })
    }

    /// One expression is in parentheses for its order; several are a tuple.
    fn parens(&mut self) -> Expr {
        let start = self.span();
        let mut inside = self.args();
        match inside.pop() {
            Some(only) if inside.is_empty() => Expr {
                span: self.since(start),
                ..only
            },
            Some(last) => {
                inside.push(last);
                self.expr_of(ExprKind::Tuple(inside), start)
            }
            None => {
                self.unexpected("an expression between the parentheses");
                self.expr_of(ExprKind::Bad, start)
            }
        }
    }

    fn if_expr(&mut self) -> ExprKind {
        self.bump();
        let condition = self.head_expr();
        let then = self.block_or_empty();
        let otherwise = self.eat(TokenKind::Else).then(|| {
            let start = self.span();
            let bad = Expr {
                kind: ExprKind::Bad,
                span: start,
                depth: 1,
            };
            let otherwise = self.nested(bad, |parser| {
                let kind = match parser.kind() {
                    TokenKind::If => parser.if_expr(),
                    _ => ExprKind::Block(parser.block_or_empty()),
                };
                parser.expr_of(kind, start)
            });
            Box::new(otherwise)
        });
        ExprKind::If(Box::new(condition), then, otherwise)
    }

    fn match_expr(&mut self) -> ExprKind {
        self.bump();
        let value = self.head_expr();
        let open = self.span();
        let mut arms = Vec::new();
        if !self.expect(TokenKind::OpenBrace) {
            return ExprKind::Bad;
        }
        while !self.is(TokenKind::CloseBrace) && !self.is(TokenKind::End) {
            let before = self.at;
            arms.push(self.arm());
            let blocklike = arms
                .last()
                .is_some_and(|arm| matches!(arm.value.kind, ExprKind::Block(_)));
            let comma = self.eat(TokenKind::Comma);
            if !comma && !blocklike && !self.is(TokenKind::CloseBrace) {
                self.unexpected("`,`");
                self.skip_to_comma(TokenKind::CloseBrace);
            }
            if self.at == before {
                self.bump();
            }
        }
        self.close(TokenKind::CloseBrace, open);
        ExprKind::Match(Box::new(value), arms)
    }

    fn arm(&mut self) -> Arm {
        let mut patterns = vec![self.pattern()];
        while self.eat(TokenKind::Bar) {
            patterns.push(self.pattern());
        }
        self.expect(TokenKind::Arm);
        let value = if self.is(TokenKind::OpenBrace) {
            self.atom()
        } else {
            self.expr()
        };
        Arm { patterns, value }
    }

    fn pattern(&mut self) -> Pattern {
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::Underscore => {
                self.bump();
                PatternKind::Any
            }
            TokenKind::Number | TokenKind::Str | TokenKind::True | TokenKind::False => {
                PatternKind::Literal(self.atom())
            }
            TokenKind::Ident => self.variant_pattern().unwrap_or(PatternKind::Bad),
            _ => {
                self.unexpected("a pattern");
                PatternKind::Bad
            }
        };
        Pattern {
            kind,
            span: self.since(start),
        }
    }

    fn variant_pattern(&mut self) -> Option<PatternKind> {
        let name = self.name()?;
        if !self.expect(TokenKind::Dot) {
            return None;
        }
        let variant = self.name()?;
        let mut fields = Vec::new();
        if self.is(TokenKind::OpenBrace) {
            let open = self.bump().span;
            self.list(TokenKind::CloseBrace, |parser| fields.extend(parser.name()));
            self.close(TokenKind::CloseBrace, open);
        }
        Some(PatternKind::Variant(name, variant, fields))
    }

    fn require(&mut self) -> ExprKind {
        self.bump();
        let condition = self.expr();
        if !self.expect(TokenKind::Else) {
            return ExprKind::Bad;
        }
        self.name().map_or(ExprKind::Bad, |error| {
            ExprKind::Require(Box::new(condition), error)
        })
    }

    /// The bytes that a string literal stands for.
    pub(super) fn string_value(&mut self, span: Span) -> Vec<u8> {
        let text = self.text(span);
        let inside = text.strip_prefix('"').unwrap_or(text);
        let inside = inside.strip_suffix('"').unwrap_or(inside);
        let mut bytes = Vec::with_capacity(inside.len());
        let mut rest = inside;
        while let Some(at) = rest.find('\\') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let (byte, length) = escape(&rest[at..]);
            match byte {
                Some(byte) => bytes.push(byte),
                None => {
                    let title = "this escape is not known";
                    let offset =
                        u32::try_from(text.len().saturating_sub(rest.len()).saturating_add(at)).unwrap_or(0);
                    let start = span
                        .start
                        .saturating_add(offset)
                        .saturating_sub(1)
                        .max(span.start);
                    self.sink.push(Diagnostic::new(
                        Code::BadEscape,
                        Span::new(start, span.end),
                        title,
                    ));
                }
            }
            rest = rest.get(at.saturating_add(length)..).unwrap_or_default();
        }
        bytes.extend_from_slice(rest.as_bytes());
        bytes
    }
}

/// The byte that an escape at the start of the text stands for, and the escape's length.
fn escape(text: &str) -> (Option<u8>, usize) {
    match text.as_bytes().get(1) {
        Some(b'n') => (Some(b'\n'), 2),
        Some(b't') => (Some(b'\t'), 2),
        Some(byte @ (b'"' | b'\\')) => (Some(*byte), 2),
        Some(b'x') => {
            let digits = text
                .get(2..4)
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => (Some(byte), 4),
                None => (None, 2),
            }
        }
        _ => (None, 1 + text.chars().nth(1).map_or(0, char::len_utf8)),
    }
}
