//! Types and values.

use super::{DecodeError, Malformed, Reader, Writer};
use crate::{Address, Type, Value, limits::MAX_BYTES};

/// The encoding of a record.
pub fn encode_values(values: &[Value]) -> Vec<u8> {
    let mut writer = Writer::default();
    for value in values {
        writer.value(value);
    }
    writer.bytes
}

/// A record of these types, and nothing after it.
pub fn decode_values(types: &[Type], bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let values = types
        .iter()
        .map(|ty| reader.value(*ty))
        .collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(values)
}

impl Writer {
    pub fn ty(&mut self, ty: Type) {
        let code = match ty {
            Type::U64 => 0,
            Type::I64 => 1,
            Type::U128 => 2,
            Type::Fix => 3,
            Type::Bool => 4,
            Type::Address => 5,
            Type::Hash => 6,
            Type::Bytes(_) => 7,
        };
        self.byte(code);
        if let Type::Bytes(bound) = ty {
            self.number(bound.into());
        }
    }

    /// # Panics
    /// If it is longer than a type can say. Values that went through [`Value::is_of`] are not.
    pub fn byte_string(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).expect("a byte string of at most 1024 bytes");
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(bytes);
    }

    /// # Panics
    /// As [`Self::byte_string`].
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::U64(n) => self.bytes.extend(n.to_le_bytes()),
            Value::I64(n) => self.bytes.extend(n.to_le_bytes()),
            Value::U128(n) | Value::Fix(n) => self.bytes.extend(n.to_le_bytes()),
            Value::Bool(b) => self.byte((*b).into()),
            Value::Address(address) => self.bytes.extend(address.as_bytes()),
            Value::Hash(digest) => self.bytes.extend(digest),
            Value::Bytes(bytes) => self.byte_string(bytes),
        }
    }
}

impl<'a> Reader<'a> {
    pub fn ty(&mut self) -> Result<Type, DecodeError> {
        Ok(match self.byte()? {
            0 => Type::U64,
            1 => Type::I64,
            2 => Type::U128,
            3 => Type::Fix,
            4 => Type::Bool,
            5 => Type::Address,
            6 => Type::Hash,
            7 => Type::Bytes(self.u16("bytes of a byte string")?),
            got => return self.error(Malformed::Unknown { what: "type", got }),
        })
    }

    pub fn value(&mut self, ty: Type) -> Result<Value, DecodeError> {
        Ok(match ty {
            Type::U64 => Value::U64(u64::from_le_bytes(self.array()?)),
            Type::I64 => Value::I64(i64::from_le_bytes(self.array()?)),
            Type::U128 => Value::U128(u128::from_le_bytes(self.array()?)),
            Type::Fix => Value::Fix(u128::from_le_bytes(self.array()?)),
            Type::Bool => Value::Bool(self.bool()?),
            Type::Address => Value::Address(Address::new(self.array()?)),
            Type::Hash => Value::Hash(self.array()?),
            Type::Bytes(bound) => Value::Bytes(self.byte_string(bound)?.to_vec()),
        })
    }

    /// A byte string of at most `bound` bytes.
    pub fn byte_string(&mut self, bound: u16) -> Result<&'a [u8], DecodeError> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        let max = usize::from(bound.min(MAX_BYTES));
        if length > max {
            let (what, got) = ("bytes of a byte string", length as u64);
            return self.error(Malformed::TooMany { what, got, max });
        }
        self.take(length)
    }

    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            got => self.error(Malformed::Unknown { what: "bool", got }),
        }
    }
}
