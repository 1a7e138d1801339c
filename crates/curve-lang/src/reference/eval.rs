//! Expressions.

use sha2::{Digest, Sha256};

use super::{Failure, World, arith};
use crate::{
    hir::{Ambient, Arm, Expr, ExprKind, FnId, Intrinsic, Pattern, Program, SlotId},
    syntax::ast::BinaryOp,
    types::Type,
    value::Value,
};

/// Why evaluation does not go on to the next expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Leaves the loop.
    Break,
    /// Leaves the function.
    Return(Value),
    /// The call fails.
    Fail(Failure),
    /// Not something that can be evaluated here.
    Impossible,
}

impl From<Failure> for Flow {
    fn from(failure: Failure) -> Self {
        Self::Fail(failure)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Flow>;

/// Evaluates code in one function.
pub(crate) struct Eval<'a, W> {
    pub program: &'a Program,
    pub world: &'a mut W,
    pub locals: Vec<Value>,
    pub caller: [u8; 32],
    /// What is left of the payment.
    pub payment: u64,
    /// How many more steps may be made.
    pub steps: u64,
}

impl<'a, W: World> Eval<'a, W> {
    /// With so many variables, all unset.
    pub fn new(program: &'a Program, world: &'a mut W, locals: usize, steps: u64) -> Self {
        let locals = vec![Value::Nothing; locals];
        Self {
            program,
            world,
            locals,
            caller: [0; 32],
            payment: 0,
            steps,
        }
    }

    pub(super) fn step(&mut self) -> Result<()> {
        self.steps = self.steps.checked_sub(1).ok_or(Flow::Fail(Failure::Steps))?;
        Ok(())
    }

    pub fn expr(&mut self, expr: &Expr) -> Result<Value> {
        self.step()?;
        match &expr.kind {
            ExprKind::Value(value) => Ok(value.clone()),
            ExprKind::Local(id) => self.locals.get(id.index()).cloned().ok_or(Flow::Impossible),
            ExprKind::Ambient(ambient) => Ok(self.ambient(*ambient)),
            ExprKind::Read(slot, key) => {
                let key = key.as_ref().map(|key| self.expr(key)).transpose()?;
                Ok(self.read(*slot, key.as_ref()))
            }
            ExprKind::Has(slot, key) => {
                let key = self.expr(key)?;
                Ok(Value::Bool(self.world.read(*slot, Some(&key)).is_some()))
            }
            ExprKind::Remove(slot, key) => {
                let key = self.expr(key)?;
                self.world.remove(*slot, key);
                Ok(Value::Nothing)
            }
            ExprKind::Foreign(foreign) => self.foreign(foreign),
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b),
            ExprKind::Not(inner) => Ok(Value::Bool(self.expr(inner)? == Value::Bool(false))),
            ExprKind::Field(of, at) => match self.expr(of)? {
                Value::Struct(fields) => fields.into_iter().nth(usize::from(*at)).ok_or(Flow::Impossible),
                _ => Err(Flow::Impossible),
            },
            ExprKind::Call(id, args) => {
                let args = self.exprs(args)?;
                self.call(*id, args)
            }
            ExprKind::Intrinsic(intrinsic, args) => self.intrinsic(*intrinsic, args),
            ExprKind::Struct(id, fields) => {
                let count = self.program.structs[usize::from(id.0)].fields.len();
                Ok(Value::Struct(self.fields(count, fields)?))
            }
            ExprKind::Variant(id, at, fields) => {
                let variant = &self.program.enums[usize::from(id.0)].variants[usize::from(*at)];
                Ok(Value::Variant(*at, self.fields(variant.fields.len(), fields)?))
            }
            ExprKind::Tuple(parts) => Ok(Value::Tuple(self.exprs(parts)?)),
            ExprKind::If(condition, then, otherwise) => match (self.truth(condition)?, otherwise) {
                (true, _) => self.expr(then),
                (false, Some(otherwise)) => self.expr(otherwise),
                (false, None) => Ok(Value::Nothing),
            },
            ExprKind::Match(value, arms) => {
                let value = self.expr(value)?;
                self.choose(&value, arms)
            }
            ExprKind::Block(stmts, value) => {
                for stmt in stmts {
                    self.stmt(stmt)?;
                }
                value
                    .as_ref()
                    .map_or(Ok(Value::Nothing), |value| self.expr(value))
            }
            ExprKind::Require(condition, error) => match self.truth(condition)? {
                true => Ok(Value::Nothing),
                false => Err(Flow::Fail(Failure::Error(*error))),
            },
            ExprKind::Fail(error) => Err(Flow::Fail(Failure::Error(*error))),
            ExprKind::Transact(_) | ExprKind::Bad => Err(Flow::Impossible),
        }
    }

    /// An expression whose value is an address.
    pub(super) fn address(&mut self, expr: &Expr) -> Result<[u8; 32]> {
        match self.expr(expr)? {
            Value::Address(address) => Ok(address),
            _ => Err(Flow::Impossible),
        }
    }

    /// An expression whose value is a number.
    pub(super) fn number(&mut self, expr: &Expr) -> Result<u64> {
        match self.expr(expr)? {
            Value::Number(number) => Ok(number),
            _ => Err(Flow::Impossible),
        }
    }

    pub(super) fn exprs(&mut self, exprs: &[Expr]) -> Result<Vec<Value>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    /// Fields in the order of their declaration, evaluated in the order in which they were written.
    pub(super) fn fields(&mut self, count: usize, written: &[(u16, Expr)]) -> Result<Vec<Value>> {
        let mut fields = vec![Value::Nothing; count];
        for (at, value) in written {
            let value = self.expr(value)?;
            *fields.get_mut(usize::from(*at)).ok_or(Flow::Impossible)? = value;
        }
        Ok(fields)
    }

    pub fn truth(&mut self, condition: &Expr) -> Result<bool> {
        Ok(self.expr(condition)? == Value::Bool(true))
    }

    fn ambient(&self, ambient: Ambient) -> Value {
        match ambient {
            Ambient::Caller => Value::Address(self.caller),
            Ambient::Own => Value::Address(self.world.own()),
            Ambient::Now => Value::Number(self.world.now()),
            Ambient::Height => Value::Number(self.world.height()),
            Ambient::Payment => Value::Number(self.payment),
        }
    }

    pub(super) fn read(&self, slot: SlotId, key: Option<&Value>) -> Value {
        let zero = || self.program.zero(&self.program.slots[slot.index()].value);
        self.world.read(slot, key).unwrap_or_else(zero)
    }

    fn binary(&mut self, op: BinaryOp, a: &Expr, b: &Expr) -> Result<Value> {
        let left = self.expr(a)?;
        match (op, &left) {
            (BinaryOp::And, Value::Bool(false)) | (BinaryOp::Or, Value::Bool(true)) => return Ok(left),
            _ => {}
        }
        let right = self.expr(b)?;
        Ok(arith::binary(op, &left, &right)?)
    }

    fn intrinsic(&mut self, intrinsic: Intrinsic, args: &[Expr]) -> Result<Value> {
        let types: Vec<&Type> = args.iter().map(|arg| &arg.ty).collect();
        let values = self.exprs(args)?;
        if let Some(result) = arith::intrinsic(intrinsic, &values) {
            return Ok(result?);
        }
        if let (Intrinsic::Balance, [Value::Address(address)]) = (intrinsic, values.as_slice()) {
            return Ok(Value::Number(self.world.balance(address)));
        }
        let mut bytes = Vec::new();
        for (value, ty) in values.iter().zip(types) {
            arith::encode(value, ty, self.program, &mut bytes);
        }
        Ok(Value::Hash(Sha256::digest(&bytes).into()))
    }

    fn choose(&mut self, value: &Value, arms: &[Arm]) -> Result<Value> {
        for arm in arms {
            for pattern in &arm.patterns {
                if self.matches(value, pattern) {
                    return self.expr(&arm.value);
                }
            }
        }
        Err(Flow::Impossible)
    }

    /// Whether the pattern fits; if so, its variables are set.
    fn matches(&mut self, value: &Value, pattern: &Pattern) -> bool {
        match (pattern, value) {
            (Pattern::Any, _) => true,
            (Pattern::Value(wanted), value) => wanted == value,
            (Pattern::Variant(at, bindings), Value::Variant(which, fields)) if at == which => {
                for (place, local) in bindings {
                    let field = fields.get(usize::from(*place)).cloned().unwrap_or(Value::Nothing);
                    self.set_local(local.index(), field);
                }
                true
            }
            _ => false,
        }
    }

    pub(super) fn set_local(&mut self, at: usize, value: Value) {
        if let Some(local) = self.locals.get_mut(at) {
            *local = value;
        }
    }

    /// Runs a function of the program, in a frame of its own.
    pub fn call(&mut self, id: FnId, args: Vec<Value>) -> Result<Value> {
        if let Some(answer) = self.world.ask(id, &args) {
            return Ok(answer?);
        }
        let function = self.program.functions.get(id.index()).ok_or(Flow::Impossible)?;
        let mut locals = args;
        locals.resize(function.locals.len(), Value::Nothing);
        let outside = std::mem::replace(&mut self.locals, locals);
        let result = match self.expr(&function.body) {
            Err(Flow::Return(value)) => Ok(value),
            other => other,
        };
        self.locals = outside;
        result
    }
}
