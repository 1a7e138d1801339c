//! Why an included and charged transaction did nothing else.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{Address, Fault, Gas, Trap};

use crate::{Amount, RosterFault, receipt::MAX_OUTPUT_BYTES};

/// Longest [`Reason`] in bytes.
pub const MAX_REASON_BYTES: usize = 200;

/// What a decoder or verifier says, cut off if it is long.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reason(String);

impl Reason {
    /// What an error says.
    pub(crate) fn new(error: &dyn fmt::Display) -> Self {
        let mut text = error.to_string();
        text.truncate(text.floor_char_boundary(MAX_REASON_BYTES));
        Self(text)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an included and charged transaction did nothing else. Codes 200 to 299; a code never changes its meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, BorshSerialize, BorshDeserialize)]
pub enum Failure {
    /// Moves or burns more than the sender has after the fee.
    #[error("amount {amount}, but the sender has {balance} after the fee")]
    InsufficientBalance {
        /// The sender's balance after the fee.
        balance: Amount,
        /// The amount asked for.
        amount: Amount,
    },
    /// Only the mint authority mints.
    #[error("the sender is not the mint authority")]
    NotMintAuthority,
    /// Would lift the total supply above the cap.
    #[error("minting {amount} on a supply of {supply} exceeds the cap of {cap}")]
    SupplyCapExceeded {
        /// Total supply before.
        supply: Amount,
        /// The amount asked for.
        amount: Amount,
        /// The cap.
        cap: Amount,
    },
    /// Moves nothing: refused, so that it cannot create empty accounts.
    #[error("amount 0, expected more")]
    ZeroAmount,
    /// To a program without calling it: it would not know, and nobody could take it out again.
    #[error("{to} is a program, expected an account; a program is paid by calling it")]
    ToProgram {
        /// The program.
        to: Address,
    },
    /// The gas stated does not last for beginning the action, or for keeping what it returns and announces.
    #[error("gas limit {}, expected at least {}", limit.0, needed.0)]
    GasTooLow {
        /// The limit stated.
        limit: Gas,
        /// What is needed before the machine runs, or what was needed in all.
        needed: Gas,
    },
    /// What should be deployed is not a program that the verifier accepts.
    #[error("invalid program: {reason}")]
    InvalidProgram {
        /// What is wrong with it.
        reason: Reason,
    },
    /// There is no program at the address.
    #[error("no program at {program}")]
    NoSuchProgram {
        /// The address.
        program: Address,
    },
    /// The program has no such entry or, if it is deployed with arguments or a payment, no constructor.
    #[error("the program has no such entry")]
    NoSuchEntry,
    /// The arguments are not of the entry's types.
    #[error("arguments: {reason}")]
    Arguments {
        /// What is wrong with them.
        reason: Reason,
    },
    /// The program was not deployed as upgradeable: it stays what it is.
    #[error("the program is not upgradeable")]
    NotUpgradeable,
    /// Only the program's authority upgrades or closes it.
    #[error("the sender is not the program's authority {authority}")]
    NotAuthority {
        /// The authority.
        authority: Address,
    },
    /// The new code would lose or misread what the program stores.
    #[error("incompatible program: {reason}")]
    Incompatible {
        /// What is lost.
        reason: Reason,
    },
    /// A program that owns something is not closed.
    #[error("the program owns {balance}, expected nothing")]
    HoldsBalance {
        /// What it owns.
        balance: Amount,
    },
    /// The entries named are not all that the program stores.
    #[error("{named} of the program's {stored} entries named, expected each once")]
    EntriesNotNamed {
        /// Different entries of the program that were named.
        named: u64,
        /// Entries of the program.
        stored: u64,
    },
    /// Events and results are too long for a receipt.
    #[error("events and results of {got} bytes, expected at most {MAX_OUTPUT_BYTES}")]
    OutputTooLarge {
        /// Their bytes.
        got: u64,
    },
    /// The program trapped.
    #[error("{0}")]
    Trapped(Box<Trapped>),
    /// The roster stays as it is.
    #[error("{0}")]
    Roster(#[from] RosterFault),
}

/// A trap, in words that stay true when the program is upgraded.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trapped {
    /// What happened.
    pub trap: Trap,
    /// The program that ran.
    pub program: Address,
    /// Its function.
    pub function: String,
    /// The instruction of the function, by index.
    pub pc: u16,
    /// Where that is in the source, if the program says so.
    pub place: Option<Place>,
    /// The error that the program reverted with.
    pub error: Option<Revert>,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// An error as its program declares it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Revert {
    /// Its name.
    pub name: String,
    /// What people are told.
    pub message: String,
}

impl Trapped {
    /// A fault of this code.
    pub(crate) fn new(fault: &Fault, code: &curvevm::Program) -> Self {
        let place = code.locate(fault.function, fault.pc).map(|at| Place {
            file: at.file.to_owned(),
            line: at.line,
            column: at.column,
        });
        let function = code.functions.get(usize::from(fault.function));
        let error = match fault.trap {
            Trap::Revert(index) => code.errors.get(usize::from(index)),
            _ => None,
        };
        Self {
            trap: fault.trap,
            program: fault.program,
            function: function.map(|f| f.name.clone()).unwrap_or_default(),
            pc: fault.pc,
            place,
            error: error.map(|error| Revert {
                name: error.name.clone(),
                message: error.message.clone(),
            }),
        }
    }
}

impl fmt::Display for Trapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, self.trap) {
            (Some(error), _) if error.message.is_empty() => write!(f, "{}", error.name)?,
            (Some(error), _) => write!(f, "{}: {}", error.name, error.message)?,
            (None, Trap::InvariantViolated(_)) => f.write_str("an invariant does not hold")?,
            (None, trap) => write!(f, "{trap}")?,
        }
        write!(f, ", in {} of {}", self.function, self.program)?;
        match &self.place {
            Some(at) => write!(f, " at {}:{}:{}", at.file, at.line, at.column),
            None => write!(f, " at instruction {}", self.pc),
        }
    }
}

impl Failure {
    /// The stable code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::InsufficientBalance { .. } => 200,
            Self::NotMintAuthority => 201,
            Self::SupplyCapExceeded { .. } => 202,
            Self::ZeroAmount => 203,
            Self::ToProgram { .. } => 204,
            Self::GasTooLow { .. } => 210,
            Self::InvalidProgram { .. } => 211,
            Self::NoSuchProgram { .. } => 212,
            Self::NoSuchEntry => 213,
            Self::Arguments { .. } => 214,
            Self::NotUpgradeable => 215,
            Self::NotAuthority { .. } => 216,
            Self::Incompatible { .. } => 217,
            Self::HoldsBalance { .. } => 218,
            Self::EntriesNotNamed { .. } => 219,
            Self::OutputTooLarge { .. } => 220,
            Self::Trapped(trapped) => trap_code(trapped.trap),
            Self::Roster(fault) => fault.code(),
        }
    }
}

const fn trap_code(trap: Trap) -> u16 {
    match trap {
        Trap::OutOfGas => 240,
        Trap::Overflow => 241,
        Trap::DivisionByZero => 242,
        Trap::OutOfRange => 243,
        Trap::Revert(_) => 244,
        Trap::InvariantViolated(_) => 245,
        Trap::InsufficientBalance => 246,
        Trap::NotPayable => 247,
        Trap::NoSuchProgram => 248,
        Trap::NoSuchEntry => 249,
        Trap::Reentrancy => 250,
        Trap::TooDeep => 251,
        Trap::LimitReached(_) => 252,
        Trap::CorruptState => 253,
        Trap::Unreachable => 254,
    }
}
