//! Choices, loops, and functions that become part of their callers.

use std::collections::BTreeSet;

use curvevm::{Opcode, Type as Scalar};

use super::{
    Edge, End, Val,
    build::{Builder, Inlined, Loop, Way},
    layout,
};
use crate::{
    hir::{Arm, Expr, ExprKind, FnId, LocalId, Pattern, Place, Program, Root, Stmt, StmtKind, Target, Vault},
    types::Type,
    value::Value,
};

/// Functions of at most so many expressions and statements become part of their callers.
pub(super) const INLINE_SIZE: usize = 48;

/// Callers with more values than this call: a source of calls alone would become too many of them.
pub(super) const INLINE_ROOM: usize = 8_192;

impl Builder<'_, '_> {
    pub(super) fn short_circuit(&mut self, a: &Expr, b: &Expr, on: bool) -> Vec<Val> {
        let Some(first) = self.operands([a]) else {
            return self.zeros(&Type::Bool);
        };
        let (more, _) = self.new_block(&[]);
        let (known, _) = self.new_block(&[]);
        let (yes, no) = if on { (more, known) } else { (known, more) };
        self.go_to(End::Branch(first[0], Self::edge(yes), Self::edge(no)), known);
        let vars = self.vars.clone();
        let short = self.emit_imm(Opcode::ConstBool, &[], Scalar::Bool, u64::from(!on));
        let mut ways: Vec<Way> = self.way(vec![short]).into_iter().collect();
        (self.block, self.vars) = (more, vars);
        if let Some(second) = self.operands([b]) {
            ways.extend(self.way(second));
        }
        self.join(ways, &Type::Bool)
    }

    pub(super) fn if_expr(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: Option<&Expr>,
        ty: &Type,
    ) -> Vec<Val> {
        let Some(condition) = self.operands([condition]) else {
            return self.zeros(ty);
        };
        if self.dead {
            return self.zeros(ty);
        }
        let (yes, _) = self.new_block(&[]);
        let (no, _) = self.new_block(&[]);
        self.go_to(End::Branch(condition[0], Self::edge(yes), Self::edge(no)), yes);
        let vars = self.vars.clone();
        let mut ways = Vec::new();
        let values = self.expr(then);
        ways.extend(self.way(values));
        (self.block, self.vars, self.dead) = (no, vars, false);
        let values = otherwise.map_or_else(Vec::new, |otherwise| self.expr(otherwise));
        ways.extend(self.way(values));
        self.join(ways, ty)
    }

    pub(super) fn match_expr(&mut self, value: &Expr, arms: &[Arm], ty: &Type) -> Vec<Val> {
        let Some(scalars) = self.operands([value]) else {
            return self.zeros(ty);
        };
        if self.dead {
            return self.zeros(ty);
        }
        let mut ways = Vec::new();
        for arm in arms {
            if self.dead {
                break;
            }
            let (body, _) = self.new_block(&[]);
            let vars = self.vars.clone();
            self.patterns(&arm.patterns, &scalars, &value.ty, body);
            let next = (self.block, self.dead);
            (self.block, self.vars, self.dead) = (body, vars.clone(), false);
            self.bind(&arm.patterns, &scalars, &value.ty);
            let values = self.expr(&arm.value);
            ways.extend(self.way(values));
            (self.block, self.dead) = next;
            self.vars = vars;
        }
        if !self.dead {
            self.finish(End::Unreachable);
        }
        self.join(ways, ty)
    }

    /// Goes to the body if one of the patterns fits; goes on here if none does.
    fn patterns(&mut self, patterns: &[Pattern], scalars: &[Val], ty: &Type, body: super::BlockId) {
        for pattern in patterns {
            let fits = match pattern {
                Pattern::Any => {
                    self.finish(End::Jump(Self::edge(body)));
                    return;
                }
                Pattern::Value(value) => self.fits(value, scalars, ty),
                Pattern::Variant(at, _) => {
                    let wanted = self.number(u64::from(*at));
                    self.emit(Opcode::Eq64, &[scalars[0], wanted], Scalar::Bool)
                }
            };
            let (next, _) = self.new_block(&[]);
            self.go_to(End::Branch(fits, Self::edge(body), Self::edge(next)), next);
        }
    }

    fn fits(&mut self, value: &Value, scalars: &[Val], ty: &Type) -> Val {
        if let Value::Bool(wanted) = value {
            let same = scalars[0];
            return if *wanted {
                same
            } else {
                self.emit(Opcode::NotBool, &[same], Scalar::Bool)
            };
        }
        let words = layout::words(value, ty, self.context.program);
        let wanted: Vec<Val> = words
            .iter()
            .map(|word| self.word(word, scalar_of(word)))
            .collect();
        let op = match words.first() {
            Some(curvevm::Value::U128(_) | curvevm::Value::Fix(_)) => Opcode::Eq128,
            Some(curvevm::Value::Address(_) | curvevm::Value::Hash(_)) => Opcode::Eq256,
            Some(curvevm::Value::Bytes(_)) => Opcode::EqBytes,
            _ => Opcode::Eq64,
        };
        self.emit(op, &[scalars[0], wanted[0]], Scalar::Bool)
    }

    /// Sets the variables of the arm's only pattern.
    fn bind(&mut self, patterns: &[Pattern], scalars: &[Val], ty: &Type) {
        let ([Pattern::Variant(at, bindings)], Type::Enum(id)) = (patterns, ty) else {
            return;
        };
        let program = self.context.program;
        let variants = &program.enums[usize::from(id.0)].variants;
        let begin = layout::variant_offset(variants, *at, program);
        let fields = &variants[usize::from(*at)].fields;
        for (place, local) in bindings {
            let offset = begin.saturating_add(layout::field_offset(fields, *place, program));
            let length = layout::count(&fields[usize::from(*place)].ty, program);
            let values = scalars[offset..].iter().take(length).copied().collect();
            let var = self.base.saturating_add(local.index());
            self.vars[var] = Some(values);
        }
    }

    pub(super) fn for_loop(&mut self, local: LocalId, low: u64, high: u64, body: &Expr) {
        let changed = self.changed(body);
        let types: Vec<Scalar> = changed
            .iter()
            .flat_map(|at| layout::scalars(&self.var_types[*at], self.context.program))
            .collect();
        let mut header_types = vec![Scalar::U64];
        header_types.extend(&types);
        let (header, params) = self.new_block(&header_types);
        let (exit, exit_params) = self.new_block(&types);
        let first = self.number(low);
        let args = self.loop_args(Some(first), &changed);
        self.go_to(End::Jump(Edge { to: header, args }), header);
        let was_dead = self.dead;
        self.set_changed(&changed, &params[1..]);
        let counter = self.base.saturating_add(local.index());
        self.vars[counter] = Some([params[0]].as_slice().into());
        self.loops.push(Loop {
            exit,
            changed: changed.clone(),
            left: false,
        });
        self.expr(body);
        if !self.dead {
            self.next_round(params[0], high, header, exit, &changed);
        }
        let left = self.loops.pop().is_some_and(|inner| inner.left);
        (self.block, self.dead) = (exit, was_dead || !left);
        self.set_changed(&changed, &exit_params);
        self.vars[counter] = None;
    }

    fn next_round(
        &mut self,
        counter: Val,
        high: u64,
        header: super::BlockId,
        exit: super::BlockId,
        changed: &[usize],
    ) {
        let (one, last) = (self.number(1), self.number(high));
        let next = self.emit(Opcode::AddU64, &[counter, one], Scalar::U64);
        let more = self.emit(Opcode::LtU64, &[next, last], Scalar::Bool);
        let again = Edge {
            to: header,
            args: self.loop_args(Some(next), changed),
        };
        let leave = Edge {
            to: exit,
            args: self.loop_args(None, changed),
        };
        self.go_to(End::Branch(more, again, leave), exit);
        if let Some(inner) = self.loops.last_mut() {
            inner.left = true;
        }
    }

    fn loop_args(&self, counter: Option<Val>, changed: &[usize]) -> Vec<Val> {
        let vars = changed
            .iter()
            .filter_map(|at| self.vars[*at].as_deref())
            .flatten()
            .copied();
        counter.into_iter().chain(vars).collect()
    }

    fn set_changed(&mut self, changed: &[usize], params: &[Val]) {
        let mut params = params.iter().copied();
        for at in changed {
            let length = layout::count(&self.var_types[*at], self.context.program);
            self.vars[*at] = Some(params.by_ref().take(length).collect());
        }
    }

    pub(super) fn break_loop(&mut self) {
        if self.dead {
            return;
        }
        let Some(inner) = self.loops.last_mut() else {
            return;
        };
        inner.left = true;
        let (exit, changed) = (inner.exit, inner.changed.clone());
        let args = self.loop_args(None, &changed);
        self.finish(End::Jump(Edge { to: exit, args }));
    }

    /// The variables that exist before a loop and are changed inside.
    fn changed(&self, body: &Expr) -> Vec<usize> {
        let mut found = Changed::default();
        found.expr(body);
        let locals = found.locals.iter().map(|id| self.base.saturating_add(id.index()));
        let payment = self.payment.filter(|_| found.payment);
        let all = locals.chain(payment).filter(|at| self.vars[*at].is_some());
        all.collect::<BTreeSet<usize>>().into_iter().collect()
    }

    /// Lowers a function's body here instead of calling it.
    pub(super) fn inline(&mut self, id: FnId, ins: &[Val]) -> Vec<Val> {
        let program = self.context.program;
        let function = &program.functions[id.index()];
        let (base, vars, span) = (self.base, self.vars.len(), self.span);
        self.enter(&function.locals);
        let mut ins = ins.iter().copied();
        for at in 0..usize::from(function.params) {
            let length = layout::count(&function.locals[at].ty, program);
            let place = self.base.saturating_add(at);
            self.vars[place] = Some(ins.by_ref().take(length).collect());
        }
        self.inlined.push(Inlined {
            returns: Vec::new(),
            vars,
        });
        let loops = std::mem::take(&mut self.loops);
        let values = self.expr(&function.body);
        self.ret(values);
        self.loops = loops;
        let returns = self
            .inlined
            .pop()
            .map_or_else(Vec::new, |inlined| inlined.returns);
        self.span = span;
        self.base = base;
        let before = self.vars.clone();
        let result = self.join(returns, &function.result);
        if self.dead {
            self.vars = before;
        }
        self.vars.truncate(vars);
        self.var_types.truncate(vars);
        result
    }
}

fn scalar_of(word: &curvevm::Value) -> Scalar {
    match word {
        curvevm::Value::U64(_) => Scalar::U64,
        curvevm::Value::I64(_) => Scalar::I64,
        curvevm::Value::U128(_) => Scalar::U128,
        curvevm::Value::Fix(_) => Scalar::Fix,
        curvevm::Value::Bool(_) => Scalar::Bool,
        curvevm::Value::Address(_) => Scalar::Address,
        curvevm::Value::Hash(_) => Scalar::Hash,
        curvevm::Value::Bytes(bytes) => Scalar::Bytes(u16::try_from(bytes.len().max(1)).unwrap_or(u16::MAX)),
    }
}

/// How large each function is, in expressions and statements, with all that it calls.
pub(super) fn sizes(program: &Program) -> Vec<usize> {
    let mut sizes = vec![0usize; program.functions.len()];
    for id in &program.order {
        let mut counter = Size {
            sizes: &sizes,
            total: 0,
        };
        counter.expr(&program.functions[id.index()].body);
        sizes[id.index()] = counter.total;
    }
    sizes
}

/// Walks over everything inside of an expression.
trait Walk {
    fn visit_expr(&mut self, _: &Expr) {}
    fn visit_stmt(&mut self, _: &Stmt) {}

    fn expr(&mut self, expr: &Expr) {
        self.visit_expr(expr);
        match &expr.kind {
            ExprKind::Read(_, Some(key)) | ExprKind::Has(_, key) | ExprKind::Remove(_, key) => self.expr(key),
            ExprKind::Foreign(foreign) => {
                self.expr(&foreign.address);
                foreign.args.iter().for_each(|arg| self.expr(arg));
                let paying = foreign.paying.as_ref().map(|(amount, from)| (amount, from));
                let (amount, from) = paying.unzip();
                amount.into_iter().for_each(|amount| self.expr(amount));
                let vaults = from.into_iter().chain(&foreign.into);
                vaults.filter_map(Vault::key).for_each(|key| self.expr(key));
            }
            ExprKind::Binary(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Not(inner) | ExprKind::Field(inner, _) | ExprKind::Require(inner, _) => {
                self.expr(inner)
            }
            ExprKind::Call(_, parts) | ExprKind::Intrinsic(_, parts) | ExprKind::Tuple(parts) => {
                parts.iter().for_each(|part| self.expr(part));
            }
            ExprKind::Struct(_, fields) | ExprKind::Variant(_, _, fields) => {
                fields.iter().for_each(|(_, value)| self.expr(value));
            }
            ExprKind::If(condition, then, otherwise) => {
                self.expr(condition);
                self.expr(then);
                otherwise.iter().for_each(|otherwise| self.expr(otherwise));
            }
            ExprKind::Match(value, arms) => {
                self.expr(value);
                arms.iter().for_each(|arm| self.expr(&arm.value));
            }
            ExprKind::Block(stmts, value) => {
                stmts.iter().for_each(|stmt| self.stmt(stmt));
                value.iter().for_each(|value| self.expr(value));
            }
            _ => {}
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        self.visit_stmt(stmt);
        match &stmt.kind {
            StmtKind::Let(_, value) | StmtKind::Expr(value) | StmtKind::For(_, _, _, value) => {
                self.expr(value)
            }
            StmtKind::Assign(place, _, value) => {
                place.key().into_iter().for_each(|key| self.expr(key));
                self.expr(value);
            }
            StmtKind::Move(amount, source, target) => {
                let parts = amount.iter().chain(source.key()).chain(target.expr());
                parts.for_each(|part| self.expr(part));
            }
            StmtKind::Emit(_, fields) => fields.iter().for_each(|(_, value)| self.expr(value)),
            StmtKind::Return(Some(value)) => self.expr(value),
            _ => {}
        }
    }
}

struct Size<'a> {
    sizes: &'a [usize],
    total: usize,
}

impl Walk for Size<'_> {
    fn visit_expr(&mut self, expr: &Expr) {
        let inside = match &expr.kind {
            ExprKind::Call(id, _) => self.sizes.get(id.index()).copied().unwrap_or(0),
            _ => 0,
        };
        self.total = self.total.saturating_add(inside).saturating_add(1);
    }

    fn visit_stmt(&mut self, _: &Stmt) {
        self.total = self.total.saturating_add(1);
    }
}

#[derive(Default)]
struct Changed {
    locals: BTreeSet<LocalId>,
    payment: bool,
}

impl Walk for Changed {
    fn visit_expr(&mut self, expr: &Expr) {
        if let ExprKind::Foreign(foreign) = &expr.kind {
            let from = foreign.paying.as_ref().map(|(_, vault)| vault);
            self.payment |= from
                .into_iter()
                .chain(&foreign.into)
                .any(|v| matches!(v, Vault::Payment));
        }
    }

    fn visit_stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign(
                Place {
                    root: Root::Local(id),
                    ..
                },
                ..,
            ) => {
                self.locals.insert(*id);
            }
            StmtKind::Move(_, source, target) => {
                let to = matches!(target, Target::Vault(Vault::Payment));
                self.payment |= to || matches!(source, Vault::Payment);
            }
            _ => {}
        }
    }
}
