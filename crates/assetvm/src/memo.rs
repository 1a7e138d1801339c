//! A short text that travels with a transfer.

use std::{
    fmt,
    io::{self, Read, Write},
};

use borsh::{BorshDeserialize, BorshSerialize};

/// Longest memo in bytes: an invoice number or an exchange's deposit tag, not a document.
pub const MAX_MEMO_BYTES: usize = 64;

/// UTF-8 text of at most [`MAX_MEMO_BYTES`]; empty means none. Encoded as one length byte and the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memo(String);

/// The text is too long for a memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("memo of {got} bytes, expected at most {MAX_MEMO_BYTES}")]
pub struct MemoTooLong {
    /// Bytes that came.
    pub got: usize,
}

impl Memo {
    /// A memo with this text.
    pub fn new(text: impl Into<String>) -> Result<Self, MemoTooLong> {
        let text = text.into();
        if text.len() > MAX_MEMO_BYTES {
            return Err(MemoTooLong { got: text.len() });
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BorshSerialize for Memo {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        let length = u8::try_from(self.0.len()).map_err(io::Error::other)?;
        writer.write_all(&[length])?;
        writer.write_all(self.0.as_bytes())
    }
}

impl BorshDeserialize for Memo {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let length = usize::from(u8::deserialize_reader(reader)?);
        let mut bytes = [0; MAX_MEMO_BYTES];
        let text = bytes.get_mut(..length).ok_or(io::ErrorKind::InvalidData)?;
        reader.read_exact(text)?;
        let text = str::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Self(text.to_owned()))
    }
}
