//! Byte strings of a call, and records of registers.

use std::ops::Range;

use crate::{
    Address, DecodeError, Limit, Trap, Type, Value,
    codec::{Reader, Writer},
    limits::MAX_MEMORY_BYTES,
    machine::window::{bytes_of, words_of},
};

/// The byte strings that a call has made. A register holds where one begins, and its length in the low 32 bits; 0 is empty.
#[derive(Debug, Default)]
pub struct Memory {
    bytes: Vec<u8>,
}

impl Memory {
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Keeps a byte string.
    pub fn keep(&mut self, bytes: &[u8]) -> Result<u64, Trap> {
        let handle = self.room(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(handle)
    }

    /// One byte string after another.
    pub fn concat(&mut self, a: u64, b: u64) -> Result<u64, Trap> {
        let (a, b) = (range(a), range(b));
        let handle = self.room(a.len().saturating_add(b.len()))?;
        self.bytes.extend_from_within(a);
        self.bytes.extend_from_within(b);
        Ok(handle)
    }

    /// The handle of the next byte string, if there is room for it.
    fn room(&self, length: usize) -> Result<u64, Trap> {
        let start = self.bytes.len();
        if start.saturating_add(length) > MAX_MEMORY_BYTES {
            return Err(Trap::LimitReached(Limit::Memory));
        }
        Ok(((start as u64) << 32) | length as u64)
    }

    /// Part of a byte string: the same bytes, not a copy.
    pub fn slice(a: u64, from: u64, length: u64, bound: u64) -> Result<u64, Trap> {
        let whole = length_of(a);
        match from.checked_add(length) {
            Some(end) if end <= whole && length <= bound => {
                // Starts and lengths are below 2³²: both are within the memory.
                let start = (a >> 32).wrapping_add(from);
                Ok((start << 32) | length)
            }
            _ => Err(Trap::OutOfRange),
        }
    }

    pub fn get(&self, handle: u64) -> &[u8] {
        &self.bytes[range(handle)]
    }

    /// The encoding of a record in registers.
    pub fn encode(&self, types: &[Type], words: &[u64]) -> Vec<u8> {
        let mut writer = Writer::default();
        each(types, words, |ty, own| self.write(&mut writer, ty, own));
        writer.bytes
    }

    /// The values of a record in registers.
    pub fn values(&self, types: &[Type], words: &[u64]) -> Vec<Value> {
        let mut values = Vec::with_capacity(types.len());
        each(types, words, |ty, own| values.push(self.value(ty, own)));
        values
    }

    fn write(&self, writer: &mut Writer, ty: Type, words: &[u64]) {
        match ty {
            Type::U64 | Type::I64 => writer.bytes.extend(words[0].to_le_bytes()),
            Type::U128 | Type::Fix => writer.bytes.extend(wide(words).to_le_bytes()),
            Type::Bool => writer.byte(words[0] as u8),
            Type::Address | Type::Hash => writer.bytes.extend(long(words)),
            Type::Bytes(_) => writer.byte_string(self.get(words[0])),
        }
    }

    /// The value of a register.
    pub fn value(&self, ty: Type, words: &[u64]) -> Value {
        match ty {
            Type::U64 => Value::U64(words[0]),
            Type::I64 => Value::I64(words[0].cast_signed()),
            Type::U128 => Value::U128(wide(words)),
            Type::Fix => Value::Fix(wide(words)),
            Type::Bool => Value::Bool(words[0] != 0),
            Type::Address => Value::Address(Address::new(long(words))),
            Type::Hash => Value::Hash(long(words)),
            Type::Bytes(_) => Value::Bytes(self.get(words[0]).to_vec()),
        }
    }

    /// Puts an encoded record into registers.
    pub fn decode(&mut self, types: &[Type], bytes: &[u8], words: &mut [u64]) -> Result<(), Unread> {
        let mut reader = Reader::new(bytes);
        let mut rest = words;
        for ty in types {
            let (own, after) = rest.split_at_mut(ty.words());
            self.read(&mut reader, *ty, own)?;
            rest = after;
        }
        Ok(reader.end()?)
    }

    fn read(&mut self, reader: &mut Reader, ty: Type, words: &mut [u64]) -> Result<(), Unread> {
        match ty {
            Type::U64 | Type::I64 => words[0] = u64::from_le_bytes(reader.array()?),
            Type::U128 | Type::Fix => {
                let n = u128::from_le_bytes(reader.array()?);
                words.copy_from_slice(&[n as u64, (n >> 64) as u64]);
            }
            Type::Bool => words[0] = reader.bool()?.into(),
            Type::Address | Type::Hash => words.copy_from_slice(&words_of(&reader.array()?)),
            Type::Bytes(bound) => words[0] = self.keep(reader.byte_string(bound)?)?,
        }
        Ok(())
    }
}

/// Why an encoded record does not come into registers.
#[derive(Debug)]
pub enum Unread {
    /// It is no encoding of its types.
    Malformed(DecodeError),
    /// There is no memory for its byte strings.
    Full(Trap),
}

impl From<DecodeError> for Unread {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl From<Trap> for Unread {
    fn from(trap: Trap) -> Self {
        Self::Full(trap)
    }
}

/// Each of a record's types with its words.
fn each(types: &[Type], words: &[u64], mut then: impl FnMut(Type, &[u64])) {
    let mut rest = words;
    for ty in types {
        let (own, after) = rest.split_at(ty.words());
        then(*ty, own);
        rest = after;
    }
}

fn wide(words: &[u64]) -> u128 {
    u128::from(words[0]) | (u128::from(words[1]) << 64)
}

fn long(words: &[u64]) -> [u8; 32] {
    bytes_of(&[words[0], words[1], words[2], words[3]])
}

/// The length of a byte string in a register.
pub fn length_of(handle: u64) -> u64 {
    handle & u64::from(u32::MAX)
}

fn range(handle: u64) -> Range<usize> {
    let start = (handle >> 32) as usize;
    // Both are within the memory.
    start..start.wrapping_add(length_of(handle) as usize)
}
