//! What the verifier refuses.

use std::fmt;

use crate::Type;

/// Why a program is not accepted: the first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct VerifyError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// Where something is wrong, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The program as a whole.
    Program,
    /// A constant.
    Constant(usize),
    /// A slot.
    Slot(usize),
    /// An event.
    Event(usize),
    /// An error.
    Error(usize),
    /// An interface.
    Interface(usize),
    /// A function.
    Function(usize),
    /// A source file's name.
    File(usize),
    /// An instruction.
    Instr {
        /// The function.
        function: usize,
        /// The instruction.
        pc: usize,
    },
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More of something than its limit.
    #[error("{got} {what}, expected at most {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        got: usize,
        /// How many there may be.
        max: usize,
    },
    /// A name that is no identifier.
    #[error("{got:?} is no identifier")]
    Name {
        /// The name.
        got: String,
    },
    /// Two of a kind with one name.
    #[error("a second {got:?}")]
    Duplicate {
        /// The name.
        got: String,
    },
    /// A constant of a type that instructions carry themselves.
    #[error("a constant of type {got}, expected u128, fix, address, hash or bytes")]
    ConstantType {
        /// Its type.
        got: Type,
    },
    /// A byte string with a bound outside the limits.
    #[error("bytes[{got}], expected a bound from 1 to {max}")]
    Bound {
        /// The bound.
        got: u16,
        /// The largest one.
        max: u16,
    },
    /// A slot that stores nothing.
    #[error("a slot without fields")]
    EmptySlot,
    /// An invariant with parameters or with other results than one `bool`.
    #[error("an invariant takes nothing and returns one bool")]
    InvariantSignature,
    /// A second constructor.
    #[error("a second init, the first is function {first}")]
    SecondInit {
        /// The first.
        first: usize,
    },
    /// Entries or views that a caller could not tell apart.
    #[error("the selector of function {other}")]
    Selector {
        /// The other function.
        other: usize,
    },
    /// A function without instructions.
    #[error("no instructions")]
    Empty,
    /// The last instruction may continue behind the function's end.
    #[error("falls off the end of the function")]
    FallsOff,
    /// There is no such thing.
    #[error("{what} {got}, there are {count}")]
    Index {
        /// Of what.
        what: &'static str,
        /// The index.
        got: u64,
        /// How many there are.
        count: usize,
    },
    /// A register of another type.
    #[error("operand {operand}: register {register} is {got}, expected {expected}")]
    RegisterType {
        /// The operand's name.
        operand: &'static str,
        /// The register.
        register: usize,
        /// Its type.
        got: Type,
        /// What the instruction wants.
        expected: String,
    },
    /// A run that leaves the registers.
    #[error("operand {operand}: a run of {length} registers from {first}, there are {count}")]
    Run {
        /// The operand's name.
        operand: &'static str,
        /// Its first register.
        first: u64,
        /// How many it has.
        length: usize,
        /// How many there are.
        count: usize,
    },
    /// A written byte string that is too short for what may be written.
    #[error("writes bytes[{expected}] to bytes[{got}]")]
    BytesBound {
        /// The register's bound.
        got: u32,
        /// The bound that it must have at least.
        expected: u32,
    },
    /// An immediate that its operand does not hold.
    #[error("operand {operand} is {got}, expected at most {max}")]
    Immediate {
        /// The operand's name.
        operand: &'static str,
        /// The number.
        got: u64,
        /// The largest one.
        max: u64,
    },
    /// A cell where a map is wanted, a view where an entry is wanted, or the other way round.
    #[error("{what} {got} is of the wrong kind, expected {expected}")]
    WrongKind {
        /// Of what.
        what: &'static str,
        /// Which.
        got: usize,
        /// What is wanted.
        expected: &'static str,
    },
    /// A call of itself or of a later function.
    #[error("calls function {got}, expected one before {own}")]
    CallsForward {
        /// The called function.
        got: usize,
        /// This function.
        own: usize,
    },
    /// A call of a function that only the machine calls.
    #[error("calls function {got}, expected a fn or a view")]
    CallsExported {
        /// The called function.
        got: usize,
    },
    /// A view or an invariant that changes something.
    #[error("writes, in a function that must not")]
    Writes,
    /// An invariant that calls another program.
    #[error("calls a program, in an invariant")]
    Leaves,
    /// A run of instructions that no gas suffices for.
    #[error("{got} gas without a jump, expected at most {max}")]
    BlockGas {
        /// Its gas.
        got: u64,
        /// The most.
        max: u64,
    },
    /// Marks that fall, or point outside the function.
    #[error("mark {got} is not after the one before it, or outside the function")]
    Mark {
        /// The mark.
        got: usize,
    },
}

impl VerifyError {
    pub(super) fn new(place: Place, problem: Problem) -> Self {
        Self { place, problem }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => write!(f, "program"),
            Self::Constant(index) => write!(f, "constant {index}"),
            Self::Slot(index) => write!(f, "slot {index}"),
            Self::Event(index) => write!(f, "event {index}"),
            Self::Error(index) => write!(f, "error {index}"),
            Self::Interface(index) => write!(f, "interface {index}"),
            Self::Function(index) => write!(f, "function {index}"),
            Self::File(index) => write!(f, "file {index}"),
            Self::Instr { function, pc } => write!(f, "function {function}, instruction {pc}"),
        }
    }
}
