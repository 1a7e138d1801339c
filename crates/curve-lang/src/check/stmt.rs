//! Statements.

use super::{Checker, body::Context};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{EventId, Expr, ExprKind, Field, LocalId, Stmt, StmtKind},
    span::Span,
    syntax::ast::{self, Block, FieldInit, FunctionKind, Name, TypeExpr},
    types::{Dimension, Type},
    value::Value,
};

impl Checker<'_> {
    pub(super) fn stmt(&mut self, stmt: &ast::Stmt) -> Stmt {
        let span = stmt.span;
        let kind = match &stmt.kind {
            ast::StmtKind::Let {
                mutable,
                names,
                ty,
                value,
            } => self.let_stmt(*mutable, names, ty.as_ref(), value),
            ast::StmtKind::Assign(place, op, value) => self.assign(place, *op, value, span),
            ast::StmtKind::Move {
                amount,
                source,
                target,
            } => self.move_stmt(amount.as_ref(), source, target, span),
            ast::StmtKind::Emit(name, inits) => self.emit(name, inits, span),
            ast::StmtKind::For(name, low, high, body) => self.for_stmt(name, low, high, body),
            ast::StmtKind::Break => {
                if self.body.loops == 0 {
                    self.error(Code::OutsideOfLoop, span, "there is no loop to leave");
                }
                StmtKind::Break
            }
            ast::StmtKind::Return(value) => self.return_stmt(value.as_ref(), span),
            ast::StmtKind::Expr(value) => self.expr_stmt(value),
            ast::StmtKind::Script(script) => self.script(script, span),
        };
        Stmt { kind, span }
    }

    fn let_stmt(
        &mut self,
        mutable: Option<Span>,
        names: &[Name],
        ty: Option<&TypeExpr>,
        value: &ast::Expr,
    ) -> StmtKind {
        let wanted = ty.map(|ty| self.ty(ty));
        let value = match &wanted {
            Some(wanted) => self.value(value, wanted),
            None => self.any_value(value, None),
        };
        let ty = wanted.unwrap_or_else(|| value.ty.clone());
        let types = match (names, &ty) {
            ([_], Type::Tuple(_)) => {
                self.error(
                    Code::Mismatch,
                    value.span,
                    "several values need several names: `let (a, b) = …`",
                );
                vec![Type::Bad]
            }
            ([_], _) => vec![ty],
            (_, Type::Tuple(types)) if types.len() == names.len() => types.clone(),
            ([], _) | (_, Type::Bad | Type::Never) => vec![Type::Bad; names.len()],
            _ => {
                let title = format!("here are {} names for {}", names.len(), self.show(&ty));
                self.error(Code::Mismatch, value.span, title);
                vec![Type::Bad; names.len()]
            }
        };
        let mut locals = Vec::new();
        for (name, ty) in names.iter().zip(types) {
            self.body.let_names.insert(name.span);
            locals.push(self.local(name, ty, mutable));
        }
        StmtKind::Let(locals, value)
    }

    /// Whether the body may change something; else that is reported.
    pub(super) fn check_changes(&mut self, span: Span) {
        match self.body.context {
            Context::Test => {
                self.report(
                    Diagnostic::new(
                        Code::NotInTests,
                        span,
                        "a test cannot change the program's state itself",
                    )
                    .note("`call entry(…) from account;` changes it as a transaction does"),
                );
            }
            Context::Const => self.error(Code::NotConstant, span, "a constant changes nothing"),
            _ => {
                self.body.effects.writes.get_or_insert(span);
            }
        }
    }

    fn emit(&mut self, name: &Name, inits: &[FieldInit], span: Span) -> StmtKind {
        self.check_changes(span);
        match self.event(name, inits) {
            Some((id, fields)) => StmtKind::Emit(id, self.inits(&fields, inits, name)),
            None => StmtKind::Expr(Expr::bad(span)),
        }
    }

    /// An event and its fields.
    pub(super) fn event(&mut self, name: &Name, inits: &[FieldInit]) -> Option<(EventId, Vec<Field>)> {
        let Some(id) = self.items.events.get(&name.text).copied() else {
            let known = self.offered(self.items.events.keys());
            let title = format!("there is no event `{}`", name.text);
            self.unknown(Code::UnknownName, name, title, known.iter().map(String::as_str));
            for init in inits {
                if let Some(value) = &init.value {
                    self.expr(value, None);
                }
            }
            return None;
        };
        let event = &self.program.events[id.index()];
        let (fields, definition) = (event.fields.clone(), event.named.span);
        self.refer(name.span, definition);
        Some((id, fields))
    }

    fn for_stmt(&mut self, name: &Name, low: &ast::Expr, high: &ast::Expr, body: &Block) -> StmtKind {
        let bounds = self.range(low, high);
        let (ty, low, high) = bounds.unwrap_or((Type::Bad, 0, 1));
        if ty != Type::Bad && low >= high {
            self.error(
                Code::EmptyRange,
                name.span,
                format!("this runs never: {low} is not below {high}"),
            );
        }
        self.scope(|checker| {
            let local = checker.local(name, ty, None);
            checker.body.usage_of_loop(local);
            checker.body.loops = checker.body.loops.saturating_add(1);
            let body = checker.block(body, Some(&Type::Nothing));
            checker.body.loops = checker.body.loops.saturating_sub(1);
            let body = checker.statement_value(body);
            StmtKind::For(local, low, high, body)
        })
    }

    /// The bounds of a loop or a range, which are constant and of one unit.
    pub(super) fn range(&mut self, low: &ast::Expr, high: &ast::Expr) -> Option<(Type, u64, u64)> {
        let (low, high) = self.operands(low, high, None);
        let number = matches!(low.ty, Type::Number(_));
        if !number || low.ty != high.ty {
            if low.ty != Type::Bad && high.ty != Type::Bad {
                let (a, b) = (self.show(&low.ty), self.show(&high.ty));
                let title = format!("a range has two numbers of one unit, here are {a} and {b}");
                let code = if number {
                    Code::UnitMismatch
                } else {
                    Code::Mismatch
                };
                self.error(code, low.span.to(high.span), title);
            }
            return None;
        }
        let ends = (self.constant_number(&low), self.constant_number(&high));
        let (Some(from), Some(to)) = ends else {
            return None;
        };
        Some((low.ty, from, to))
    }

    fn constant_number(&mut self, expr: &Expr) -> Option<u64> {
        match self.evaluate(expr)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn return_stmt(&mut self, value: Option<&ast::Expr>, span: Span) -> StmtKind {
        let wanted = self.body.result.clone();
        if !matches!(self.body.context, Context::Function(_)) {
            self.error(Code::NoReturn, span, "there is nothing to return from");
            return StmtKind::Return(None);
        }
        match value {
            Some(value) if wanted == Type::Nothing => {
                let word = if self.body.context == Context::Function(FunctionKind::Init) {
                    "init"
                } else {
                    "this"
                };
                self.error(Code::Mismatch, value.span, format!("{word} returns nothing"));
                StmtKind::Return(None)
            }
            Some(value) => StmtKind::Return(Some(self.value(value, &wanted))),
            None => {
                if wanted != Type::Nothing {
                    let title = format!("this returns a value of type {}", self.show(&wanted));
                    self.error(Code::NoValue, span, title);
                }
                StmtKind::Return(None)
            }
        }
    }

    fn expr_stmt(&mut self, value: &ast::Expr) -> StmtKind {
        let checked = self.expr(value, Some(&Type::Nothing));
        StmtKind::Expr(self.statement_value(checked))
    }

    /// What stands for its effect has one.
    fn statement_value(&mut self, value: Expr) -> Expr {
        let nothing = matches!(value.ty, Type::Nothing | Type::Never | Type::Bad);
        let has_effect = matches!(
            value.kind,
            ExprKind::Call(..)
                | ExprKind::Foreign(_)
                | ExprKind::Transact(_)
                | ExprKind::If(..)
                | ExprKind::Match(..)
                | ExprKind::Block(..)
                | ExprKind::Bad
        );
        if !nothing && !has_effect {
            self.error(Code::NoEffect, value.span, "this value is computed and forgotten");
        }
        value
    }
}

impl super::body::Body {
    /// A loop's variable need not be read.
    fn usage_of_loop(&mut self, local: LocalId) {
        if let Some(usage) = self.usage.get_mut(local.index()) {
            usage.set_read();
        }
    }
}

/// Times and blocks pass by these.
pub(super) fn passes(ty: &Type) -> bool {
    *ty == Type::duration() || *ty == Type::Number(Dimension::COUNT) || *ty == Type::Bad
}
