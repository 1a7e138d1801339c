//! Short texts.

use std::{
    fmt,
    io::{self, Read, Write},
};

use borsh::{BorshDeserialize, BorshSerialize};

/// Longest memo in bytes: an invoice number or an exchange's deposit tag, not a document.
pub const MAX_MEMO_BYTES: usize = 64;

/// A short text that travels with a transfer; empty means none.
pub type Memo = Text<MAX_MEMO_BYTES>;

/// UTF-8 text of at most `MAX` bytes, which are at most 255. Encoded as one length byte and the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text<const MAX: usize>(String);

/// The text is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text of {got} bytes, expected at most {limit}")]
pub struct TextTooLong {
    /// Bytes that came.
    pub got: usize,
    /// The most there may be.
    pub limit: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// This text.
    pub fn new(text: impl Into<String>) -> Result<Self, TextTooLong> {
        let text = text.into();
        match text.len() {
            got if got > MAX => Err(TextTooLong { got, limit: MAX }),
            _ => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> BorshSerialize for Text<MAX> {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        let length = u8::try_from(self.0.len()).map_err(io::Error::other)?;
        writer.write_all(&[length])?;
        writer.write_all(self.0.as_bytes())
    }
}

impl<const MAX: usize> BorshDeserialize for Text<MAX> {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let length = usize::from(u8::deserialize_reader(reader)?);
        let mut bytes = [0; MAX];
        let text = bytes.get_mut(..length).ok_or(io::ErrorKind::InvalidData)?;
        reader.read_exact(text)?;
        let text = str::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Self(text.to_owned()))
    }
}
