//! The language's meaning, said once more and as plainly as possible: an interpreter over the checked program.
//!
//! It shares no code with the optimiser, the code generator or the machine, so it can judge them: the same source and the
//! same calls must end in the same values, state, balances, events and failures. It also runs the scripts of tests, and
//! evaluates constants.

pub mod arith;
mod chain;
mod eval;
mod ledger;
mod script;
mod stmt;

pub use self::{
    chain::{Chain, Event, Outcome},
    ledger::ReferenceLedger,
};
pub(crate) use self::{
    eval::{Eval, Flow},
    script::Script,
};

use crate::{
    hir::{ErrorId, EventId, Expr, FnId, Program, SlotId},
    value::Value,
};

/// Why a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Failure {
    /// A result did not fit.
    #[error("overflow")]
    Overflow,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// An index or a length beyond the end of a byte string.
    #[error("out of range")]
    OutOfRange,
    /// An error of the program, by its place among the errors.
    #[error("error {}", .0.0)]
    Error(ErrorId),
    /// A payment to an entry that takes none.
    #[error("not payable")]
    NotPayable,
    /// The invariant of this place does not hold.
    #[error("invariant {0} does not hold")]
    Invariant(usize),
    /// The program or the payer owns less than is sent.
    #[error("insufficient balance")]
    Balance,
    /// More steps than are allowed.
    #[error("too many steps")]
    Steps,
    /// A limit of the machine, such as the number of events.
    #[error("a limit of the machine")]
    Limit,
}

/// What a program sees of the world.
pub trait World {
    /// What is stored, if it was ever set.
    fn read(&self, slot: SlotId, key: Option<&Value>) -> Option<Value>;
    /// Stores.
    fn write(&mut self, slot: SlotId, key: Option<Value>, value: Value);
    /// What an address owns.
    fn balance(&self, address: &[u8; 32]) -> u64;
    /// Sends what the program owns.
    fn transfer(&mut self, to: [u8; 32], amount: u64) -> Result<(), Failure>;
    /// Announces.
    fn emit(&mut self, event: EventId, fields: Vec<Value>);
    /// The program's own address.
    fn own(&self) -> [u8; 32];
    /// The block's time in milliseconds.
    fn now(&self) -> u64;
    /// The block's height.
    fn height(&self) -> u64;
    /// Answers a view in another way than by interpreting it.
    fn ask(&mut self, _view: FnId, _args: &[Value]) -> Option<Result<Value, Failure>> {
        None
    }
}

/// A world that scripts of tests act on, from outside of the program.
pub trait Ledger: World + Clone {
    /// A transaction: all of it happens, or nothing. Without a function, deploys a program that has no `init`.
    fn transact(&mut self, transaction: Transaction) -> Result<Value, Failure>;
    /// Gives an account money out of nothing.
    fn fund(&mut self, who: [u8; 32], amount: u64) -> Result<(), Failure>;
    /// Lets time pass.
    fn advance(&mut self, milliseconds: u64, blocks: u64);
}

/// What an account sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The entry or `init`.
    pub function: Option<FnId>,
    /// Arguments.
    pub args: Vec<Value>,
    /// Who sends it.
    pub from: [u8; 32],
    /// What comes along.
    pub payment: u64,
}

/// Most steps of an expression by itself.
const MAX_STEPS: u64 = 10_000_000;

/// The value of an expression outside of any function: an argument of a transaction, or what is paid.
pub fn evaluate<W: World>(program: &Program, world: &mut W, expr: &Expr) -> Result<Value, Failure> {
    Eval::new(program, world, 0, MAX_STEPS)
        .expr(expr)
        .map_err(|flow| match flow {
            Flow::Fail(failure) => failure,
            Flow::Break | Flow::Return(_) | Flow::Impossible => Failure::Limit,
        })
}

/// The address that a test's `account("name")` stands for.
pub fn account(name: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::new()
        .chain_update(b"curve-test-account")
        .chain_update(name)
        .finalize()
        .into()
}
