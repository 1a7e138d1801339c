//! Places: assignments, reads of state, and `move`.

use super::{Checker, body::Context};
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Ambient, Expr, ExprKind, Place, Root, SlotId, StmtKind, Target, Vault},
    span::Span,
    syntax::ast::{self, AssignOp, BinaryOp, Name},
    types::Type,
};

impl Checker<'_> {
    pub(super) fn read_cell(&mut self, name: &Name, span: Span) -> Expr {
        let Some(id) = self.slot_named(name) else {
            return Expr::bad(span);
        };
        let slot = &self.program.slots[id.index()];
        if let Some(key) = &slot.key {
            let title = format!(
                "`state.{}` is a map, with keys of type {}",
                name.text,
                self.show(key)
            );
            self.report(
                Diagnostic::new(Code::NoValue, span, title)
                    .note(format!("`state.{}[key]` is one value", name.text)),
            );
            return Expr::bad(span);
        }
        let ty = slot.value.clone();
        Expr {
            kind: ExprKind::Read(id, None),
            ty,
            span,
        }
    }

    pub(super) fn slot_named(&mut self, name: &Name) -> Option<SlotId> {
        let Some(id) = self.items.slots.get(&name.text).copied() else {
            let known = self.offered(self.items.slots.keys());
            let title = format!("the state has no field `{}`", name.text);
            self.unknown(Code::UnknownField, name, title, known.iter().map(String::as_str));
            return None;
        };
        let definition = self.program.slots[id.index()].named.span;
        self.refer(name.span, definition);
        if self.body.context == Context::Const {
            self.error(
                Code::NotConstant,
                name.span,
                "the state is not known to the compiler",
            );
            return None;
        }
        Some(id)
    }

    /// `state.map[key]`
    pub(super) fn index(&mut self, of: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        match self.map_value(of, index) {
            Some((id, key)) => {
                let ty = self.program.slots[id.index()].value.clone();
                Expr {
                    kind: ExprKind::Read(id, Some(Box::new(key))),
                    ty,
                    span,
                }
            }
            None => Expr::bad(span),
        }
    }

    fn map_value(&mut self, of: &ast::Expr, index: &ast::Expr) -> Option<(SlotId, Expr)> {
        let name = match &of.kind {
            ast::ExprKind::Field(state, name) if matches!(state.kind, ast::ExprKind::State) => name,
            ast::ExprKind::Bad => return None,
            _ => {
                self.error(Code::Mismatch, of.span, "only maps of the state have `[…]`");
                self.expr(index, None);
                return None;
            }
        };
        let id = self.slot_named(name)?;
        let Some(key) = self.program.slots[id.index()].key.clone() else {
            self.error(
                Code::Mismatch,
                of.span,
                format!("`state.{}` is not a map", name.text),
            );
            return None;
        };
        Some((id, self.value(index, &key)))
    }

    pub(super) fn assign(
        &mut self,
        place: &ast::Expr,
        op: AssignOp,
        value: &ast::Expr,
        span: Span,
    ) -> StmtKind {
        let Some(checked) = self.place(place, op != AssignOp::Set) else {
            self.expr(value, None);
            return StmtKind::Expr(Expr::bad(span));
        };
        let AssignOp::With(op) = op else {
            let value = self.value(value, &checked.ty);
            return StmtKind::Assign(checked, None, value);
        };
        let hint = match (&checked.ty, op) {
            (Type::Time, _) => Type::duration(),
            (Type::Height, _) | (_, BinaryOp::Mul) => Type::COUNT,
            (ty, _) => ty.clone(),
        };
        let value = self.any_value(value, Some(&hint));
        let fits = match (&checked.ty, op) {
            (Type::Number(_), BinaryOp::Mul) => value.ty == Type::COUNT,
            (Type::Time | Type::Height, BinaryOp::Add | BinaryOp::Sub) => value.ty == hint,
            (Type::Number(_) | Type::Wide(_) | Type::Ratio, BinaryOp::Add | BinaryOp::Sub) => {
                value.ty == checked.ty
            }
            _ => false,
        };
        if !fits && value.ty != Type::Bad && checked.ty != Type::Bad {
            let title = format!(
                "`{}=` is not for {} and {}",
                op.text(),
                self.show(&checked.ty),
                self.show(&value.ty)
            );
            let numbers = matches!((&checked.ty, &value.ty), (Type::Number(_), Type::Number(_)));
            let code = if numbers {
                Code::UnitMismatch
            } else {
                Code::NoOperator
            };
            let diagnostic = Diagnostic::new(code, span, title).other(value.span, self.show(&value.ty));
            let diagnostic = self.unit_fix(diagnostic, &value, &checked.ty);
            self.report(diagnostic);
        }
        StmtKind::Assign(checked, Some(op), value)
    }

    fn place(&mut self, expr: &ast::Expr, also_read: bool) -> Option<Place> {
        match &expr.kind {
            ast::ExprKind::Name(text) => {
                let Some(id) = self.body.visible.get(text).copied() else {
                    self.not_a_variable(expr, text);
                    return None;
                };
                if also_read {
                    self.read_local(id, expr.span);
                }
                self.assign_local(id, expr.span);
                let ty = self.body.locals[id.index()].ty.clone();
                Some(Place {
                    root: Root::Local(id),
                    path: Vec::new(),
                    ty,
                })
            }
            ast::ExprKind::Field(state, name) if matches!(state.kind, ast::ExprKind::State) => {
                self.check_changes(expr.span);
                let id = self.slot_named(name)?;
                if self.program.slots[id.index()].key.is_some() {
                    let title = format!(
                        "`state.{}` is a map; its values are assigned one by one",
                        name.text
                    );
                    self.error(Code::Mismatch, expr.span, title);
                    return None;
                }
                self.slot_place(id, None, expr.span)
            }
            ast::ExprKind::Field(of, name) => {
                let mut place = self.place(of, also_read)?;
                let (at, ty) = self.field_of(&place.ty, name)?;
                place.path.push(at);
                place.ty = ty;
                Some(place)
            }
            ast::ExprKind::Index(of, index) => {
                self.check_changes(expr.span);
                let (id, key) = self.map_value(of, index)?;
                self.slot_place(id, Some(key), expr.span)
            }
            _ => None,
        }
    }

    fn slot_place(&mut self, id: SlotId, key: Option<Expr>, span: Span) -> Option<Place> {
        let slot = &self.program.slots[id.index()];
        if slot.vault {
            let (name, definition) = (slot.named.name.clone(), slot.named.span);
            // Whoever assigns to vaults probably means to move the payment.
            self.body.payment_moved = true;
            self.report(
                Diagnostic::new(
                    Code::VaultAssigned,
                    span,
                    format!("`state.{name}` is a vault, which only `move` changes"),
                )
                .other(definition, "declared here")
                .note("`move amount from … to …;` takes what it gives from somewhere"),
            );
            return None;
        }
        Some(Place {
            root: Root::Slot(id, key),
            path: Vec::new(),
            ty: slot.value.clone(),
        })
    }

    fn not_a_variable(&mut self, expr: &ast::Expr, text: &str) {
        let name = Name {
            text: text.to_owned(),
            span: expr.span,
        };
        if text == "payment" {
            let title = "`payment` is a vault, which only `move` changes";
            self.error(Code::VaultAssigned, expr.span, title);
        } else if self.items.consts.contains_key(text) || self.is_reserved(text) {
            self.error(Code::NotMutable, expr.span, format!("`{text}` does not change"));
        } else {
            self.name(&name);
        }
    }

    pub(super) fn move_stmt(
        &mut self,
        amount: Option<&ast::Expr>,
        source: &ast::Expr,
        target: &ast::Expr,
        span: Span,
    ) -> StmtKind {
        self.check_changes(span);
        let amount = amount.map(|amount| self.value(amount, &Type::asset()));
        let from = self.vault(source);
        if from.is_none() {
            self.not_a_vault(source);
        }
        let target = self.target(target);
        match (from, target) {
            (Some(from), Some(target)) => StmtKind::Move(amount, from, target),
            _ => StmtKind::Expr(Expr::bad(span)),
        }
    }

    /// The vault that this is, if it is one. Says nothing if it is none.
    pub(super) fn vault(&mut self, expr: &ast::Expr) -> Option<Vault> {
        let is_vault = |name: &Name, map: bool, checker: &Self| {
            checker.items.slots.get(&name.text).is_some_and(|id| {
                let slot = &checker.program.slots[id.index()];
                slot.vault && slot.key.is_some() == map
            })
        };
        match &expr.kind {
            ast::ExprKind::Name(text) if text == "payment" => {
                let docs = "What is left of the attached payment.";
                self.refer_built_in(expr.span, "payment: Vault", docs);
                if self.check_ambient(Ambient::Payment, expr.span) {
                    self.body.payment_moved = true;
                }
                Some(Vault::Payment)
            }
            ast::ExprKind::Field(state, name)
                if matches!(state.kind, ast::ExprKind::State) && is_vault(name, false, self) =>
            {
                Some(Vault::Slot(self.slot_named(name)?, None))
            }
            ast::ExprKind::Index(of, index) => match &of.kind {
                ast::ExprKind::Field(state, name)
                    if matches!(state.kind, ast::ExprKind::State) && is_vault(name, true, self) =>
                {
                    let (id, key) = self.map_value(of, index)?;
                    Some(Vault::Slot(id, Some(key)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn not_a_vault(&mut self, source: &ast::Expr) {
        let found = self.expr(source, None);
        if found.ty == Type::Bad {
            return;
        }
        let title = format!("this is {}, not a vault", self.show(&found.ty));
        self.report(
            Diagnostic::new(Code::NotAVault, source.span, title)
                .note("money comes from a `Vault` of the state or from `payment`"),
        );
    }

    fn target(&mut self, target: &ast::Expr) -> Option<Target> {
        if let Some(vault) = self.vault(target) {
            return Some(Target::Vault(vault));
        }
        let address = self.expr(target, None);
        match address.ty {
            Type::Address => Some(Target::Address(address)),
            Type::Bad => None,
            _ => {
                let title = format!(
                    "money goes to a vault or an address, this is {}",
                    self.show(&address.ty)
                );
                self.error(Code::BadTarget, target.span, title);
                None
            }
        }
    }
}
