//! The canonical encoding: numbers, texts, lists, values. Whatever decodes encodes to the same bytes.

mod program;
mod value;

pub use value::{decode_values, encode_values};

/// Why bytes do not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {problem}")]
pub struct DecodeError {
    /// Where the reader stood.
    pub at: usize,
    /// What is wrong there.
    pub problem: Malformed,
}

/// What is wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Bytes are missing.
    #[error("{expected} more bytes expected, got {got}")]
    End {
        /// Bytes that are left.
        got: usize,
        /// Bytes that were wanted.
        expected: usize,
    },
    /// More of something than its limit.
    #[error("{got} {what}, expected at most {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        got: u64,
        /// How many there may be.
        max: usize,
    },
    /// Not a program, or of another version.
    #[error("not a program of version {}", program::VERSION)]
    Magic,
    /// A code that stands for nothing.
    #[error("{got:#04x} is no {what}")]
    Unknown {
        /// What was wanted.
        what: &'static str,
        /// What came.
        got: u8,
    },
    /// A number longer than it must be, or above 2⁶⁴ − 1.
    #[error("a number that is not in its shortest form")]
    Number,
    /// A text that is not UTF-8.
    #[error("a text that is not UTF-8")]
    Text,
    /// Bytes after the end.
    #[error("{got} bytes too many")]
    Trailing {
        /// How many.
        got: usize,
    },
}

/// Appends encodings.
#[derive(Default)]
pub(crate) struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// LEB128.
    pub fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.byte(n.to_le_bytes()[0] | 0x80);
            n >>= 7;
        }
        self.byte(n.to_le_bytes()[0]);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }
}

/// Takes encodings from the front.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn error<T>(&self, problem: Malformed) -> Result<T, DecodeError> {
        Err(DecodeError { at: self.at, problem })
    }

    pub fn take(&mut self, expected: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        let Some(taken) = rest.get(..expected) else {
            let got = rest.len();
            return self.error(Malformed::End { got, expected });
        };
        // Within the slice, so no overflow.
        self.at = self.at.wrapping_add(expected);
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits || (shift > 0 && byte == 0) {
                return self.error(Malformed::Number);
            }
            n |= bits << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        self.error(Malformed::Number)
    }

    /// A number of at most `max`.
    pub fn bounded(&mut self, what: &'static str, max: usize) -> Result<usize, DecodeError> {
        let got = self.number()?;
        match usize::try_from(got) {
            Ok(n) if n <= max => Ok(n),
            _ => self.error(Malformed::TooMany { what, got, max }),
        }
    }

    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        let n = self.bounded(what, usize::from(u16::MAX))?;
        Ok(u16::try_from(n).expect("bounded by u16::MAX"))
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let n = self.bounded(what, u32::MAX as usize)?;
        Ok(u32::try_from(n).expect("bounded by u32::MAX"))
    }

    pub fn text(&mut self, what: &'static str, max: usize) -> Result<String, DecodeError> {
        let length = self.bounded(what, max)?;
        let bytes = self.take(length)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => self.error(Malformed::Text),
        }
    }

    pub fn list<T>(
        &mut self,
        what: &'static str,
        max: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = self.bounded(what, max)?;
        // Grows as elements come: a length alone allocates nothing.
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub fn end(self) -> Result<(), DecodeError> {
        match self.bytes.len().wrapping_sub(self.at) {
            0 => Ok(()),
            got => self.error(Malformed::Trailing { got }),
        }
    }
}

#[cfg(test)]
mod tests;
