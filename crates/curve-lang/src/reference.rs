//! The language's meaning, said once more and as plainly as possible: an interpreter over the checked program.
//!
//! It shares no code with the optimiser, the code generator or the machine, so it can judge them: the same source and the
//! same calls must end in the same values, state, balances, events and failures. It also runs the scripts of tests, and
//! evaluates constants.

pub mod arith;
mod chain;
mod eval;
mod foreign;
mod ledger;
mod script;
mod stmt;

pub use self::{
    chain::{Chain, Event, Outcome, State},
    ledger::ReferenceLedger,
};
pub(crate) use self::{
    eval::{Eval, Flow},
    script::Script,
};

use crate::{
    hir::{ErrorId, EventId, Expr, FnId, Program, Signature, SlotId},
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
    /// A program that was called fails with an error or an invariant of its own.
    #[error("a called program fails")]
    Called,
    /// There is no program at the address.
    #[error("no such program")]
    NoProgram,
    /// The called program has no such entry or view.
    #[error("the called program has no such entry or view")]
    NoEntry,
    /// The called program is one of those that are being called.
    #[error("reentrancy")]
    Reentrancy,
    /// Too many programs call one another.
    #[error("calls too deep")]
    TooDeep,
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
    /// Takes something out of a map.
    fn remove(&mut self, slot: SlotId, key: Value);
    /// Calls another program.
    fn call_program(&mut self, _call: Outgoing) -> Result<Answer, Failure> {
        Err(Failure::NoProgram)
    }
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

/// A call of another program.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// The program that calls.
    pub from: &'a Program,
    /// The address that is called.
    pub to: [u8; 32],
    /// As what it is called.
    pub signature: &'a Signature,
    /// The arguments.
    pub args: Vec<Value>,
    /// What comes along.
    pub payment: u64,
    /// How many steps it may make.
    pub steps: u64,
}

/// What another program answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it returned.
    pub value: Value,
    /// How many steps are left.
    pub steps: u64,
}

/// A world that scripts of tests act on, from outside of the program.
pub trait Ledger: World + Clone {
    /// A transaction: all of it happens, or nothing. Without a function, deploys a program that has no `init`.
    fn transact(&mut self, transaction: Transaction) -> Result<Value, Failure>;
    /// What the last transaction announced.
    fn events(&self) -> &[Event];
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
