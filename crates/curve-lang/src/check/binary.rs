//! Operators and their units.

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Expr, ExprKind},
    span::Span,
    syntax::ast::{self, BinaryOp},
    types::{Dimension, Type},
};

fn is_zero(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Number(digits, units) if digits == "0" && units.is_empty())
}

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        hint: Option<&Type>,
    ) -> Expr {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let left = self.value(left, &Type::Bool);
            let right = self.value(right, &Type::Bool);
            return Expr {
                kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
                ty: Type::Bool,
                span,
            };
        }
        let hint = hint.filter(|_| matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem));
        let (left, right) = if matches!(op, BinaryOp::Mul | BinaryOp::DivDown | BinaryOp::DivUp) {
            (self.any_value(left, None), self.any_value(right, None))
        } else {
            self.operands(left, right, hint)
        };
        let Some(ty) = self.binary_type(op, &left, &right, span) else {
            return Expr::bad(span);
        };
        self.warn_product_then_quotient(op, &left, &right, span);
        Expr {
            kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
            ty,
            span,
        }
    }

    /// Both operands. A bare zero takes the other one's unit.
    pub(super) fn operands(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
    ) -> (Expr, Expr) {
        let zero_hint = |other: &Type| match other {
            Type::Time => Type::duration(),
            Type::Height => Type::COUNT,
            other => other.clone(),
        };
        if is_zero(left) && !is_zero(right) {
            let right = self.any_value(right, hint);
            let left = self.any_value(left, Some(&zero_hint(&right.ty)));
            return (left, right);
        }
        let left = self.any_value(left, hint);
        let right = self.any_value(right, is_zero(right).then(|| zero_hint(&left.ty)).as_ref());
        (left, right)
    }

    fn binary_type(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        if left.ty == Type::Bad || right.ty == Type::Bad {
            return op.is_comparison().then_some(Type::Bool);
        }
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => self.equality(op, left, right, span),
            op if op.is_comparison() => self.comparison(op, left, right, span),
            BinaryOp::Add | BinaryOp::Sub => self.sum(op, left, right, span),
            BinaryOp::Mul => self.product(op, left, right, span),
            BinaryOp::DivDown | BinaryOp::DivUp => self.quotient(op, left, right, span),
            _ => self.remainder(op, left, right, span),
        }
    }

    fn equality(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        let comparable = match (&left.ty, &right.ty) {
            (Type::Bytes(_), Type::Bytes(_)) => true,
            (Type::Enum(a), Type::Enum(b)) if a == b => {
                let variants = &self.program.enums[usize::from(a.0)].variants;
                variants.iter().all(|variant| variant.fields.is_empty())
            }
            (a, b) if a == b => a.is_ordered() || matches!(a, Type::Bool | Type::Address | Type::Hash),
            _ => return self.mismatch(op, left, right, span),
        };
        if comparable {
            Some(Type::Bool)
        } else {
            self.no_operator(op, left, right, span)
        }
    }

    fn comparison(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        if left.ty != right.ty {
            return self.mismatch(op, left, right, span);
        }
        if left.ty.is_ordered() {
            Some(Type::Bool)
        } else {
            self.no_operator(op, left, right, span)
        }
    }

    fn sum(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        let adds = op == BinaryOp::Add;
        let duration = Type::duration();
        match (&left.ty, &right.ty) {
            (Type::Number(a), Type::Number(b)) if a == b => Some(left.ty.clone()),
            (Type::Wide(a), Type::Wide(b)) if a == b => Some(left.ty.clone()),
            (Type::Ratio, Type::Ratio) => Some(Type::Ratio),
            (Type::Time, right) if *right == duration => Some(Type::Time),
            (left, Type::Time) if adds && *left == duration => Some(Type::Time),
            (Type::Time, Type::Time) if !adds => Some(duration),
            (Type::Height, right) if *right == Type::COUNT => Some(Type::Height),
            (left, Type::Height) if adds && *left == Type::COUNT => Some(Type::Height),
            (Type::Height, Type::Height) if !adds => Some(Type::COUNT),
            (Type::Number(_), Type::Number(_)) | (Type::Wide(_), Type::Wide(_)) => {
                self.mismatch(op, left, right, span)
            }
            _ => self.no_operator(op, left, right, span),
        }
    }

    fn product(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        match (&left.ty, &right.ty) {
            (Type::Number(a), Type::Number(b)) => self.unit_of(a.times(b), span).map(Type::Number),
            _ => self.no_operator(op, left, right, span),
        }
    }

    fn quotient(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        match (&left.ty, &right.ty) {
            (Type::Number(a) | Type::Wide(a), Type::Number(b)) => {
                self.unit_of(a.per(b), span).map(Type::Number)
            }
            _ => self.no_operator(op, left, right, span),
        }
    }

    fn remainder(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        match (&left.ty, &right.ty) {
            (Type::Number(a), Type::Number(b)) if a == b => Some(left.ty.clone()),
            (Type::Number(_), Type::Number(_)) => self.mismatch(op, left, right, span),
            _ => self.no_operator(op, left, right, span),
        }
    }

    pub(super) fn unit_of(&mut self, unit: Option<Dimension>, span: Span) -> Option<Dimension> {
        if unit.is_none() {
            self.error(
                Code::BadUnit,
                span,
                "the powers of the result's units are too large",
            );
        }
        unit
    }

    fn mismatch(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        let numbers = |ty: &Type| matches!(ty, Type::Number(_) | Type::Wide(_));
        let code = if numbers(&left.ty) && numbers(&right.ty) {
            Code::UnitMismatch
        } else {
            Code::Mismatch
        };
        let (a, b) = (self.show(&left.ty), self.show(&right.ty));
        let title = format!(
            "`{}` needs the same on both sides, here are {a} and {b}",
            op.text()
        );
        let mut diagnostic = Diagnostic::new(code, span, title)
            .other(left.span, a)
            .other(right.span, b);
        let plain = |expr: &Expr, other: &Expr| {
            matches!(expr.kind, ExprKind::Value(_)) && expr.ty == Type::COUNT && numbers(&other.ty)
        };
        if plain(right, left) {
            diagnostic = self.unit_fix(diagnostic, right, &left.ty);
        } else if plain(left, right) {
            diagnostic = self.unit_fix(diagnostic, left, &right.ty);
        }
        self.report(diagnostic);
        None
    }

    fn no_operator(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Type> {
        let (a, b) = (self.show(&left.ty), self.show(&right.ty));
        let title = format!("`{}` is not for {a} and {b}", op.text());
        let mut diagnostic = Diagnostic::new(Code::NoOperator, span, title)
            .other(left.span, a)
            .other(right.span, b);
        let ratio = left.ty == Type::Ratio || right.ty == Type::Ratio;
        let note = match op {
            BinaryOp::Mul if ratio => {
                Some("with a ratio the result is rounded: `mul_down(a, r)` or `mul_up(a, r)`")
            }
            BinaryOp::DivDown | BinaryOp::DivUp if ratio => {
                Some("with a ratio: `div_down(a, r)` or `div_up(a, r)`")
            }
            BinaryOp::Mul => Some("`product(a, b)` multiplies to 128 bits"),
            BinaryOp::Add if left.ty == Type::Time => {
                Some("a `Time` moves by a `Duration`, such as `3 days`")
            }
            _ => None,
        };
        if let Some(note) = note {
            diagnostic = diagnostic.note(note);
        }
        self.report(diagnostic);
        None
    }

    fn warn_product_then_quotient(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) {
        let name = match op {
            BinaryOp::DivDown => "mul_div_down",
            BinaryOp::DivUp => "mul_div_up",
            _ => return,
        };
        let ExprKind::Binary(BinaryOp::Mul, a, b) = &left.kind else {
            return;
        };
        let known = [a, b].iter().all(|part| matches!(part.kind, ExprKind::Value(_)));
        if known {
            return;
        }
        let between = |from: Span, to: Span| Span::new(from.end, to.start);
        let edits = vec![
            (
                span.before().to(Span::new(span.start, a.span.start)),
                format!("{name}("),
            ),
            (between(a.span, b.span), ", ".to_owned()),
            (between(b.span, right.span), ", ".to_owned()),
            (Span::new(right.span.end, span.end), ")".to_owned()),
        ];
        self.report(
            Diagnostic::new(
                Code::ProductThenQuotient,
                span,
                "the product may overflow before it is divided",
            )
            .fix(format!("`{name}` is exact"), edits),
        );
    }
}
