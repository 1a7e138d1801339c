//! How a call ends badly: the kinds of trap, and the fault that says where one happened.

use std::fmt;

use crate::Address;

/// Why execution stopped. The call has no effects, and its gas is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum Trap {
    /// The gas does not last for the next run of instructions.
    #[error("out of gas")]
    OutOfGas,
    /// A result that its type does not hold.
    #[error("overflow")]
    Overflow,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// An index or a length outside a byte string.
    #[error("out of range")]
    OutOfRange,
    /// The program reverted with the error of this index.
    #[error("reverted with error {0}")]
    Revert(u16),
    /// The invariant that is function so and so does not hold.
    #[error("invariant of function {0} does not hold")]
    InvariantViolated(u16),
    /// The payer owns less than it should pay.
    #[error("insufficient balance")]
    InsufficientBalance,
    /// A payment to an entry that takes none.
    #[error("not payable")]
    NotPayable,
    /// There is no program at the address.
    #[error("no such program")]
    NoSuchProgram,
    /// The program has no entry or view of this name and signature.
    #[error("no such entry")]
    NoSuchEntry,
    /// The program is running already.
    #[error("reentrancy")]
    Reentrancy,
    /// More programs in a chain of calls than [`crate::limits::MAX_CALL_DEPTH`].
    #[error("calls too deep")]
    TooDeep,
    /// One call makes more of something than its limit.
    #[error("limit of {0} reached")]
    LimitReached(Limit),
    /// What is stored is not of the types that the program declares.
    #[error("corrupt state")]
    CorruptState,
    /// The program says that control never comes here.
    #[error("unreachable instruction reached")]
    Unreachable,
}

/// What a call can make too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum Limit {
    /// [`crate::limits::MAX_MEMORY_BYTES`].
    Memory,
    /// [`crate::limits::MAX_EVENTS`].
    Events,
    /// [`crate::limits::MAX_CHANGES`].
    Changes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Events => "events",
            Self::Changes => "changes",
        })
    }
}

/// A trap without its particulars: what the instruction table names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the variant of `Trap` with its name")]
pub enum TrapKind {
    OutOfGas,
    Overflow,
    DivisionByZero,
    OutOfRange,
    Revert,
    InvariantViolated,
    InsufficientBalance,
    NotPayable,
    NoSuchProgram,
    NoSuchEntry,
    Reentrancy,
    TooDeep,
    LimitReached,
    CorruptState,
    Unreachable,
}

impl Trap {
    /// Its kind.
    pub const fn kind(self) -> TrapKind {
        match self {
            Self::OutOfGas => TrapKind::OutOfGas,
            Self::Overflow => TrapKind::Overflow,
            Self::DivisionByZero => TrapKind::DivisionByZero,
            Self::OutOfRange => TrapKind::OutOfRange,
            Self::Revert(_) => TrapKind::Revert,
            Self::InvariantViolated(_) => TrapKind::InvariantViolated,
            Self::InsufficientBalance => TrapKind::InsufficientBalance,
            Self::NotPayable => TrapKind::NotPayable,
            Self::NoSuchProgram => TrapKind::NoSuchProgram,
            Self::NoSuchEntry => TrapKind::NoSuchEntry,
            Self::Reentrancy => TrapKind::Reentrancy,
            Self::TooDeep => TrapKind::TooDeep,
            Self::LimitReached(_) => TrapKind::LimitReached,
            Self::CorruptState => TrapKind::CorruptState,
            Self::Unreachable => TrapKind::Unreachable,
        }
    }
}

/// A trap and where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{trap} in program {program}, function {function}, instruction {pc}")]
pub struct Fault {
    /// What happened.
    pub trap: Trap,
    /// The program that ran.
    pub program: Address,
    /// Its function, by index.
    pub function: u16,
    /// The function's instruction, by index. [`crate::Program::locate`] finds its source line.
    pub pc: u16,
}
