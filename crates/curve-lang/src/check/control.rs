//! Blocks, choices, and failing.

use super::{Checker, body::Context};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{ErrorId, Expr, ExprKind, Stmt, StmtKind},
    span::Span,
    syntax::ast::{self, Block, Name},
    types::Type,
};

impl Checker<'_> {
    /// The block of a function, whose value is what the function returns.
    pub(super) fn body_block(&mut self, block: &Block, result: &Type) -> Expr {
        let checked = self.block(block, Some(result));
        let checked = match (&block.value, result) {
            (Some(value), Type::Nothing)
                if !matches!(checked.ty, Type::Nothing | Type::Never | Type::Bad) =>
            {
                let title = format!(
                    "this returns {}, and nothing is returned here",
                    self.show(&checked.ty)
                );
                self.report(
                    Diagnostic::new(Code::Mismatch, value.span, title)
                        .fix("drop the value", vec![(value.span.after(), ";".to_owned())]),
                );
                Expr::bad(checked.span)
            }
            _ => checked,
        };
        if checked.ty == Type::Nothing && *result != Type::Nothing {
            self.missing_value(block, result);
            return Expr::bad(checked.span);
        }
        let span = block.value.as_ref().map_or(checked.span, |value| value.span);
        self.want(Expr { span, ..checked }, result)
    }

    fn missing_value(&mut self, block: &Block, result: &Type) {
        let end = Span::new(block.span.end.saturating_sub(1), block.span.end);
        let mut diagnostic = Diagnostic::new(
            Code::NoValue,
            end,
            format!("a value of type {} is missing here", self.show(result)),
        );
        if let Some(ast::Stmt {
            kind: ast::StmtKind::Expr(last),
            span,
        }) = block.stmts.last()
            && last.span.end < span.end
        {
            let semicolon = Span::new(last.span.end, span.end);
            diagnostic = diagnostic.fix(
                "the last expression, without `;`",
                vec![(semicolon, String::new())],
            );
        }
        self.report(diagnostic);
    }

    pub(super) fn block(&mut self, block: &Block, hint: Option<&Type>) -> Expr {
        self.scope(|checker| checker.block_inside(block, hint))
    }

    fn block_inside(&mut self, block: &Block, hint: Option<&Type>) -> Expr {
        let mut stmts: Vec<Stmt> = Vec::new();
        let mut left = false;
        for stmt in &block.stmts {
            if left {
                self.unreachable(stmt.span);
            }
            let checked = self.stmt(stmt);
            left = leaves(&checked);
            stmts.push(checked);
        }
        let never = stmts.iter().any(leaves);
        if let Some(value) = block.value.as_deref().filter(|_| left) {
            self.unreachable(value.span);
        }
        let value = block.value.as_ref().map(|value| Box::new(self.expr(value, hint)));
        let ty = match &value {
            _ if never => Type::Never,
            Some(value) => value.ty.clone(),
            None => Type::Nothing,
        };
        Expr {
            kind: ExprKind::Block(stmts, value),
            ty,
            span: block.span,
        }
    }

    pub(super) fn unreachable(&mut self, span: Span) {
        self.error(Code::Unreachable, span, "this is never reached");
    }

    pub(super) fn if_expr(
        &mut self,
        condition: &ast::Expr,
        then: &Block,
        otherwise: Option<&ast::Expr>,
        span: Span,
        hint: Option<&Type>,
    ) -> Expr {
        let condition = self.value(condition, &Type::Bool);
        let then = self.block(then, hint);
        let Some(otherwise) = otherwise else {
            if !matches!(then.ty, Type::Nothing | Type::Never | Type::Bad) {
                let title = "this `if` has a value, and no `else`";
                self.error(Code::NoValue, then.span, title);
            }
            let kind = ExprKind::If(Box::new(condition), Box::new(then), None);
            return Expr {
                kind,
                ty: Type::Nothing,
                span,
            };
        };
        let hint = hint.cloned().unwrap_or_else(|| then.ty.clone());
        let otherwise = self.expr(otherwise, Some(&hint));
        let Some(ty) = self.join(&[&then, &otherwise]) else {
            return Expr::bad(span);
        };
        Expr {
            kind: ExprKind::If(Box::new(condition), Box::new(then), Some(Box::new(otherwise))),
            ty,
            span,
        }
    }

    /// The type of several ways.
    pub(super) fn join(&mut self, ways: &[&Expr]) -> Option<Type> {
        let mut ty = Type::Never;
        for way in ways {
            match ty.join(&way.ty) {
                Some(joined) => ty = joined,
                None => {
                    let title = format!(
                        "this is {}, and another way it would be {}",
                        self.show(&way.ty),
                        self.show(&ty)
                    );
                    let first = ways.first().map_or(way.span, |first| first.span);
                    self.report(
                        Diagnostic::new(Code::Mismatch, way.span, title).other(first, "the first way"),
                    );
                    return None;
                }
            }
        }
        Some(ty)
    }

    pub(super) fn require(&mut self, condition: &ast::Expr, error: &Name, span: Span) -> Expr {
        let condition = self.value(condition, &Type::Bool);
        match self.failure(error, span) {
            Some(error) => Expr {
                kind: ExprKind::Require(Box::new(condition), error),
                ty: Type::Nothing,
                span,
            },
            None => Expr::bad(span),
        }
    }

    pub(super) fn fail(&mut self, error: &Name, span: Span) -> Expr {
        match self.failure(error, span) {
            Some(error) => Expr {
                kind: ExprKind::Fail(error),
                ty: Type::Never,
                span,
            },
            None => Expr::bad(span),
        }
    }

    fn failure(&mut self, error: &Name, span: Span) -> Option<ErrorId> {
        match self.body.context {
            Context::Const => self.error(Code::NotConstant, span, "a constant does not fail"),
            Context::Test => {
                self.report(
                    Diagnostic::new(Code::NotInTests, span, "a test has no errors of its own")
                        .note("`assert condition;` makes a test fail"),
                );
            }
            _ => {}
        }
        self.error_id(error)
    }

    pub(super) fn error_id(&mut self, error: &Name) -> Option<ErrorId> {
        let found = self.items.errors.get(&error.text).copied();
        match found {
            Some(id) => {
                let definition = self.program.errors[id.index()].span;
                self.refer(error.span, definition);
            }
            None => {
                let known = self.offered(self.items.errors.keys());
                let title = format!("there is no error `{}`", error.text);
                self.unknown(Code::UnknownName, error, title, known.iter().map(String::as_str));
            }
        }
        found
    }
}

/// Whether nothing after it is reached.
fn leaves(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Break | StmtKind::Return(_) => true,
        StmtKind::Expr(value) | StmtKind::Let(_, value) => value.ty == Type::Never,
        _ => false,
    }
}
