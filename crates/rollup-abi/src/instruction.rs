//! The program's instructions: discriminators, accounts and data, as Anchor lays them out.
//!
//! Data is `discriminator 8 │ arguments`, integers little-endian, a slice with its count as `u32` before it. The accounts
//! of an instruction must come in the order of its table here.

mod encode;
mod table;

use crate::layout::Field;

pub use table::*;

/// First eight bytes of an instruction's data: `sha256("global:" ‖ name)[..8]`.
pub type Discriminator = [u8; 8];

/// Posters that the allow-list can hold.
pub const MAX_POSTERS: usize = 8;
/// Longest packet that Solana carries, and so the longest transaction.
pub const MAX_TRANSACTION: usize = 1232;

/// Role number of governance.
pub const GOVERNANCE: u8 = 0;
/// Role number of the guardian.
pub const GUARDIAN: u8 = 1;

/// One account of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRole {
    /// Its name in the IDL.
    pub name: &'static str,
    /// Whether it signs.
    pub signer: bool,
    /// Whether the instruction writes it.
    pub writable: bool,
}

/// An instruction as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its name.
    pub name: &'static str,
    /// First bytes of its data.
    pub discriminator: Discriminator,
    /// Its accounts in order.
    pub accounts: &'static [AccountRole],
    /// Its arguments in order.
    pub args: &'static [Field],
}

/// An instruction with its arguments.
pub trait Call {
    /// Name, discriminator, accounts and arguments.
    const INSTRUCTION: Instruction;

    /// Length of the instruction data.
    fn encoded_len(&self) -> usize;

    /// Writes the instruction data to the start of `out` and returns it; `None` if `out` is too short.
    fn encode<'o>(&self, out: &'o mut [u8]) -> Option<&'o [u8]>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{post, sha256};

    #[test]
    fn discriminators_are_the_hash_of_the_name() {
        for instruction in ALL {
            let hash = sha256(&[b"global:", instruction.name.as_bytes()]);
            assert_eq!(instruction.discriminator, hash[..8], "{}", instruction.name);
        }
    }

    #[test]
    fn submit_roots_layout() {
        let header = [7; post::LEN];
        let args = SubmitRoots {
            view: 5,
            header: &header,
            certificate: &[1, 2, 3],
            roots: &[[8; 32], [9; 32]],
        };
        let mut out = [0xff; 500];
        let data = args.encode(&mut out).unwrap();
        assert_eq!(data.len(), args.encoded_len());
        let expected: Vec<u8> = [
            &SubmitRoots::INSTRUCTION.discriminator[..],
            &5u64.to_le_bytes(),
            &header,
            &3u32.to_le_bytes(),
            &[1, 2, 3],
            &2u32.to_le_bytes(),
            &[8; 32],
            &[9; 32],
        ]
        .concat();
        assert_eq!(data, expected);
        assert_eq!(args.encode(&mut [0; 100]), None);
    }

    #[test]
    fn tables_name_types_as_the_idl_does() {
        let types = |args: &[Field]| args.iter().map(|arg| arg.ty).collect::<Vec<_>>();
        assert_eq!(
            types(SubmitRoots::INSTRUCTION.args),
            ["u64", "&'a [u8; post::LEN]", "&'a [u8]", "&'a [Digest]"]
        );
        assert_eq!(types(AddPoster::INSTRUCTION.args), ["[u8; 32]"]);
        assert!(Pause::INSTRUCTION.args.is_empty());
    }
}
