//! Types.

use super::Parser;
use crate::syntax::{
    ast::{Expr, ExprKind, TypeExpr, TypeKind, UnitPower},
    token::TokenKind,
};

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> TypeExpr {
        let start = self.span();
        let kind = self.nested(TypeKind::Bad, Self::type_kind);
        TypeExpr {
            kind,
            span: self.since(start),
        }
    }

    fn type_kind(&mut self) -> TypeKind {
        if self.eat(TokenKind::Map) {
            let key = self.key_type();
            self.expect(TokenKind::Arm);
            return TypeKind::Map(Box::new(key), Box::new(self.ty()));
        }
        if !self.is(TokenKind::Ident) {
            self.unexpected("a type");
            return TypeKind::Bad;
        }
        if self.token(1).kind == TokenKind::Less {
            let Some(name) = self.name() else {
                return TypeKind::Bad;
            };
            self.bump();
            let kind = if name.text == "Wide" {
                TypeKind::Wide(name, self.units(true))
            } else {
                TypeKind::Bytes(name, Box::new(self.size()))
            };
            self.expect(TokenKind::Greater);
            return kind;
        }
        TypeKind::Units(self.units(true))
    }

    /// One type, or several in parentheses.
    fn key_type(&mut self) -> TypeExpr {
        let start = self.span();
        if !self.is(TokenKind::OpenParen) {
            return self.ty();
        }
        self.bump();
        let mut parts = Vec::new();
        self.list(TokenKind::CloseParen, |parser| parts.push(parser.ty()));
        self.close(TokenKind::CloseParen, start);
        TypeExpr {
            kind: TypeKind::Tuple(parts),
            span: self.since(start),
        }
    }

    /// A number or a constant: nothing with operators, which would take the `>`.
    fn size(&mut self) -> Expr {
        let start = self.span();
        match self.kind() {
            TokenKind::Number | TokenKind::Ident => self.atom(),
            _ => {
                self.unexpected("a size");
                self.expr_of(ExprKind::Bad, start)
            }
        }
    }

    /// `A`, `A^2`, `A/B`, in types also `A*B`.
    pub(super) fn units(&mut self, products: bool) -> Vec<UnitPower> {
        let mut units = Vec::new();
        let mut sign = 1i8;
        while let Some(name) = self.name() {
            let power = if self.eat(TokenKind::Power) {
                self.power()
            } else {
                1
            };
            units.push(UnitPower {
                name,
                power: sign.saturating_mul(power),
            });
            let unit_next = self.token(1).kind == TokenKind::Ident
                && (products
                    || self
                        .text(self.token(1).span)
                        .starts_with(|c: char| c.is_ascii_uppercase()));
            match self.kind() {
                TokenKind::Star if products && unit_next => sign = 1,
                TokenKind::Slash if unit_next => sign = -1,
                _ => break,
            }
            self.bump();
        }
        units
    }

    fn power(&mut self) -> i8 {
        let text = self.text(self.span());
        let power = text.parse::<i8>().ok().filter(|power| (1..=8).contains(power));
        match power {
            Some(power) if self.is(TokenKind::Number) => {
                self.bump();
                power
            }
            _ => {
                self.unexpected("a power from 1 to 8");
                1
            }
        }
    }
}
