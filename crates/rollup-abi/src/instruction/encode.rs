//! How arguments are written, and the macro that declares an instruction.

use crate::Digest;

/// Something that an instruction takes.
pub(super) trait Arg {
    /// Bytes that it takes.
    fn encoded_len(&self) -> usize;
    /// Writes it.
    fn put(&self, writer: &mut Writer<'_>);
}

/// Writes one part after the other; its makers size the buffer exactly.
pub(super) struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { rest: out }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        let (here, rest) = core::mem::take(&mut self.rest).split_at_mut(bytes.len());
        here.copy_from_slice(bytes);
        self.rest = rest;
    }

    /// A count as Anchor has it; nothing that fits a transaction is longer.
    fn count(&mut self, count: usize) {
        self.put(&(count as u32).to_le_bytes());
    }
}

macro_rules! integers {
    ($($int:ty)+) => {
        $(impl Arg for $int {
            fn encoded_len(&self) -> usize {
                size_of::<$int>()
            }

            fn put(&self, writer: &mut Writer<'_>) {
                writer.put(&self.to_le_bytes());
            }
        })+
    };
}

integers!(u8 u32 u64);

impl<const N: usize> Arg for [u8; N] {
    fn encoded_len(&self) -> usize {
        N
    }

    fn put(&self, writer: &mut Writer<'_>) {
        writer.put(self);
    }
}

impl<const N: usize> Arg for &[u8; N] {
    fn encoded_len(&self) -> usize {
        N
    }

    fn put(&self, writer: &mut Writer<'_>) {
        writer.put(*self);
    }
}

impl<const N: usize> Arg for [[u8; 32]; N] {
    fn encoded_len(&self) -> usize {
        self.as_flattened().len()
    }

    fn put(&self, writer: &mut Writer<'_>) {
        writer.put(self.as_flattened());
    }
}

impl Arg for &[u8] {
    fn encoded_len(&self) -> usize {
        self.len().saturating_add(4)
    }

    fn put(&self, writer: &mut Writer<'_>) {
        writer.count(self.len());
        writer.put(self);
    }
}

impl Arg for &[Digest] {
    fn encoded_len(&self) -> usize {
        self.as_flattened().len().saturating_add(4)
    }

    fn put(&self, writer: &mut Writer<'_>) {
        writer.count(self.len());
        writer.put(self.as_flattened());
    }
}

/// Declares instructions: each with its name, discriminator, accounts and arguments, as a struct that encodes itself.
macro_rules! instructions {
    ($($(#[doc = $doc:literal])+ $name:ident $(<$lt:lifetime>)? = $text:literal $discriminator:expr,
        ($($account:ident: $access:ident),+ $(,)?) {
            $($(#[doc = $arg_doc:literal])+ $arg:ident: $ty:ty,)*
        }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name $(<$lt>)? {
                $($(#[doc = $arg_doc])+ pub $arg: $ty,)*
            }

            impl $(<$lt>)? $crate::instruction::Call for $name $(<$lt>)? {
                const INSTRUCTION: $crate::instruction::Instruction = $crate::instruction::Instruction {
                    name: $text,
                    discriminator: $discriminator,
                    accounts: &[$(role(stringify!($account), $access),)+],
                    args: &[$($crate::layout::Field { name: stringify!($arg), ty: stringify!($ty) },)*],
                };

                fn encoded_len(&self) -> usize {
                    8usize $(.saturating_add($crate::instruction::encode::Arg::encoded_len(&self.$arg)))*
                }

                fn encode<'o>(&self, out: &'o mut [u8]) -> Option<&'o [u8]> {
                    let out = out.get_mut(..self.encoded_len())?;
                    let mut writer = $crate::instruction::encode::Writer::new(out);
                    writer.put(&$discriminator);
                    $($crate::instruction::encode::Arg::put(&self.$arg, &mut writer);)*
                    Some(out)
                }
            }
        )+

        /// Every instruction, for tests and the IDL.
        pub const ALL: &[$crate::instruction::Instruction] = &[$(<$name as $crate::instruction::Call>::INSTRUCTION,)+];
    };
}

pub(super) use instructions;
