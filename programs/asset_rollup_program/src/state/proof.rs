//! The two BLS checks: a certificate of a committee, and a member's proof of possession.
//!
//! Certificate: `e(H(m), apk2) = e(σ, G2)`, with `apk2` the sum of the signers' registered keys. Proof of possession:
//! `e(H + a·G1, pk2) = e(σ + a·pk1, G2)` with `a` bound to all inputs; it also proves that pk1 and pk2 belong together and
//! that pk2 is in the subgroup, which is why a certificate may add registered keys without asking again.

use rollup_abi::account::{CommitteeState, Member};
use rollup_abi::{CertificateRef, CertificateWireError, Digest, ProgramError, curve, vote};

use crate::curve::Bn254;
use crate::state::committee::{self, Registration};

/// Checks an encoded certificate over `digest` and returns the stake that signed. Everything cheap comes before the pairing.
#[inline(always)]
pub fn validate_certificate<C: Bn254>(
    state: &CommitteeState,
    members: &[Member],
    digest: &Digest,
    certificate: &[u8],
) -> Result<u64, ProgramError> {
    let certificate = CertificateRef::decode(certificate, members.len()).map_err(wire_error)?;
    let (stake, signers) = committee::signed_stake(members, &certificate);
    if stake < state.quorum {
        return Err(ProgramError::BelowQuorum);
    }
    validate_signature_point(certificate.signature)?;
    let h = hash_to_curve::<C>(digest, certificate.ctr)?;
    let apk2 = aggregate_key::<C>(state, members, &certificate, signers)?;
    if curve::is_infinity(&apk2) {
        return Err(ProgramError::AggregateKeyInfinity);
    }
    match C::pairing_is_one(&h, &apk2, certificate.signature, &curve::NEG_G2) {
        Some(true) => Ok(stake),
        Some(false) => Err(ProgramError::SignatureInvalid),
        None => Err(ProgramError::PointInvalid),
    }
}

/// Checks a proof of possession.
#[inline(always)]
pub fn validate_possession<C: Bn254>(
    chain_id: &[u8; 32],
    new: &Registration<'_>,
) -> Result<(), ProgramError> {
    validate_signature_point(new.signature)?;
    let digest = vote::possession_digest(chain_id, new.owner, new.pk1, new.pk2);
    let h = hash_to_curve::<C>(&digest, new.ctr)?;
    let a = curve::combine_scalar(&h, new.signature, new.pk1, new.pk2);
    let left = combine::<C>(&h, &curve::G1, &a)?;
    let right = combine::<C>(new.signature, new.pk1, &a)?;
    match C::pairing_is_one(&left, new.pk2, &right, &curve::NEG_G2) {
        Some(true) => Ok(()),
        Some(false) => Err(ProgramError::PossessionInvalid),
        None => Err(ProgramError::PointInvalid),
    }
}

#[inline(always)]
fn validate_signature_point(signature: &[u8; 64]) -> Result<(), ProgramError> {
    if curve::has_flag_bits(signature) {
        return Err(ProgramError::SignatureFlagBits);
    }
    if curve::is_infinity(signature) {
        return Err(ProgramError::SignatureInfinity);
    }
    Ok(())
}

/// The point that the digest's candidate number `ctr` names. A wrong counter only fails: no other point is ever signed.
#[inline(always)]
fn hash_to_curve<C: Bn254>(digest: &Digest, ctr: u8) -> Result<[u8; 64], ProgramError> {
    C::g1_decompress(&curve::candidate(digest, ctr)).ok_or(ProgramError::HashToCurve)
}

/// `p + a·q`.
#[inline(always)]
fn combine<C: Bn254>(p: &[u8; 64], q: &[u8; 64], a: &[u8; 32]) -> Result<[u8; 64], ProgramError> {
    let product = C::g1_mul(q, a).ok_or(ProgramError::PointInvalid)?;
    C::g1_add(p, &product).ok_or(ProgramError::PointInvalid)
}

/// The sum of the signers' keys: added up, or the total minus the absentees, whichever takes fewer additions.
#[inline(always)]
fn aggregate_key<C: Bn254>(
    state: &CommitteeState,
    members: &[Member],
    certificate: &CertificateRef<'_>,
    signers: usize,
) -> Result<[u8; 128], ProgramError> {
    let absent = members.len().wrapping_sub(signers);
    if absent == 0 {
        return Ok(state.total_pk2);
    }
    let add_signers = signers < absent;
    let mut sum = [0; 128];
    let mut first = true;
    for (index, member) in members.iter().enumerate() {
        if certificate.has(index) != add_signers {
            continue;
        }
        if first {
            sum = member.pk2;
            first = false;
        } else {
            sum = C::g2_add(&sum, &member.pk2).ok_or(ProgramError::PointInvalid)?;
        }
    }
    if add_signers {
        return Ok(sum);
    }
    C::g2_add(&state.total_pk2, &curve::negate_g2(&sum)).ok_or(ProgramError::PointInvalid)
}

#[inline(always)]
fn wire_error(error: CertificateWireError) -> ProgramError {
    match error {
        CertificateWireError::Length => ProgramError::CertificateLength,
        CertificateWireError::BitmapLength => ProgramError::BitmapLength,
        CertificateWireError::BitmapTail => ProgramError::BitmapTail,
    }
}
