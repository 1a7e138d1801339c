use std::fmt;

/// What an instruction costs. It depends on the instruction and on declared types, never on values, so the cost of a
/// straight line of code is known before it runs.
///
/// Ten gas are one simple instruction, which takes about a nanosecond; `cargo bench -p curvevm` measures all of them and
/// suggests costs. In the middle an instruction that stays in the registers pays 9 gas for a nanosecond, none less than 4:
///
/// | instructions | ns | gas |
/// |---|---|---|
/// | 64 bits: moves, sums, products, comparisons | 1 to 2 | 10 |
/// | jumps, at one every instruction | 1 to 4 | 15 |
/// | 128 bits: sums, products, comparisons | 1 to 4 | 15 to 30 |
/// | quotients of 64 bits, of 128 | 2 to 5, 6 to 8 | 20 to 40, 60 |
/// | quotients of products of 256 bits | 24 | 200 |
/// | roots, powers | 25 to 90, 310 | 300 to 600, 2000 |
/// | hashing 16 bytes, 64 bytes | 85, 140 | 1180, 1500 |
///
/// What touches the state is priced for the state tree, whose update costs more than the interpreter ever sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Always paid.
    pub base: u32,
    /// Paid for each byte of [`crate::Type::max_bytes`] of its byte strings and runs of registers.
    pub per_byte: u32,
    /// Paid for each word of the called function's registers.
    pub per_word: u32,
}

impl Cost {
    /// The same always.
    pub const fn fixed(base: u32) -> Self {
        Self {
            base,
            per_byte: 0,
            per_word: 0,
        }
    }

    /// More for longer operands.
    pub const fn bytes(base: u32, per_byte: u32) -> Self {
        Self {
            base,
            per_byte,
            per_word: 0,
        }
    }

    /// More for a larger frame.
    pub const fn words(base: u32, per_word: u32) -> Self {
        Self {
            base,
            per_byte: 0,
            per_word,
        }
    }

    /// The cost with operands of so many bytes and a frame of so many words.
    pub const fn of(self, bytes: u32, words: u32) -> u64 {
        // Products of two u32 and their sum with a third fit a u64.
        (self.base as u64)
            .wrapping_add((self.per_byte as u64).wrapping_mul(bytes as u64))
            .wrapping_add((self.per_word as u64).wrapping_mul(words as u64))
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.base)?;
        if self.per_byte > 0 {
            write!(f, " + {}/byte", self.per_byte)?;
        }
        if self.per_word > 0 {
            write!(f, " + {}/word", self.per_word)?;
        }
        Ok(())
    }
}
