//! How deep a tree is.

use crate::syntax::ast::{Block, Call, Expr, ExprKind, FieldInit, Method, Script, Stmt, StmtKind};

/// The depth of an expression of this kind.
pub fn of(kind: &ExprKind) -> u16 {
    let inside = match kind {
        ExprKind::Number(..)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::Name(_)
        | ExprKind::State
        | ExprKind::Fail(_)
        | ExprKind::Bad => 0,
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => left.depth.max(right.depth),
        ExprKind::Not(inner) | ExprKind::Field(inner, _) | ExprKind::Require(inner, _) => inner.depth,
        ExprKind::Call(_, args) | ExprKind::Tuple(args) => of_all(args),
        ExprKind::Method(method) => of_method(method),
        ExprKind::Struct(_, _, inits) => of_inits(inits),
        ExprKind::If(condition, then, otherwise) => condition
            .depth
            .max(then.depth)
            .max(of_option(otherwise.as_deref())),
        ExprKind::Match(value, arms) => arms.iter().map(|arm| arm.value.depth).fold(value.depth, u16::max),
        ExprKind::Block(block) => block.depth,
        ExprKind::Transact(call) => of_call(call),
    };
    inside.saturating_add(1)
}

/// The depth of a block with these statements and this value.
pub fn of_block(stmts: &[Stmt], value: Option<&Expr>) -> u16 {
    stmts
        .iter()
        .map(of_stmt)
        .fold(of_option(value), u16::max)
        .saturating_add(1)
}

fn of_stmt(stmt: &Stmt) -> u16 {
    match &stmt.kind {
        StmtKind::Let { value, .. } => value.depth,
        StmtKind::Assign(place, _, value) => place.depth.max(value.depth),
        StmtKind::Move {
            amount,
            source,
            target,
        } => of_option(amount.as_ref()).max(source.depth).max(target.depth),
        StmtKind::Emit(_, inits) => of_inits(inits),
        StmtKind::For(_, low, high, body) => low.depth.max(high.depth).max(body.depth),
        StmtKind::Break => 0,
        StmtKind::Return(value) => of_option(value.as_ref()),
        StmtKind::Expr(value) => value.depth,
        StmtKind::Script(script) => of_script(script),
    }
}

fn of_script(script: &Script) -> u16 {
    match script {
        Script::Fund(who, amount) => who.depth.max(amount.depth),
        Script::Deploy(call) => of_call(call),
        Script::Advance(value) | Script::Assert(value) => value.depth,
        Script::Expect(_, inits) => of_inits(inits),
        Script::ExpectNone => 0,
        Script::ForAll(ranges, body) => ranges
            .iter()
            .map(|(_, low, high)| low.depth.max(high.depth))
            .fold(body.depth, u16::max),
    }
}

fn of_call(call: &Call) -> u16 {
    of_all(&call.args)
        .max(call.from.depth)
        .max(of_option(call.paying.as_deref()))
}

fn of_method(method: &Method) -> u16 {
    let paying = method
        .paying
        .as_ref()
        .map_or(0, |(amount, vault)| amount.depth.max(vault.depth));
    of_all(&method.args)
        .max(method.of.depth)
        .max(paying)
        .max(of_option(method.into.as_ref()))
}

fn of_all(exprs: &[Expr]) -> u16 {
    exprs.iter().map(|expr| expr.depth).max().unwrap_or(0)
}

fn of_inits(inits: &[FieldInit]) -> u16 {
    inits
        .iter()
        .map(|init| of_option(init.value.as_ref()))
        .max()
        .unwrap_or(0)
}

fn of_option(expr: Option<&Expr>) -> u16 {
    expr.map_or(0, |expr| expr.depth)
}

/// The depth of a block's tree, for nodes made of blocks.
pub fn empty_block(span: crate::span::Span) -> Block {
    Block {
        stmts: Vec::new(),
        value: None,
        span,
        depth: 1,
    }
}
