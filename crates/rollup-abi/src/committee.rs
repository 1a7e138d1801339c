//! Quorum arithmetic and the committee's hash.

use crate::{Digest, domain, sha256};

/// Most members of a committee.
pub const MAX_MEMBERS: usize = 128;

/// Stake that a certificate needs: ⌊2T/3⌋+1. Exact for every `u64`, without a wider multiplication.
#[inline(always)]
pub const fn quorum(total_stake: u64) -> u64 {
    // 2T/3 = 2⌊T/3⌋ + ⌊2(T mod 3)/3⌋; at most ⅔·2⁶⁴, so nothing here can wrap.
    let third = total_stake / 3;
    let rest = total_stake % 3;
    third
        .wrapping_mul(2)
        .wrapping_add(rest.wrapping_mul(2) / 3)
        .wrapping_add(1)
}

/// Stake that no fault can hold alone: ⌊T/3⌋+1; at least one of its holders is honest.
#[inline(always)]
pub const fn one_honest(total_stake: u64) -> u64 {
    (total_stake / 3).wrapping_add(1)
}

/// Hash of one member, in committee order: `acc = sha256(acc ‖ pk2 ‖ stake ‖ owner)`.
#[inline(always)]
pub fn extend_hash(acc: &Digest, pk2: &[u8; 128], stake: u64, owner: &[u8; 32]) -> Digest {
    sha256(&[domain::COMMITTEE, acc, pk2, &stake.to_le_bytes(), owner])
}

/// First value of the committee hash: binds epoch and member count.
#[inline(always)]
pub fn hash_start(epoch: u64, members: u16) -> Digest {
    sha256(&[domain::COMMITTEE, &epoch.to_le_bytes(), &members.to_le_bytes()])
}

/// Hash of a committee: epoch, member count and every `(pk2, stake, owner)` in order.
pub fn committee_hash<'a>(
    epoch: u64,
    members: impl ExactSizeIterator<Item = (&'a [u8; 128], u64, &'a [u8; 32])>,
) -> Digest {
    // A committee's member count is bounded by MAX_MEMBERS, which fits.
    let start = hash_start(epoch, members.len() as u16);
    members.fold(start, |acc, (pk2, stake, owner)| {
        extend_hash(&acc, pk2, stake, owner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quorum_is_two_thirds_plus_one(total in 1..=u64::MAX) {
            prop_assert_eq!(u128::from(quorum(total)), u128::from(total) * 2 / 3 + 1);
            prop_assert_eq!(u128::from(one_honest(total)), u128::from(total) / 3 + 1);
        }
    }
}
