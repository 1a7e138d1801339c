//! Expressions and statements.

use std::rc::Rc;

use curvevm::{Opcode, Type as Scalar};

use super::{End, Val, build::Builder, layout};
use crate::{
    hir::{Ambient, Expr, ExprKind, FnId, Intrinsic, Place, Root, SlotId, Stmt, StmtKind},
    syntax::ast::BinaryOp,
    types::Type,
};

impl Builder<'_, '_> {
    /// The scalars of an expression's value.
    pub(super) fn expr(&mut self, expr: &Expr) -> Vec<Val> {
        let outside = std::mem::replace(&mut self.span, expr.span);
        let values = self.expr_inside(expr);
        self.span = outside;
        values
    }

    fn expr_inside(&mut self, expr: &Expr) -> Vec<Val> {
        match &expr.kind {
            ExprKind::Value(value) => {
                let types = layout::scalars(&expr.ty, self.context.program);
                let words = layout::words(value, &expr.ty, self.context.program);
                words
                    .iter()
                    .zip(types)
                    .map(|(word, ty)| self.word(word, ty))
                    .collect()
            }
            ExprKind::Local(id) => match &self.vars[self.base.saturating_add(id.index())] {
                Some(values) => values.to_vec(),
                None => self.zeros(&expr.ty),
            },
            ExprKind::Ambient(ambient) => vec![self.ambient(*ambient)],
            ExprKind::Read(slot, key) => {
                let Some(key) = self.key(key.as_deref()) else {
                    return self.zeros(&expr.ty);
                };
                self.read(*slot, key)
            }
            ExprKind::Has(slot, key) => match self.operands([key.as_ref()]) {
                Some(key) => vec![self.has(*slot, key)],
                None => self.zeros(&expr.ty),
            },
            ExprKind::Remove(slot, key) => {
                if let Some(key) = self.operands([key.as_ref()]) {
                    let keys = key.len();
                    self.push_keyed(Opcode::MapRemove, key, Vec::new(), u64::from(slot.0), keys);
                }
                Vec::new()
            }
            ExprKind::Foreign(foreign) => self.foreign(foreign, &expr.ty),
            ExprKind::Binary(BinaryOp::And, a, b) => self.short_circuit(a, b, true),
            ExprKind::Binary(BinaryOp::Or, a, b) => self.short_circuit(a, b, false),
            ExprKind::Binary(op, a, b) => match self.operands([a.as_ref(), b.as_ref()]) {
                Some(ins) => vec![self.binary(*op, &a.ty, &b.ty, &ins)],
                None => self.zeros(&expr.ty),
            },
            ExprKind::Not(inner) => match self.operands([inner.as_ref()]) {
                Some(ins) => vec![self.emit(Opcode::NotBool, &ins, Scalar::Bool)],
                None => self.zeros(&expr.ty),
            },
            ExprKind::Field(of, at) => self.field(of, *at, &expr.ty),
            ExprKind::Call(id, args) => match self.operands(args) {
                Some(ins) => self.call(*id, ins, &expr.ty),
                None => self.zeros(&expr.ty),
            },
            ExprKind::Intrinsic(intrinsic, args) => match self.operands(args) {
                Some(ins) => {
                    let types: Vec<&Type> = args.iter().map(|arg| &arg.ty).collect();
                    vec![self.intrinsic(*intrinsic, &types, &ins, &expr.ty)]
                }
                None => self.zeros(&expr.ty),
            },
            ExprKind::Struct(id, written) => {
                let types: Vec<Type> = self.context.program.structs[usize::from(id.0)]
                    .fields
                    .iter()
                    .map(|f| f.ty.clone())
                    .collect();
                self.written(&types, written)
                    .unwrap_or_else(|| self.zeros(&expr.ty))
            }
            ExprKind::Variant(id, at, written) => self.variant(*id, *at, written, &expr.ty),
            ExprKind::Tuple(parts) => self.operands(parts).unwrap_or_else(|| self.zeros(&expr.ty)),
            ExprKind::If(condition, then, otherwise) => {
                self.if_expr(condition, then, otherwise.as_deref(), &expr.ty)
            }
            ExprKind::Match(value, arms) => self.match_expr(value, arms, &expr.ty),
            ExprKind::Block(stmts, value) => {
                for stmt in stmts {
                    self.stmt(stmt);
                }
                value.as_ref().map_or_else(Vec::new, |value| self.expr(value))
            }
            ExprKind::Require(condition, error) => {
                if let Some(ins) = self.operands([condition.as_ref()]) {
                    self.push(Opcode::Require, ins, Vec::new(), u64::from(error.0));
                }
                Vec::new()
            }
            ExprKind::Fail(error) => {
                self.finish(End::Revert(error.0));
                Vec::new()
            }
            ExprKind::Transact(_) | ExprKind::Bad => Vec::new(),
        }
    }

    /// The scalars of several values, unless one of them is never reached.
    pub(super) fn operands<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Option<Vec<Val>> {
        let mut all = Vec::new();
        for expr in exprs {
            all.extend(self.expr(expr));
            if self.dead && expr.ty == Type::Never {
                return None;
            }
        }
        Some(all)
    }

    /// A map's key; of a cell it is nothing.
    pub(super) fn key(&mut self, key: Option<&Expr>) -> Option<Vec<Val>> {
        self.operands(key)
    }

    /// What is stored.
    pub(super) fn read(&mut self, slot: SlotId, key: Vec<Val>) -> Vec<Val> {
        let types = layout::scalars(
            &self.context.program.slots[slot.index()].value,
            self.context.program,
        );
        let op = if key.is_empty() {
            Opcode::Load
        } else {
            Opcode::MapGet
        };
        let outs: Vec<Val> = types.iter().map(|ty| self.function.value(*ty)).collect();
        let keys = key.len();
        self.push_keyed(op, key, outs.clone(), u64::from(slot.0), keys);
        outs
    }

    fn has(&mut self, slot: SlotId, key: Vec<Val>) -> Val {
        let out = self.function.value(Scalar::Bool);
        let keys = key.len();
        self.push_keyed(Opcode::MapHas, key, vec![out], u64::from(slot.0), keys);
        out
    }

    /// Stores.
    pub(super) fn write(&mut self, slot: SlotId, mut key: Vec<Val>, values: &[Val]) {
        let op = if key.is_empty() {
            Opcode::Store
        } else {
            Opcode::MapSet
        };
        let keys = key.len();
        key.extend(values);
        self.push_keyed(op, key, Vec::new(), u64::from(slot.0), keys);
    }

    fn ambient(&mut self, ambient: Ambient) -> Val {
        match ambient {
            Ambient::Caller => self.emit(Opcode::Caller, &[], Scalar::Address),
            Ambient::Own => self.emit(Opcode::SelfAddress, &[], Scalar::Address),
            Ambient::Now => self.emit(Opcode::Time, &[], Scalar::U64),
            Ambient::Height => self.emit(Opcode::Height, &[], Scalar::U64),
            Ambient::Payment => self.payment_left(),
        }
    }

    fn field(&mut self, of: &Expr, at: u16, ty: &Type) -> Vec<Val> {
        let Some(values) = self.operands([of]) else {
            return self.zeros(ty);
        };
        let Type::Struct(id) = &of.ty else {
            return self.zeros(ty);
        };
        let fields = &self.context.program.structs[usize::from(id.0)].fields;
        let offset = layout::field_offset(fields, at, self.context.program);
        let length = layout::count(ty, self.context.program);
        values[offset..].iter().take(length).copied().collect()
    }

    /// Fields in the order of their declaration, evaluated as they were written.
    pub(super) fn written(&mut self, types: &[Type], written: &[(u16, Expr)]) -> Option<Vec<Val>> {
        let mut fields: Vec<Vec<Val>> = vec![Vec::new(); types.len()];
        for (at, value) in written {
            fields[usize::from(*at)] = self.operands([value])?;
        }
        Some(fields.concat())
    }

    fn variant(&mut self, id: crate::types::EnumId, at: u16, written: &[(u16, Expr)], ty: &Type) -> Vec<Val> {
        let variants = &self.context.program.enums[usize::from(id.0)].variants;
        let types: Vec<Type> = variants[usize::from(at)]
            .fields
            .iter()
            .map(|field| field.ty.clone())
            .collect();
        let Some(fields) = self.written(&types, written) else {
            return self.zeros(ty);
        };
        let mut values = vec![self.number(u64::from(at))];
        for (place, variant) in variants.iter().enumerate() {
            if place == usize::from(at) {
                values.extend(&fields);
            } else {
                for field in &variant.fields {
                    values.extend(self.zeros(&field.ty));
                }
            }
        }
        values
    }

    fn call(&mut self, id: FnId, ins: Vec<Val>, ty: &Type) -> Vec<Val> {
        let small = self.context.sizes[id.index()] <= super::control::INLINE_SIZE;
        let room = self.function.types.len() <= super::control::INLINE_ROOM;
        if self.context.inline && small && room {
            return self.inline(id, &ins);
        }
        let types = layout::scalars(ty, self.context.program);
        let index = self.context.indices.get(&id).copied().unwrap_or(0);
        self.emit_run(Opcode::Call, ins, &types, index)
    }

    fn intrinsic(&mut self, intrinsic: Intrinsic, types: &[&Type], ins: &[Val], made: &Type) -> Val {
        if let (Intrinsic::Concat | Intrinsic::Slice, Type::Bytes(bound)) = (intrinsic, made) {
            let op = if intrinsic == Intrinsic::Concat {
                Opcode::Concat
            } else {
                Opcode::Slice
            };
            return self.emit(op, ins, Scalar::Bytes(*bound));
        }
        if intrinsic == Intrinsic::Sha256 {
            let bound: u32 = ins.iter().map(|value| self.function.ty(*value).max_bytes()).sum();
            let bound = u16::try_from(bound).unwrap_or(u16::MAX);
            let packed = self.emit(Opcode::Pack, ins, Scalar::Bytes(bound));
            return self.emit(Opcode::Sha256, &[packed], Scalar::Hash);
        }
        self.arithmetic(intrinsic, types, ins)
    }

    pub(super) fn stmt(&mut self, stmt: &Stmt) {
        let outside = std::mem::replace(&mut self.span, stmt.span);
        self.stmt_inside(stmt);
        self.span = outside;
    }

    fn stmt_inside(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Let(names, value) => {
                let mut values = self.expr(value).into_iter();
                let never = value.ty == Type::Never;
                for name in names {
                    let at = self.base.saturating_add(name.index());
                    let ty = self.var_types[at].clone();
                    let length = layout::count(&ty, self.context.program);
                    let own: Rc<[Val]> = if never {
                        self.zeros(&ty).into()
                    } else {
                        values.by_ref().take(length).collect()
                    };
                    self.vars[at] = Some(own);
                }
            }
            StmtKind::Assign(place, op, value) => self.assign(place, *op, value),
            StmtKind::Move(amount, source, target) => self.move_money(amount.as_ref(), source, target),
            StmtKind::Emit(event, written) => {
                let fields = &self.context.program.events[event.index()].fields;
                let types: Vec<Type> = fields.iter().map(|field| field.ty.clone()).collect();
                if let Some(values) = self.written(&types, written) {
                    self.push(Opcode::Emit, values, Vec::new(), u64::from(event.0));
                }
            }
            StmtKind::For(local, low, high, body) => self.for_loop(*local, *low, *high, body),
            StmtKind::Break => self.break_loop(),
            StmtKind::Return(value) => {
                let values = match value {
                    Some(value) => match self.operands([value]) {
                        Some(values) => values,
                        None => return,
                    },
                    None => Vec::new(),
                };
                self.ret(values);
            }
            StmtKind::Expr(value) => {
                self.expr(value);
            }
            StmtKind::Script(_) => {}
        }
    }

    fn assign(&mut self, place: &Place, op: Option<BinaryOp>, value: &Expr) {
        let key = match &place.root {
            Root::Slot(_, key) => match self.key(key.as_ref()) {
                Some(key) => key,
                None => return,
            },
            Root::Local(_) => Vec::new(),
        };
        let Some(value_scalars) = self.operands([value]) else {
            return;
        };
        let whole_ty = self.root_type(&place.root);
        let mut whole = match &place.root {
            Root::Local(id) => match &self.vars[self.base.saturating_add(id.index())] {
                Some(values) => values.to_vec(),
                None => self.zeros(&whole_ty),
            },
            Root::Slot(..) if place.path.is_empty() && op.is_none() => Vec::new(),
            Root::Slot(slot, _) => self.read(*slot, key.clone()),
        };
        let new = match op {
            None => value_scalars,
            Some(op) => {
                let offset = self.offset(&whole_ty, &place.path);
                vec![self.binary(op, &place.ty, &value.ty, &[whole[offset], value_scalars[0]])]
            }
        };
        if place.path.is_empty() {
            whole = new;
        } else {
            let offset = self.offset(&whole_ty, &place.path);
            whole.splice(offset..offset.saturating_add(new.len()), new);
        }
        match &place.root {
            Root::Local(id) => {
                let at = self.base.saturating_add(id.index());
                self.vars[at] = Some(whole.into());
            }
            Root::Slot(slot, _) => self.write(*slot, key, &whole),
        }
    }

    fn root_type(&self, root: &Root) -> Type {
        match root {
            Root::Local(id) => self.var_types[self.base.saturating_add(id.index())].clone(),
            Root::Slot(slot, _) => self.context.program.slots[slot.index()].value.clone(),
        }
    }

    /// Where a field of a field of … begins.
    fn offset(&self, ty: &Type, path: &[u16]) -> usize {
        let program = self.context.program;
        let (mut offset, mut ty) = (0usize, ty);
        for at in path {
            if let Type::Struct(id) = ty {
                let fields = &program.structs[usize::from(id.0)].fields;
                offset = offset.saturating_add(layout::field_offset(fields, *at, program));
                ty = &fields[usize::from(*at)].ty;
            }
        }
        offset
    }
}
