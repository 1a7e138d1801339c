//! Bytes as a source of decisions. It never ends: beyond the last byte all decisions are zero, which is the tamest.

use rollup_abi::Digest;

/// What is left of an input.
#[derive(Clone, Debug)]
pub struct Entropy<'a>(&'a [u8]);

impl<'a> Entropy<'a> {
    /// All of an input.
    pub fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        self.0 = rest;
        let mut bytes = [0; N];
        bytes[..taken.len()].copy_from_slice(taken);
        bytes
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let [byte] = self.bytes();
        byte
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(u16::from_le_bytes(self.bytes())) % end
    }

    /// Yes once in `n` times.
    pub fn once_in(&mut self, n: u8) -> bool {
        self.byte() % n == n - 1
    }

    /// A number: small, next to a limit of 64 bits, or any.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=199 => u64::from(small % 16),
            high @ 200..=223 => u64::MAX - u64::from(high - 200),
            _ => u64::from_le_bytes(self.bytes()),
        }
    }

    /// A digest: one of a few, so that two are the same now and then.
    pub fn digest(&mut self) -> Digest {
        [self.byte() % 4; 32]
    }
}
