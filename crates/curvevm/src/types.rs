//! Types and values.

use std::fmt;

use rollup_abi::Digest;

use crate::Address;

/// The type of a register, a constant, a parameter or a stored field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// 0 … 2⁶⁴ − 1. Amounts of $ASSET are `u64` base units.
    U64,
    /// −2⁶³ … 2⁶³ − 1.
    I64,
    /// 0 … 2¹²⁸ − 1.
    U128,
    /// Q64.64: the number of 128 bits divided by 2⁶⁴.
    Fix,
    /// `false` or `true`.
    Bool,
    /// 32 bytes: an account or a program.
    Address,
    /// 32 bytes: a digest.
    Hash,
    /// A byte string of at most so many bytes.
    Bytes(u16),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Of type `u64`.
    U64(u64),
    /// Of type `i64`.
    I64(i64),
    /// Of type `u128`.
    U128(u128),
    /// Of type `fix`, times 2⁶⁴.
    Fix(u128),
    /// Of type `bool`.
    Bool(bool),
    /// Of type `address`.
    Address(Address),
    /// Of type `hash`.
    Hash(Digest),
    /// Of type `bytes[N]`, N at least its length.
    Bytes(Vec<u8>),
}

impl Type {
    /// How many words of the register file it takes.
    pub const fn words(self) -> usize {
        match self {
            Self::U64 | Self::I64 | Self::Bool | Self::Bytes(_) => 1,
            Self::U128 | Self::Fix => 2,
            Self::Address | Self::Hash => 4,
        }
    }

    /// The most bytes that its encoding takes.
    pub const fn max_bytes(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::U64 | Self::I64 => 8,
            Self::U128 | Self::Fix => 16,
            Self::Address | Self::Hash => 32,
            Self::Bytes(bound) => (bound as u32).wrapping_add(2),
        }
    }

    /// Whether a value of `other` may be put where this type stands: the same type, or a shorter byte string.
    pub const fn accepts(self, other: Self) -> bool {
        match (self, other) {
            (Self::Bytes(bound), Self::Bytes(other)) => other <= bound,
            (Self::U64, Self::U64)
            | (Self::I64, Self::I64)
            | (Self::U128, Self::U128)
            | (Self::Fix, Self::Fix)
            | (Self::Bool, Self::Bool)
            | (Self::Address, Self::Address)
            | (Self::Hash, Self::Hash) => true,
            _ => false,
        }
    }

    /// The value that registers and unset storage have.
    pub fn zero(self) -> Value {
        match self {
            Self::U64 => Value::U64(0),
            Self::I64 => Value::I64(0),
            Self::U128 => Value::U128(0),
            Self::Fix => Value::Fix(0),
            Self::Bool => Value::Bool(false),
            Self::Address => Value::Address(Address::default()),
            Self::Hash => Value::Hash([0; 32]),
            Self::Bytes(_) => Value::Bytes(Vec::new()),
        }
    }
}

impl Value {
    /// Its type; of a byte string, the tightest.
    pub fn ty(&self) -> Type {
        match self {
            Self::U64(_) => Type::U64,
            Self::I64(_) => Type::I64,
            Self::U128(_) => Type::U128,
            Self::Fix(_) => Type::Fix,
            Self::Bool(_) => Type::Bool,
            Self::Address(_) => Type::Address,
            Self::Hash(_) => Type::Hash,
            Self::Bytes(bytes) => Type::Bytes(u16::try_from(bytes.len()).unwrap_or(u16::MAX)),
        }
    }

    /// Whether it is of this type.
    pub fn is_of(&self, ty: Type) -> bool {
        match (self, ty) {
            (Self::U64(_), Type::U64)
            | (Self::I64(_), Type::I64)
            | (Self::U128(_), Type::U128)
            | (Self::Fix(_), Type::Fix)
            | (Self::Bool(_), Type::Bool)
            | (Self::Address(_), Type::Address)
            | (Self::Hash(_), Type::Hash) => true,
            (Self::Bytes(bytes), Type::Bytes(bound)) => bytes.len() <= usize::from(bound),
            _ => false,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U64 => f.write_str("u64"),
            Self::I64 => f.write_str("i64"),
            Self::U128 => f.write_str("u128"),
            Self::Fix => f.write_str("fix"),
            Self::Bool => f.write_str("bool"),
            Self::Address => f.write_str("address"),
            Self::Hash => f.write_str("hash"),
            Self::Bytes(bound) => write!(f, "bytes[{bound}]"),
        }
    }
}

/// As in assembly: `7`, `-7`, `true`, `@base58`, `#hex`, `"hex"`; a `fix` is its 128 bits as a number.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U64(n) => write!(f, "{n}"),
            Self::I64(n) => write!(f, "{n}"),
            Self::U128(n) | Self::Fix(n) => write!(f, "{n}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Address(address) => write!(f, "@{address}"),
            Self::Hash(digest) => write!(f, "#{}", hex::encode(digest)),
            Self::Bytes(bytes) => write!(f, "\"{}\"", hex::encode(bytes)),
        }
    }
}
