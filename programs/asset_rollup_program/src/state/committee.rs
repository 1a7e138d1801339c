//! A committee: registration, sealing, and the stake behind a bitmap.

use rollup_abi::account::{CommitteeState, Member};
use rollup_abi::{CertificateRef, MAX_MEMBERS, ProgramError, committee, curve};

use crate::curve::Bn254;
use crate::state::proof;

/// What `register_member` brings.
pub struct Registration<'a> {
    pub epoch: u64,
    pub owner: &'a [u8; 32],
    pub stake: u64,
    pub pk1: &'a [u8; 64],
    pub pk2: &'a [u8; 128],
    pub signature: &'a [u8; 64],
    pub ctr: u8,
}

/// Refuses a member that may not join. The proof of possession comes last: it costs most.
#[inline(always)]
pub fn validate_registration<C: Bn254>(
    state: &CommitteeState,
    members: &[Member],
    chain_id: &[u8; 32],
    new: &Registration<'_>,
) -> Result<(), ProgramError> {
    if state.sealed != 0 {
        return Err(ProgramError::CommitteeSealed);
    }
    if members.len() >= MAX_MEMBERS {
        return Err(ProgramError::CommitteeFull);
    }
    if new.stake == 0 {
        return Err(ProgramError::StakeZero);
    }
    if state.total_stake.checked_add(new.stake).is_none() {
        return Err(ProgramError::StakeOverflow);
    }
    if curve::has_flag_bits(new.pk1) || curve::has_flag_bits(new.pk2) {
        return Err(ProgramError::KeyFlagBits);
    }
    if curve::is_infinity(new.pk1) || curve::is_infinity(new.pk2) {
        return Err(ProgramError::KeyInfinity);
    }
    if members.iter().any(|member| member.pk2 == *new.pk2) {
        return Err(ProgramError::KeyCopied);
    }
    if members.iter().any(|member| member.owner == *new.owner) {
        return Err(ProgramError::OwnerCopied);
    }
    proof::validate_possession::<C>(chain_id, new)
}

/// Adds the member's stake and key to the sums and returns its record. Call it after [`validate_registration`] only.
#[inline(always)]
pub fn apply_registration<C: Bn254>(
    state: &mut CommitteeState,
    new: &Registration<'_>,
) -> Result<Member, ProgramError> {
    state.total_stake = state
        .total_stake
        .checked_add(new.stake)
        .ok_or(ProgramError::StakeOverflow)?;
    state.total_pk2 = C::g2_add(&state.total_pk2, new.pk2).ok_or(ProgramError::PointInvalid)?;
    Ok(Member {
        pk2: *new.pk2,
        stake: new.stake,
        owner: *new.owner,
    })
}

/// Refuses to seal what is sealed or empty.
#[inline(always)]
pub fn validate_sealing(state: &CommitteeState, members: &[Member]) -> Result<(), ProgramError> {
    if state.sealed != 0 {
        return Err(ProgramError::CommitteeSealed);
    }
    if members.is_empty() {
        return Err(ProgramError::CommitteeEmpty);
    }
    Ok(())
}

/// Fixes quorum and hash; from here on the committee does not change.
#[inline(always)]
pub fn apply_sealing(state: &mut CommitteeState, members: &[Member]) {
    state.quorum = committee::quorum(state.total_stake);
    let records = members
        .iter()
        .map(|member| (&member.pk2, member.stake, &member.owner));
    state.hash = committee::committee_hash(state.epoch, records);
    state.sealed = 1;
}

/// What must hold after every change.
#[inline(always)]
pub fn invariant(state: &CommitteeState, members: &[Member]) {
    let mut total = 0u64;
    for member in members {
        assert!(member.stake != 0);
        total = total.wrapping_add(member.stake);
    }
    assert!(total == state.total_stake && members.len() <= MAX_MEMBERS);
    assert!(state.sealed == 0 || (state.quorum > state.total_stake / 2 && state.quorum <= total));
}

/// Stake and number of those who signed. The sum cannot wrap: it is at most the checked total.
#[inline(always)]
pub fn signed_stake(members: &[Member], certificate: &CertificateRef<'_>) -> (u64, usize) {
    let mut stake = 0u64;
    let mut signers = 0usize;
    for (index, member) in members.iter().enumerate() {
        if certificate.has(index) {
            stake = stake.wrapping_add(member.stake);
            signers = signers.wrapping_add(1);
        }
    }
    (stake, signers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn members(stakes: &[u64]) -> Vec<Member> {
        stakes
            .iter()
            .map(|stake| Member {
                stake: *stake,
                ..Member::zeroed()
            })
            .collect()
    }

    #[test]
    fn sealing_fixes_quorum_and_hash() {
        let mut state = CommitteeState::zeroed();
        assert_eq!(validate_sealing(&state, &[]), Err(ProgramError::CommitteeEmpty));
        let members = members(&[3, 4, 5]);
        state.total_stake = 12;
        assert_eq!(validate_sealing(&state, &members), Ok(()));
        apply_sealing(&mut state, &members);
        assert_eq!((state.quorum, state.sealed), (9, 1));
        assert_ne!(state.hash, [0; 32]);
        invariant(&state, &members);
        assert_eq!(
            validate_sealing(&state, &members),
            Err(ProgramError::CommitteeSealed)
        );
    }

    #[test]
    #[should_panic(expected = "total == state.total_stake")]
    fn a_wrong_total_aborts() {
        invariant(&CommitteeState::zeroed(), &members(&[1]));
    }

    #[test]
    fn stake_is_that_of_the_set_bits() {
        let members = members(&[1, 10, 100, 1000]);
        for bits in 0u8..16 {
            let signature = [0; 64];
            let bitmap = [bits];
            let certificate = CertificateRef {
                bitmap: &bitmap,
                ctr: 0,
                signature: &signature,
            };
            let expected = (0..4).filter(|i| bits >> i & 1 == 1).map(|i| 10u64.pow(i)).sum();
            assert_eq!(
                signed_stake(&members, &certificate),
                (expected, bits.count_ones() as usize)
            );
        }
    }
}
