//! `match`: patterns, and whether they cover everything.

use std::collections::BTreeSet;

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Arm, Expr, ExprKind, LocalId, Pattern},
    span::Span,
    syntax::ast::{self, Name, PatternKind},
    types::{EnumId, Type},
    value::Value,
};

/// Most arms of a match.
const MAX_ARMS: usize = 256;

/// What the arms so far cover.
#[derive(Default)]
struct Covered {
    everything: bool,
    values: BTreeSet<Value>,
    variants: BTreeSet<u16>,
}

impl Checker<'_> {
    pub(super) fn match_expr(
        &mut self,
        value: &ast::Expr,
        arms: &[ast::Arm],
        span: Span,
        hint: Option<&Type>,
    ) -> Expr {
        let value = self.any_value(value, None);
        if arms.len() > MAX_ARMS {
            self.error(
                Code::TooLarge,
                span,
                format!("a match has at most {MAX_ARMS} arms, here are {}", arms.len()),
            );
            return Expr::bad(span);
        }
        let mut covered = Covered::default();
        let mut checked: Vec<Arm> = Vec::new();
        let mut hint = hint.cloned();
        for arm in arms {
            let arm = self.scope(|checker| checker.arm(arm, &value, &mut covered, hint.as_ref()));
            if hint.is_none() && !matches!(arm.value.ty, Type::Never | Type::Bad) {
                hint = Some(arm.value.ty.clone());
            }
            checked.push(arm);
        }
        self.check_exhaustive(&value, &covered, span);
        let ways: Vec<&Expr> = checked.iter().map(|arm| &arm.value).collect();
        let Some(ty) = self.join(&ways) else {
            return Expr::bad(span);
        };
        Expr {
            kind: ExprKind::Match(Box::new(value), checked),
            ty,
            span,
        }
    }

    fn arm(&mut self, arm: &ast::Arm, of: &Expr, covered: &mut Covered, hint: Option<&Type>) -> Arm {
        let alone = arm.patterns.len() == 1;
        let mut patterns = Vec::new();
        for pattern in &arm.patterns {
            if let Some(checked) = self.pattern(pattern, of, alone) {
                self.cover(&checked, pattern.span, &of.ty, covered);
                patterns.push(checked);
            } else {
                covered.everything = true;
            }
        }
        Arm {
            patterns,
            value: self.expr(&arm.value, hint),
        }
    }

    fn pattern(&mut self, pattern: &ast::Pattern, of: &Expr, alone: bool) -> Option<Pattern> {
        match &pattern.kind {
            PatternKind::Any => Some(Pattern::Any),
            PatternKind::Literal(literal) => {
                if matches!(of.ty, Type::Enum(_)) {
                    self.bad_pattern(pattern.span, of);
                    return None;
                }
                let literal = self.value(literal, &of.ty);
                match literal.kind {
                    ExprKind::Value(value) => Some(Pattern::Value(value)),
                    _ => None,
                }
            }
            PatternKind::Variant(name, variant, fields) => {
                let (id, at) = self.variant(name, variant)?;
                if of.ty != Type::Enum(id) {
                    if of.ty != Type::Bad {
                        self.bad_pattern(pattern.span, of);
                    }
                    return None;
                }
                if !alone && !fields.is_empty() {
                    let title = "a pattern that is one of several cannot take out fields";
                    self.error(Code::BadPattern, pattern.span, title);
                    return None;
                }
                Some(Pattern::Variant(at, self.bindings(id, at, fields)))
            }
            PatternKind::Bad => None,
        }
    }

    fn bad_pattern(&mut self, span: Span, of: &Expr) {
        let shown = self.show(&of.ty);
        self.report(
            Diagnostic::new(Code::BadPattern, span, format!("this is no {shown}"))
                .other(of.span, format!("what is matched is {shown}")),
        );
    }

    fn bindings(&mut self, id: EnumId, at: u16, names: &[Name]) -> Vec<(u16, LocalId)> {
        let variant = &self.program.enums[usize::from(id.0)].variants[usize::from(at)];
        let fields = variant.fields.clone();
        let shown = variant.named.name.clone();
        let mut bindings = Vec::new();
        for name in names {
            let Some(place) = fields.iter().position(|field| field.named.name == name.text) else {
                let title = format!("`{shown}` has no field `{}`", name.text);
                let known = fields.iter().map(|field| field.named.name.as_str());
                self.unknown(Code::UnknownField, name, title, known);
                continue;
            };
            let local = self.local(name, fields[place].ty.clone(), None);
            bindings.push((u16::try_from(place).unwrap_or(0), local));
        }
        bindings
    }

    fn cover(&mut self, pattern: &Pattern, span: Span, of: &Type, covered: &mut Covered) {
        let complete = covered.everything
            || match of {
                Type::Bool => covered.values.len() == 2,
                Type::Enum(id) => {
                    covered.variants.len() == self.program.enums[usize::from(id.0)].variants.len()
                }
                _ => false,
            };
        let new = match pattern {
            Pattern::Any => !std::mem::replace(&mut covered.everything, true),
            Pattern::Value(value) => covered.values.insert(value.clone()),
            Pattern::Variant(at, _) => covered.variants.insert(*at),
        };
        if !new || complete {
            self.unreachable(span);
        }
    }

    /// What no arm covers, as far as it can be listed.
    fn missing(&self, of: &Type, covered: &Covered) -> Vec<String> {
        match of {
            Type::Bool => {
                let values = [false, true];
                let open = values
                    .iter()
                    .filter(|value| !covered.values.contains(&Value::Bool(**value)));
                open.map(ToString::to_string).collect()
            }
            Type::Enum(id) => {
                let item = &self.program.enums[usize::from(id.0)];
                let all = item.variants.iter().enumerate();
                let open =
                    all.filter(|(at, _)| !covered.variants.contains(&u16::try_from(*at).unwrap_or(u16::MAX)));
                open.map(|(_, variant)| format!("{}.{}", item.named.name, variant.named.name))
                    .collect()
            }
            _ => vec!["_".to_owned()],
        }
    }

    fn check_exhaustive(&mut self, value: &Expr, covered: &Covered, span: Span) {
        let missing = self.missing(&value.ty, covered);
        if covered.everything || value.ty == Type::Bad || missing.is_empty() {
            return;
        }
        let list: Vec<String> = missing.iter().map(|case| format!("`{case}`")).collect();
        let title = format!("this match says nothing about {}", list.join(", "));
        let arms: String = missing
            .iter()
            .map(|case| format!("    {case} => fail …,\n"))
            .collect();
        let word = Span::new(span.start, span.start.saturating_add(5));
        self.report(
            Diagnostic::new(Code::NotExhaustive, word, title).note(format!("add:\n{}", arms.trim_end())),
        );
    }
}
