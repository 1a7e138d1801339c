//! The registers of the running function: a window of the stack of fixed length, so that no access needs a bounds check.

use crate::limits::{MAX_CALL_DEPTH, MAX_STACK_WORDS, MAX_WORDS};

/// Words that a `u16` reaches: more than any frame has.
const REACH: usize = 1 << 16;
/// Words of a stack for the deepest chain of calls, and a window behind it.
pub const STACK_WORDS: usize = MAX_CALL_DEPTH * MAX_STACK_WORDS + REACH;
const _: () = assert!(MAX_WORDS < REACH);

/// The running function's registers, by word.
pub struct Window<'a>(&'a mut [u64; REACH]);

impl<'a> Window<'a> {
    /// The window from `base` on.
    ///
    /// # Panics
    /// If the stack ends before it does; the machine keeps it longer.
    #[inline]
    pub fn new(stack: &'a mut [u64], base: usize) -> Self {
        let (_, from) = stack.split_at_mut(base);
        let words = from
            .first_chunk_mut()
            .expect("the stack is a window longer than its frames");
        Self(words)
    }

    /// The same window, for a while.
    #[inline(always)]
    pub fn again(&mut self) -> Window<'_> {
        Window(self.0)
    }

    #[inline(always)]
    pub fn get(&self, word: u16) -> u64 {
        self.0[usize::from(word)]
    }

    #[inline(always)]
    pub fn set(&mut self, word: u16, value: u64) {
        self.0[usize::from(word)] = value;
    }

    /// Sets a word, and returns it.
    #[inline(always)]
    pub fn put(&mut self, word: u16, value: u64) -> u64 {
        self.set(word, value);
        value
    }

    #[inline(always)]
    pub fn bool(&self, word: u16) -> bool {
        self.get(word) != 0
    }

    #[inline(always)]
    pub fn i64(&self, word: u16) -> i64 {
        self.get(word).cast_signed()
    }

    #[inline(always)]
    pub fn set_i64(&mut self, word: u16, value: i64) {
        self.set(word, value.cast_unsigned());
    }

    #[inline(always)]
    pub fn get_128(&self, word: u16) -> u128 {
        u128::from(self.get(word)) | (u128::from(self.get(word.wrapping_add(1))) << 64)
    }

    #[inline(always)]
    pub fn set_128(&mut self, word: u16, value: u128) {
        self.set(word, value as u64);
        self.set(word.wrapping_add(1), (value >> 64) as u64);
    }

    #[inline(always)]
    pub fn get_256(&self, word: u16) -> [u64; 4] {
        [0, 1, 2, 3].map(|n| self.get(word.wrapping_add(n)))
    }

    #[inline(always)]
    pub fn set_256(&mut self, word: u16, value: [u64; 4]) {
        for (n, part) in (0..).zip(value) {
            self.set(word.wrapping_add(n), part);
        }
    }

    /// Without a branch, and without the detour over memory that a comparison of arrays makes.
    #[inline(always)]
    pub fn same_256(&self, a: u16, b: u16) -> bool {
        let differs = |n: u16| self.get(a.wrapping_add(n)) ^ self.get(b.wrapping_add(n));
        differs(0) | differs(1) | differs(2) | differs(3) == 0
    }

    /// The words from one on.
    pub fn at(&self, word: u16) -> &[u64] {
        self.0.get(usize::from(word)..).unwrap_or(&[])
    }

    /// The words from one on, to be written.
    pub fn at_mut(&mut self, word: u16) -> &mut [u64] {
        self.0.get_mut(usize::from(word)..).unwrap_or(&mut [])
    }
}

/// 32 bytes as words that compare as the bytes do.
pub fn words_of(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    words
}

/// The bytes of [`words_of`].
pub fn bytes_of(words: &[u64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
    bytes
}
