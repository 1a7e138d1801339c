//! The upgradeable loader's account of this program's bytes: `tag u32 = 3 │ slot u64 │ has authority u8 │ authority 32 │ program`.

use anchor_lang::prelude::*;

declare_id!("BPFLoaderUpgradeab1e11111111111111111111111");

/// Bytes before the program.
const HEAD: usize = 45;

/// Whether this is the account of this program's bytes.
#[inline(always)]
pub fn is_program_data(account: &AccountView) -> bool {
    let expected = find_program_address(&[crate::ID.as_ref()], &ID).0;
    *account.address() == expected && account.owned_by(&ID)
}

/// Who may upgrade the program.
#[inline(always)]
pub fn authority(data: &[u8]) -> Option<&[u8; 32]> {
    let (head, rest) = data.split_first_chunk::<13>()?;
    let (tag, has_authority) = (&head[..4], head[12]);
    if tag != [3, 0, 0, 0] || has_authority != 1 {
        return None;
    }
    rest.first_chunk()
}

/// The program, if it is `len` bytes long: what follows it is padding, which is zero.
#[inline(always)]
pub fn program(data: &[u8], len: usize) -> Option<&[u8]> {
    let (program, padding) = data.get(HEAD..)?.split_at_checked(len)?;
    let (words, rest) = padding.as_chunks::<8>();
    let is_padding = words.iter().all(|word| *word == [0; 8]) && rest.iter().all(|byte| *byte == 0);
    (is_padding && !program.is_empty()).then_some(program)
}

#[cfg(test)]
mod tests {
    #[test]
    fn authority_of_program_data_only() {
        let mut data = [0; 60];
        data[0] = 3;
        data[12] = 1;
        data[13..45].copy_from_slice(&[7; 32]);
        assert_eq!(super::authority(&data), Some(&[7; 32]));
        assert_eq!(super::authority(&data[..44]), None);
        for (at, value) in [(0, 2), (1, 1), (12, 0)] {
            let mut other = data;
            other[at] = value;
            assert_eq!(super::authority(&other), None);
        }
    }
    #[test]
    fn a_program_is_followed_by_zeros() {
        let mut data = [0; 90];
        data[45..50].copy_from_slice(&[1, 2, 3, 0, 5]);
        assert_eq!(super::program(&data, 5), Some(&[1, 2, 3, 0, 5][..]));
        assert_eq!(super::program(&data, 45).map(<[u8]>::len), Some(45));
        for len in [0, 1, 3, 4, 46] {
            assert_eq!(super::program(&data, len), None, "{len}");
        }
    }
}
