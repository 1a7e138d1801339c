//! Blocks and statements.

use super::{
    Parser,
    depth::{self, empty_block},
};
use crate::{
    diagnostic::{Code, Diagnostic},
    syntax::{
        ast::{AssignOp, BinaryOp, Block, Expr, ExprKind, FieldInit, Stmt, StmtKind},
        token::TokenKind,
    },
};

/// Whether an expression of this kind ends in a brace and stands without `;`.
fn is_blocklike(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::If(..) | ExprKind::Match(..) | ExprKind::Block(_))
}

impl Parser<'_> {
    pub(super) fn block_or_empty(&mut self) -> Block {
        if self.is(TokenKind::OpenBrace) {
            return self.block();
        }
        self.unexpected("`{`");
        empty_block(self.span())
    }

    /// From `{` to `}`.
    pub(super) fn block(&mut self) -> Block {
        let start = self.span();
        self.nested(empty_block(start), Self::block_inside)
    }

    fn block_inside(&mut self) -> Block {
        let open = self.bump().span;
        let mut stmts = Vec::new();
        let mut value = None;
        while !self.is(TokenKind::CloseBrace) && !self.is(TokenKind::End) {
            if self.at_item() {
                self.stray_item(open);
                break;
            }
            let before = self.at;
            let start = self.span();
            match self.stmt() {
                Parsed::Stmt(kind) => stmts.push(Stmt {
                    kind: *kind,
                    span: self.since(start),
                }),
                Parsed::Value(expr) => value = Some(Box::new(expr)),
            }
            if self.at == before {
                self.bump();
            }
        }
        if !self.at_item() {
            self.close(TokenKind::CloseBrace, open);
        }
        let depth = depth::of_block(&stmts, value.as_deref());
        Block {
            stmts,
            value,
            span: self.since(open),
            depth,
        }
    }

    fn stmt(&mut self) -> Parsed {
        let kind = match self.kind() {
            TokenKind::Let => self.let_stmt(),
            TokenKind::Move => self.move_stmt(),
            TokenKind::Emit => self.emit_stmt(),
            TokenKind::For => self.for_stmt(),
            TokenKind::Break => {
                self.bump();
                self.semicolon();
                StmtKind::Break
            }
            TokenKind::Return => {
                self.bump();
                let value = (!self.is(TokenKind::Semicolon)).then(|| self.expr());
                self.semicolon();
                StmtKind::Return(value)
            }
            _ if self.at_script() => self.script(),
            _ => return self.expr_stmt(),
        };
        Parsed::Stmt(Box::new(kind))
    }

    /// The end of a statement; without it, the rest of the statement is skipped.
    fn semicolon(&mut self) {
        if self.expect(TokenKind::Semicolon) {
            return;
        }
        let starts_line = self.starts_line();
        if starts_line || self.is(TokenKind::CloseBrace) {
            return;
        }
        loop {
            match self.kind() {
                TokenKind::End | TokenKind::CloseBrace | TokenKind::OpenBrace => return,
                TokenKind::Semicolon => {
                    self.bump();
                    return;
                }
                TokenKind::Let | TokenKind::Move | TokenKind::Emit | TokenKind::For | TokenKind::Return => {
                    return;
                }
                _ if self.at_item() => return,
                _ => self.bump(),
            };
        }
    }

    fn let_stmt(&mut self) -> StmtKind {
        self.bump();
        let mutable = self.is(TokenKind::Mut).then(|| self.bump().span);
        let mut names = Vec::new();
        if self.is(TokenKind::OpenParen) {
            let open = self.bump().span;
            self.list(TokenKind::CloseParen, |parser| names.extend(parser.name()));
            self.close(TokenKind::CloseParen, open);
        } else {
            names.extend(self.name());
        }
        let ty = self.eat(TokenKind::Colon).then(|| self.ty());
        self.expect(TokenKind::Assign);
        let value = self.expr();
        self.semicolon();
        StmtKind::Let {
            mutable,
            names,
            ty,
            value,
        }
    }

    fn move_stmt(&mut self) -> StmtKind {
        self.bump();
        let first = self.expr();
        let (amount, source) = if self.eat_word("from") {
            (Some(first), self.expr())
        } else {
            (None, first)
        };
        let target = if self.eat_word("to") {
            self.expr()
        } else {
            self.unexpected("`to` and where it goes");
            let here = self.span();
            self.expr_of(ExprKind::Bad, here)
        };
        self.semicolon();
        StmtKind::Move {
            amount,
            source,
            target,
        }
    }

    fn emit_stmt(&mut self) -> StmtKind {
        self.bump();
        let Some(name) = self.name() else {
            self.semicolon();
            return StmtKind::Break;
        };
        let fields = if self.is(TokenKind::OpenBrace) {
            self.inits()
        } else {
            self.unexpected("`{` and the event's fields");
            Vec::new()
        };
        self.semicolon();
        StmtKind::Emit(name, fields)
    }

    /// `{ name: value, … }`
    pub(super) fn inits(&mut self) -> Vec<FieldInit> {
        let open = self.bump().span;
        let mut inits = Vec::new();
        self.list(TokenKind::CloseBrace, |parser| {
            if let Some(name) = parser.name() {
                let value = parser.eat(TokenKind::Colon).then(|| parser.expr());
                inits.push(FieldInit { name, value });
            }
        });
        self.close(TokenKind::CloseBrace, open);
        inits
    }

    fn for_stmt(&mut self) -> StmtKind {
        self.bump();
        if self.is_word("all") && self.token(1).kind == TokenKind::Ident {
            return self.for_all();
        }
        let Some(name) = self.name() else {
            self.semicolon();
            return StmtKind::Break;
        };
        self.expect(TokenKind::In);
        let low = self.head_expr();
        self.expect(TokenKind::Range);
        let high = self.head_expr();
        StmtKind::For(name, low, high, self.block_or_empty())
    }

    fn expr_stmt(&mut self) -> Parsed {
        let blocklike = matches!(
            self.kind(),
            TokenKind::If | TokenKind::Match | TokenKind::OpenBrace
        );
        let expr = if blocklike { self.atom() } else { self.expr() };
        if let Some(op) = self.assign_op() {
            self.bump();
            self.check_place(&expr);
            let value = self.expr();
            self.semicolon();
            return Parsed::Stmt(Box::new(StmtKind::Assign(expr, op, value)));
        }
        if self.is(TokenKind::CloseBrace) {
            return Parsed::Value(expr);
        }
        if !is_blocklike(&expr.kind) {
            self.semicolon();
        } else {
            self.eat(TokenKind::Semicolon);
        }
        Parsed::Stmt(Box::new(StmtKind::Expr(expr)))
    }

    fn assign_op(&self) -> Option<AssignOp> {
        match self.kind() {
            TokenKind::Assign => Some(AssignOp::Set),
            TokenKind::PlusAssign => Some(AssignOp::With(BinaryOp::Add)),
            TokenKind::MinusAssign => Some(AssignOp::With(BinaryOp::Sub)),
            TokenKind::StarAssign => Some(AssignOp::With(BinaryOp::Mul)),
            _ => None,
        }
    }

    fn check_place(&mut self, expr: &Expr) {
        let mut place = expr;
        while let ExprKind::Field(inner, _) | ExprKind::Index(inner, _) = &place.kind {
            place = inner;
        }
        if !matches!(place.kind, ExprKind::Name(_) | ExprKind::State | ExprKind::Bad) {
            let title = "this is a value, not a place that can be assigned to";
            self.error(Diagnostic::new(Code::NotAssignable, expr.span, title));
        }
    }
}

/// What a block may contain.
enum Parsed {
    Stmt(Box<StmtKind>),
    Value(Expr),
}
