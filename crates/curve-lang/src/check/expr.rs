//! Expressions.

use super::{Checker, body::Context, names::TypeName};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Ambient, Expr, ExprKind, Field},
    span::Span,
    syntax::ast::{self, FieldInit, Name},
    types::{EnumId, StructId, Type},
    value::Value,
};

impl Checker<'_> {
    /// An expression of the wanted type.
    pub(super) fn value(&mut self, expr: &ast::Expr, wanted: &Type) -> Expr {
        let checked = self.expr(expr, Some(wanted));
        self.want(checked, wanted)
    }

    /// An expression that has a value, of any type.
    pub(super) fn any_value(&mut self, expr: &ast::Expr, hint: Option<&Type>) -> Expr {
        let checked = self.expr(expr, hint);
        if checked.ty == Type::Nothing {
            self.error(Code::NoValue, expr.span, "this has no value");
            return Expr::bad(expr.span);
        }
        checked
    }

    /// An expression. The hint helps where the expression alone does not say its type.
    pub(super) fn expr(&mut self, expr: &ast::Expr, hint: Option<&Type>) -> Expr {
        let span = expr.span;
        let made = |kind, ty| Expr { kind, ty, span };
        match &expr.kind {
            ast::ExprKind::Number(digits, units) => self.literal(digits, units, span, hint),
            ast::ExprKind::Bool(value) => made(ExprKind::Value(Value::Bool(*value)), Type::Bool),
            ast::ExprKind::Str(bytes) => self.string(bytes, span),
            ast::ExprKind::Name(name) => self.name(&Name {
                text: name.clone(),
                span,
            }),
            ast::ExprKind::State => {
                self.error(
                    Code::NoValue,
                    span,
                    "`state` is not a value; its fields are: `state.name`",
                );
                Expr::bad(span)
            }
            ast::ExprKind::Binary(op, left, right) => self.binary(*op, left, right, span, hint),
            ast::ExprKind::Not(inner) => {
                let inner = self.value(inner, &Type::Bool);
                made(ExprKind::Not(Box::new(inner)), Type::Bool)
            }
            ast::ExprKind::Field(of, name) => self.field(of, name, span),
            ast::ExprKind::Method(method) => self.method(method, span),
            ast::ExprKind::Index(of, index) => self.index(of, index, span),
            ast::ExprKind::Call(name, args) => self.call(name, args, span, hint),
            ast::ExprKind::Struct(name, None, inits) => self.make_struct(name, inits, span),
            ast::ExprKind::Struct(name, Some(variant), inits) => {
                self.make_variant(name, variant, inits, span)
            }
            ast::ExprKind::Tuple(parts) => {
                let hints: &[Type] = match hint {
                    Some(Type::Tuple(types)) if types.len() == parts.len() => types,
                    _ => &[],
                };
                let parts = parts.iter().enumerate();
                let parts: Vec<Expr> = parts
                    .map(|(at, part)| self.any_value(part, hints.get(at)))
                    .collect();
                let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
                made(ExprKind::Tuple(parts), ty)
            }
            ast::ExprKind::If(condition, then, otherwise) => {
                self.if_expr(condition, then, otherwise.as_deref(), span, hint)
            }
            ast::ExprKind::Match(value, arms) => self.match_expr(value, arms, span, hint),
            ast::ExprKind::Block(block) => self.block(block, hint),
            ast::ExprKind::Require(condition, error) => self.require(condition, error, span),
            ast::ExprKind::Fail(error) => self.fail(error, span),
            ast::ExprKind::Transact(call) => self.transact(call, span),
            ast::ExprKind::Bad => Expr::bad(span),
        }
    }

    fn literal(&mut self, digits: &str, units: &[ast::UnitPower], span: Span, hint: Option<&Type>) -> Expr {
        let number = self.number(digits, units, span);
        if units.is_empty() && number.is_plain_zero() {
            return zero_of(number, hint);
        }
        number
    }

    fn string(&mut self, bytes: &[u8], span: Span) -> Expr {
        let bound = u16::try_from(bytes.len())
            .ok()
            .filter(|length| *length <= super::resolve::MAX_BYTES);
        let Some(bound) = bound else {
            let title = format!(
                "this has {} bytes, at most {} are possible",
                bytes.len(),
                super::resolve::MAX_BYTES
            );
            self.error(Code::BytesTooLong, span, title);
            return Expr::bad(span);
        };
        let ty = Type::Bytes(bound.max(1));
        Expr {
            kind: ExprKind::Value(Value::Bytes(bytes.to_vec())),
            ty,
            span,
        }
    }

    pub(super) fn name(&mut self, name: &Name) -> Expr {
        let span = name.span;
        if let Some(id) = self.body.visible.get(&name.text).copied() {
            self.read_local(id, span);
            let ty = self.body.locals[id.index()].ty.clone();
            return Expr {
                kind: ExprKind::Local(id),
                ty,
                span,
            };
        }
        if let Some(at) = self.items.consts.get(&name.text).copied() {
            let item = &self.program.consts[at];
            let (value, ty, definition) = (item.value.clone(), item.ty.clone(), item.named.span);
            self.refer(span, definition);
            let kind = if ty == Type::Bad {
                ExprKind::Bad
            } else {
                ExprKind::Value(value)
            };
            return Expr { kind, ty, span };
        }
        self.ambient(name).unwrap_or_else(|| {
            self.unknown_value(name);
            Expr::bad(span)
        })
    }

    fn ambient(&mut self, name: &Name) -> Option<Expr> {
        let span = name.span;
        let (ambient, ty, docs) = match name.text.as_str() {
            "caller" => (Ambient::Caller, Type::Address, "Who called the entry."),
            "self" => (Ambient::Own, Type::Address, "The program's own address."),
            "now" => (Ambient::Now, Type::Time, "The block's time."),
            "height" => (Ambient::Height, Type::Height, "The block's height."),
            "payment" => (
                Ambient::Payment,
                Type::asset(),
                "What is left of the attached payment.",
            ),
            _ => return None,
        };
        self.refer_built_in(span, &format!("{}: {}", name.text, self.show(&ty)), docs);
        if !self.check_ambient(ambient, span) {
            return Some(Expr::bad(span));
        }
        Some(Expr {
            kind: ExprKind::Ambient(ambient),
            ty,
            span,
        })
    }

    /// Whether this is there where it is asked for.
    pub(super) fn check_ambient(&mut self, ambient: Ambient, span: Span) -> bool {
        match (ambient, self.body.context) {
            (_, Context::Const) => self.error(Code::NotConstant, span, "this is not known to the compiler"),
            (Ambient::Caller | Ambient::Payment, Context::Test) => {
                self.error(
                    Code::NotInTests,
                    span,
                    "a test acts from outside, and was not called by anyone",
                );
            }
            (Ambient::Caller, _) => {
                self.body.effects.caller.get_or_insert(span);
                return true;
            }
            (Ambient::Payment, _) if !self.body.payable => {
                let title = "there is a `payment` only in `payable` entries";
                self.report(
                    Diagnostic::new(Code::NotPayable, span, title)
                        .note("a `fn` that needs the amount takes it as a parameter"),
                );
            }
            _ => return true,
        }
        false
    }

    fn unknown_value(&mut self, name: &Name) {
        if let Some(slot) = self.items.slots.get(&name.text) {
            let definition = self.program.slots[slot.index()].named.span;
            self.report(
                Diagnostic::new(
                    Code::UnknownName,
                    name.span,
                    format!("`{}` is a field of the state", name.text),
                )
                .other(definition, "declared here")
                .fix("say so", vec![(name.span.before(), "state.".to_owned())]),
            );
            return;
        }
        let title = if self.items.functions.contains_key(&name.text) {
            format!("`{0}` is a function: `{0}(…)`", name.text)
        } else {
            format!("there is no `{}` here", name.text)
        };
        let known = self.offered(self.body.visible.keys().chain(self.items.consts.keys()));
        let words = ["caller", "self", "now", "height", "payment"];
        let candidates = known.iter().map(String::as_str).chain(words);
        self.unknown(Code::UnknownName, name, title, candidates);
    }

    fn field(&mut self, of: &ast::Expr, name: &Name, span: Span) -> Expr {
        match &of.kind {
            ast::ExprKind::State => return self.read_cell(name, span),
            ast::ExprKind::Name(text) => {
                let named = Name {
                    text: text.clone(),
                    span: of.span,
                };
                let found = self.items.types.get(text).copied();
                if let (Some(TypeName::Enum(_)), false) = (found, self.body.visible.contains_key(text)) {
                    return self.make_variant(&named, name, &[], span);
                }
            }
            _ => {}
        }
        let of = self.any_value(of, None);
        match self.field_of(&of.ty, name) {
            Some((at, ty)) => Expr {
                kind: ExprKind::Field(Box::new(of), at),
                ty,
                span,
            },
            None => Expr::bad(span),
        }
    }

    /// The place and type of a struct's field.
    pub(super) fn field_of(&mut self, ty: &Type, name: &Name) -> Option<(u16, Type)> {
        let Type::Struct(id) = ty else {
            if *ty != Type::Bad {
                let title = format!("{} has no fields", self.show(ty));
                self.error(Code::UnknownField, name.span, title);
            }
            return None;
        };
        let fields = &self.program.structs[usize::from(id.0)].fields;
        let found = fields.iter().position(|field| field.named.name == name.text);
        let Some(at) = found else {
            let names: Vec<String> = fields.iter().map(|field| field.named.name.clone()).collect();
            let title = format!("`{}` has no field `{}`", self.show(ty), name.text);
            self.unknown(Code::UnknownField, name, title, names.iter().map(String::as_str));
            return None;
        };
        let (ty, definition) = (fields[at].ty.clone(), fields[at].named.span);
        self.refer(name.span, definition);
        Some((u16::try_from(at).ok()?, ty))
    }

    fn make_struct(&mut self, name: &Name, inits: &[FieldInit], span: Span) -> Expr {
        let id = match self.items.types.get(&name.text).copied() {
            Some(found @ TypeName::Struct(id)) => {
                self.refer_type(name, found);
                id
            }
            Some(_) => {
                self.error(
                    Code::Mismatch,
                    name.span,
                    format!("`{}` is not a struct", name.text),
                );
                return self.bad_inits(inits, span);
            }
            None => {
                self.unknown_type(name);
                return self.bad_inits(inits, span);
            }
        };
        let fields = self.program.structs[usize::from(id.0)].fields.clone();
        let values = self.inits(&fields, inits, name);
        Expr {
            kind: ExprKind::Struct(StructId(id.0), values),
            ty: Type::Struct(id),
            span,
        }
    }

    /// Checks the values of something that is not known, for the errors in them.
    fn bad_inits(&mut self, inits: &[FieldInit], span: Span) -> Expr {
        for init in inits {
            self.init_value(init, None);
        }
        Expr::bad(span)
    }

    fn make_variant(&mut self, name: &Name, variant: &Name, inits: &[FieldInit], span: Span) -> Expr {
        let Some((id, at)) = self.variant(name, variant) else {
            return self.bad_inits(inits, span);
        };
        let fields = self.program.enums[usize::from(id.0)].variants[usize::from(at)]
            .fields
            .clone();
        let values = self.inits(&fields, inits, variant);
        Expr {
            kind: ExprKind::Variant(id, at, values),
            ty: Type::Enum(id),
            span,
        }
    }

    /// The enum and the place of its variant.
    pub(super) fn variant(&mut self, name: &Name, variant: &Name) -> Option<(EnumId, u16)> {
        let id = match self.items.types.get(&name.text).copied() {
            Some(found @ TypeName::Enum(id)) => {
                self.refer_type(name, found);
                id
            }
            Some(_) => {
                self.error(
                    Code::UnknownVariant,
                    name.span,
                    format!("`{}` is not an enum", name.text),
                );
                return None;
            }
            None => {
                self.unknown_type(name);
                return None;
            }
        };
        let variants = &self.program.enums[usize::from(id.0)].variants;
        let Some(at) = variants.iter().position(|v| v.named.name == variant.text) else {
            let names: Vec<String> = variants.iter().map(|v| v.named.name.clone()).collect();
            let title = format!("`{}` has no variant `{}`", name.text, variant.text);
            self.unknown(
                Code::UnknownVariant,
                variant,
                title,
                names.iter().map(String::as_str),
            );
            return None;
        };
        let definition = variants[at].named.span;
        self.refer(variant.span, definition);
        Some((id, u16::try_from(at).ok()?))
    }

    /// The values of fields, as written; all are there, and once.
    pub(super) fn inits(&mut self, fields: &[Field], inits: &[FieldInit], of: &Name) -> Vec<(u16, Expr)> {
        let values = self.given(fields, inits, of);
        self.check_missing(fields, &values, of);
        values
    }

    /// The values of fields, as written; each is there at most once.
    pub(super) fn given(&mut self, fields: &[Field], inits: &[FieldInit], of: &Name) -> Vec<(u16, Expr)> {
        let mut values: Vec<(u16, Expr)> = Vec::new();
        for init in inits {
            let Some(at) = fields.iter().position(|field| field.named.name == init.name.text) else {
                let title = format!("`{}` has no field `{}`", of.text, init.name.text);
                let names = fields.iter().map(|field| field.named.name.as_str());
                self.unknown(Code::UnknownField, &init.name, title, names);
                self.init_value(init, None);
                continue;
            };
            let place = u16::try_from(at).unwrap_or(u16::MAX);
            if values.iter().any(|(other, _)| *other == place) {
                let title = format!("`{}` is given twice", init.name.text);
                self.error(Code::DuplicateName, init.name.span, title);
                continue;
            }
            self.refer(init.name.span, fields[at].named.span);
            let value = self.init_value(init, Some(&fields[at].ty));
            values.push((place, value));
        }
        values
    }

    fn init_value(&mut self, init: &FieldInit, wanted: Option<&Type>) -> Expr {
        let checked = match &init.value {
            Some(value) => self.expr(value, wanted),
            None => self.name(&init.name),
        };
        match wanted {
            Some(wanted) => self.want(checked, wanted),
            None => checked,
        }
    }

    fn check_missing(&mut self, fields: &[Field], values: &[(u16, Expr)], of: &Name) {
        let given = |at: usize| values.iter().any(|(place, _)| usize::from(*place) == at);
        let missing: Vec<String> = fields
            .iter()
            .enumerate()
            .filter(|(at, _)| !given(*at))
            .map(|(_, field)| format!("`{}`", field.named.name))
            .collect();
        if !missing.is_empty() {
            let title = format!("`{}` lacks {}", of.text, missing.join(", "));
            self.error(Code::MissingField, of.span, title);
        }
    }
}

/// Zero is zero in every unit.
pub(super) fn zero_of(zero: Expr, hint: Option<&Type>) -> Expr {
    match hint {
        Some(ty @ Type::Number(_)) => Expr {
            ty: ty.clone(),
            ..zero
        },
        Some(ty @ Type::Wide(_)) => Expr {
            kind: ExprKind::Value(Value::Wide(0)),
            ty: ty.clone(),
            ..zero
        },
        Some(Type::Ratio) => Expr {
            kind: ExprKind::Value(Value::Ratio(0)),
            ty: Type::Ratio,
            ..zero
        },
        _ => zero,
    }
}
