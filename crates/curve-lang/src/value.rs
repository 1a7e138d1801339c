//! Values of the language.

/// A value. Its type says what it means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// None.
    Nothing,
    /// Of type `Bool`.
    Bool(bool),
    /// A number, time or height.
    Number(u64),
    /// A number of 128 bits.
    Wide(u128),
    /// A ratio, times 2⁶⁴.
    Ratio(u128),
    /// An address.
    Address([u8; 32]),
    /// A hash.
    Hash([u8; 32]),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A struct's fields in order.
    Struct(Vec<Value>),
    /// A variant and its fields in order.
    Variant(u16, Vec<Value>),
    /// Several.
    Tuple(Vec<Value>),
}
