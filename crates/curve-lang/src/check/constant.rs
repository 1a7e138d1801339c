//! Values that the compiler computes.

use super::Checker;
use crate::{
    diagnostic::{Code, Diagnostic},
    hir::{EventId, Expr, ExprKind, Program, SlotId},
    reference::{Eval, Failure, Flow, World},
    value::Value,
};

/// Most steps of evaluating one constant.
const MAX_STEPS: u64 = 10_000;

/// There is no world yet when constants are computed.
struct Nowhere;

impl World for Nowhere {
    fn read(&self, _: SlotId, _: Option<&Value>) -> Option<Value> {
        None
    }

    fn write(&mut self, _: SlotId, _: Option<Value>, _: Value) {}

    fn remove(&mut self, _: SlotId, _: Value) {}

    fn balance(&self, _: &[u8; 32]) -> u64 {
        0
    }

    fn transfer(&mut self, _: [u8; 32], _: u64) -> Result<(), Failure> {
        Err(Failure::Balance)
    }

    fn emit(&mut self, _: EventId, _: Vec<Value>) {}

    fn own(&self) -> [u8; 32] {
        [0; 32]
    }

    fn now(&self) -> u64 {
        0
    }

    fn height(&self) -> u64 {
        0
    }
}

impl Checker<'_> {
    /// The value of a constant expression; what is wrong with it is reported.
    pub(super) fn evaluate(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Bad => return None,
            ExprKind::Value(value) => return Some(value.clone()),
            _ => {}
        }
        if !is_constant(expr) {
            self.error(Code::NotConstant, expr.span, "this is not known to the compiler");
            return None;
        }
        let program = Program {
            structs: self.program.structs.clone(),
            enums: self.program.enums.clone(),
            ..Program::default()
        };
        match Eval::new(&program, &mut Nowhere, 0, MAX_STEPS).expr(expr) {
            Ok(value) => Some(value),
            Err(flow) => {
                let why = match flow {
                    Flow::Fail(failure) => failure.to_string(),
                    _ => "it is not a plain value".to_owned(),
                };
                self.report(Diagnostic::new(Code::ConstantFails, expr.span, "this has no value").label(why));
                None
            }
        }
    }
}

/// Whether it is made of values, operators and built-in functions only.
fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Value(_) => true,
        ExprKind::Binary(_, a, b) => is_constant(a) && is_constant(b),
        ExprKind::Not(inner) | ExprKind::Field(inner, _) => is_constant(inner),
        ExprKind::Intrinsic(intrinsic, args) => {
            *intrinsic != crate::hir::Intrinsic::Balance && args.iter().all(is_constant)
        }
        ExprKind::Struct(_, fields) | ExprKind::Variant(_, _, fields) => {
            fields.iter().all(|(_, value)| is_constant(value))
        }
        ExprKind::Tuple(parts) => parts.iter().all(is_constant),
        ExprKind::If(condition, then, Some(otherwise)) => {
            is_constant(condition) && is_constant(then) && is_constant(otherwise)
        }
        ExprKind::Block(stmts, Some(value)) => stmts.is_empty() && is_constant(value),
        _ => false,
    }
}
