//! What functions do, also through others: no recursion, views that only read, bounded loops.

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{Arm, Expr, ExprKind, FnId, Script, Stmt, StmtKind, Vault},
    span::Span,
    syntax::ast::FunctionKind,
};

/// Most rounds of all loops of one call.
pub const MAX_ROUNDS: u64 = 65_536;

/// How deep the expressions of functions that call one another may be, added up. It bounds the stack of whoever walks
/// through a program by recursion.
const MAX_CALL_DEPTH: u16 = 192;

/// What a body does, itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    /// Functions that it calls, and where.
    pub calls: Vec<(FnId, Span)>,
    /// Where it changes something.
    pub writes: Option<Span>,
    /// Where it calls another program.
    pub leaves: Option<Span>,
    /// Where it asks for the caller.
    pub caller: Option<Span>,
    /// How deep its expressions are.
    pub depth: u16,
}

/// Whether a function was visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}

/// A function on the way down, and the next of its calls.
struct Frame {
    function: usize,
    next: usize,
}

impl Checker<'_> {
    pub(super) fn check_effects(&mut self) {
        self.program.order = self.callees_first();
        self.spread_effects();
        for at in 0..self.program.functions.len() {
            if self.program.functions[at].kind == FunctionKind::View {
                let effects = self.effects[at].clone();
                self.check_read_only(&effects, "a view");
            }
        }
        for effects in std::mem::take(&mut self.invariant_effects) {
            self.check_read_only(&effects, "an invariant");
            self.check_stays(&effects);
        }
        for effects in std::mem::take(&mut self.test_effects) {
            self.check_test(&effects);
        }
        self.check_rounds();
    }

    /// All functions, each after those that it calls. Circles are reported and cut.
    fn callees_first(&mut self) -> Vec<FnId> {
        let count = self.program.functions.len();
        let mut visits = vec![Visit::New; count];
        let mut order = Vec::with_capacity(count);
        let mut stack: Vec<Frame> = Vec::new();
        for root in 0..count {
            if visits[root] == Visit::New {
                visits[root] = Visit::Open;
                stack.push(Frame {
                    function: root,
                    next: 0,
                });
            }
            while let Some(frame) = stack.last_mut() {
                let call = self.effects[frame.function].calls.get(frame.next).copied();
                frame.next = frame.next.saturating_add(1);
                match call {
                    None => {
                        visits[frame.function] = Visit::Done;
                        order.extend(u16::try_from(frame.function).ok().map(FnId));
                        stack.pop();
                    }
                    Some((callee, span)) => match visits[callee.index()] {
                        Visit::New => {
                            visits[callee.index()] = Visit::Open;
                            stack.push(Frame {
                                function: callee.index(),
                                next: 0,
                            });
                        }
                        Visit::Open => self.report_recursion(callee, span),
                        Visit::Done => {}
                    },
                }
            }
        }
        order
    }

    fn report_recursion(&mut self, callee: FnId, span: Span) {
        let named = &self.program.functions[callee.index()].named;
        let (name, definition) = (named.name.clone(), named.span);
        self.report(
            Diagnostic::new(
                Code::Recursion,
                span,
                format!("here `{name}` calls itself, directly or through others"),
            )
            .other(definition, "declared here")
            .note("a bounded loop does the same: `for i in 0..N`"),
        );
    }

    /// A function does what the functions that it calls do.
    fn spread_effects(&mut self) {
        let mut depths = vec![0u16; self.program.functions.len()];
        for id in self.program.order.clone() {
            let mut effects = std::mem::take(&mut self.effects[id.index()]);
            let below = effects
                .calls
                .iter()
                .max_by_key(|(callee, _)| depths[callee.index()])
                .copied();
            let depth = below
                .map_or(0, |(callee, _)| depths[callee.index()])
                .saturating_add(effects.depth);
            if let Some((_, span)) = below.filter(|_| depth > MAX_CALL_DEPTH) {
                let title = "functions that call one another lie too deep here";
                self.report(Diagnostic::new(Code::TooDeep, span, title).note(format!(
                    "their expressions, one within another, are {depth} deep, at most {MAX_CALL_DEPTH} are possible"
                )));
            }
            depths[id.index()] = if depth > MAX_CALL_DEPTH { 0 } else { depth };
            for (callee, span) in &effects.calls {
                let inner = &self.effects[callee.index()];
                effects.writes = effects.writes.or(inner.writes.map(|_| *span));
                effects.leaves = effects.leaves.or(inner.leaves.map(|_| *span));
                effects.caller = effects.caller.or(inner.caller.map(|_| *span));
            }
            self.effects[id.index()] = effects;
        }
    }

    /// Where a body does something, itself or through a function that it calls.
    fn through(&self, effects: &Effects, of: impl Fn(&Effects) -> Option<Span>) -> Option<Span> {
        let mut calls = effects.calls.iter();
        let inner = calls.find(|(id, _)| of(&self.effects[id.index()]).is_some());
        of(effects).or(inner.map(|(_, span)| *span))
    }

    /// An invariant is about this program alone.
    fn check_stays(&mut self, effects: &Effects) {
        if let Some(span) = self.through(effects, |effects| effects.leaves) {
            let title = "an invariant asks no other program, and this does";
            self.error(Code::NotAlone, span, title);
        }
    }

    /// Reports what something that only reads must not do. Called functions must be known already.
    fn check_read_only(&mut self, effects: &Effects, what: &str) {
        if let Some(span) = self.through(effects, |effects| effects.writes) {
            self.error(
                Code::NotReadOnly,
                span,
                format!("{what} changes nothing, and this does"),
            );
        }
        if let Some(span) = self.through(effects, |effects| effects.caller) {
            self.error(
                Code::NoCaller,
                span,
                format!("{what} has no caller, and this asks for it"),
            );
        }
    }

    fn check_test(&mut self, effects: &Effects) {
        for (id, span) in &effects.calls {
            let inner = &self.effects[id.index()];
            let leaves =
                inner.leaves.is_some() && self.program.functions[id.index()].kind == FunctionKind::Fn;
            if inner.writes.is_some() || inner.caller.is_some() || leaves {
                let title = "a test asks views and functions that only read";
                self.error(Code::NotInTests, *span, title);
            }
        }
    }

    fn check_rounds(&mut self) {
        if self.sink.has_errors() {
            return;
        }
        let mut totals = vec![0u64; self.program.functions.len()];
        let mut found = Vec::new();
        for id in &self.program.order {
            let function = &self.program.functions[id.index()];
            let mut counter = Counter {
                totals: &totals,
                worst: None,
            };
            let total = counter.expr(&function.body);
            if total > MAX_ROUNDS {
                found.push((counter.worst.unwrap_or(function.named.span), total));
            }
            totals[id.index()] = if total > MAX_ROUNDS { 0 } else { total };
        }
        for invariant in &self.program.invariants {
            let mut counter = Counter {
                totals: &totals,
                worst: None,
            };
            let total = counter.expr(&invariant.condition);
            if total > MAX_ROUNDS {
                found.push((counter.worst.unwrap_or(invariant.named.span), total));
            }
        }
        for (span, total) in found {
            let title = format!("this makes {total} rounds, at most {MAX_ROUNDS} are possible in one call");
            self.error(Code::TooManyRounds, span, title);
        }
    }
}

/// Counts the rounds of loops.
struct Counter<'a> {
    totals: &'a [u64],
    /// The first loop or call that is too much.
    worst: Option<Span>,
}

impl Counter<'_> {
    fn note(&mut self, total: u64, span: Span) -> u64 {
        if total > MAX_ROUNDS {
            self.worst.get_or_insert(span);
        }
        total
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> u64 {
        exprs
            .into_iter()
            .map(|expr| self.expr(expr))
            .fold(0, u64::saturating_add)
    }

    fn option(&mut self, expr: Option<&Expr>) -> u64 {
        expr.map_or(0, |expr| self.expr(expr))
    }

    fn expr(&mut self, expr: &Expr) -> u64 {
        match &expr.kind {
            ExprKind::Value(_)
            | ExprKind::Local(_)
            | ExprKind::Ambient(_)
            | ExprKind::Fail(_)
            | ExprKind::Bad => 0,
            ExprKind::Read(_, key) => self.option(key.as_deref()),
            ExprKind::Has(_, key) | ExprKind::Remove(_, key) => self.expr(key),
            ExprKind::Foreign(foreign) => {
                let paying = foreign.paying.as_ref().map(|(amount, from)| (amount, from));
                let (amount, from) = paying.unzip();
                let parts = std::iter::once(&foreign.address)
                    .chain(&foreign.args)
                    .chain(amount);
                let vaults = from.into_iter().chain(&foreign.into);
                self.exprs(parts.chain(vaults.filter_map(Vault::key)))
            }
            ExprKind::Binary(_, a, b) => self.exprs([a.as_ref(), b.as_ref()]),
            ExprKind::Not(inner) | ExprKind::Field(inner, _) | ExprKind::Require(inner, _) => {
                self.expr(inner)
            }
            ExprKind::Call(id, args) => {
                let inside = self.totals.get(id.index()).copied().unwrap_or(0);
                let total = self.exprs(args).saturating_add(inside);
                self.note(total, expr.span)
            }
            ExprKind::Intrinsic(_, args) | ExprKind::Tuple(args) => self.exprs(args),
            ExprKind::Struct(_, fields) | ExprKind::Variant(_, _, fields) => {
                self.exprs(fields.iter().map(|(_, value)| value))
            }
            ExprKind::If(condition, then, otherwise) => {
                let ways = self.expr(then).max(self.option(otherwise.as_deref()));
                self.expr(condition).saturating_add(ways)
            }
            ExprKind::Match(value, arms) => {
                let ways = arms
                    .iter()
                    .map(|arm: &Arm| self.expr(&arm.value))
                    .max()
                    .unwrap_or(0);
                self.expr(value).saturating_add(ways)
            }
            ExprKind::Block(stmts, value) => {
                let total = stmts
                    .iter()
                    .map(|stmt| self.stmt(stmt))
                    .fold(0, u64::saturating_add);
                total.saturating_add(self.option(value.as_deref()))
            }
            ExprKind::Transact(_) => 0,
        }
    }

    fn stmt(&mut self, stmt: &Stmt) -> u64 {
        match &stmt.kind {
            StmtKind::Let(_, value) | StmtKind::Expr(value) => self.expr(value),
            StmtKind::Assign(place, _, value) => self.exprs(place.key().into_iter().chain([value])),
            StmtKind::Move(amount, from, to) => self.exprs(amount.iter().chain(from.key()).chain(to.expr())),
            StmtKind::Emit(_, fields) => self.exprs(fields.iter().map(|(_, value)| value)),
            StmtKind::For(_, low, high, body) => {
                let inside = self.expr(body).saturating_add(1);
                let total = high.saturating_sub(*low).saturating_mul(inside);
                self.note(total, stmt.span)
            }
            StmtKind::Break | StmtKind::Script(Script::Deploy(_)) => 0,
            StmtKind::Return(value) => self.option(value.as_ref()),
            StmtKind::Script(_) => 0,
        }
    }
}
