//! Signatures and the pairing check.

use std::{fmt, sync::LazyLock};

use ark_bn254::{Bn254, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, pairing::Pairing};
use ark_ff::Zero;
use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::Digest;

use super::{
    HashedMessage, PointError, PublicKey, hash_to_curve,
    point::{decode_g1, encode_g1},
};

type Prepared = <Bn254 as Pairing>::G2Prepared;

static G2_GENERATOR: LazyLock<Prepared> = LazyLock::new(|| G2Affine::generator().into());

/// A signature, or a sum of signatures: a point of G1, never infinity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(super) G1Affine);

impl Signature {
    /// Encoded length.
    pub const LEN: usize = 64;

    /// Reads a signature, big-endian x ‖ y.
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, PointError> {
        decode_g1(bytes).map(Self)
    }

    /// Big-endian x ‖ y.
    pub fn to_bytes(&self) -> [u8; 64] {
        encode_g1(&self.0)
    }

    /// The sum of signatures; `None` if it is infinity, as the sum of none is.
    pub fn aggregate<'a>(signatures: impl IntoIterator<Item = &'a Signature>) -> Option<Self> {
        let sum = signatures
            .into_iter()
            .fold(G1Projective::zero(), |sum, one| sum + one.0);
        (!sum.is_zero()).then(|| Self(sum.into_affine()))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}…)", hex::encode(&self.to_bytes()[..8]))
    }
}

impl BorshSerialize for Signature {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.to_bytes())
    }
}

impl BorshDeserialize for Signature {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = [0; Self::LEN];
        reader.read_exact(&mut bytes)?;
        Self::from_bytes(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// Whether `signature` is the sum of these keys' signatures over `digest`. One pairing check; the sum of the keys must not
/// be infinity. Safe against rogue keys only for keys whose possession has been proven.
pub fn verify_aggregate<'a>(
    keys: impl IntoIterator<Item = &'a PublicKey>,
    digest: &Digest,
    signature: &Signature,
) -> bool {
    let sum = keys
        .into_iter()
        .fold(G2Projective::zero(), |sum, key| sum + key.g2());
    !sum.is_zero() && pairing_holds(&hash_to_curve(digest), &sum.into_affine(), signature)
}

/// e(H, key) = e(σ, G2), as one product of two pairings.
pub(crate) fn pairing_holds(message: &HashedMessage, key: &G2Affine, signature: &Signature) -> bool {
    products_hold(&[(message.point, *key)], signature)
}

/// Π e(Hᵢ, keyᵢ) = e(σ, G2), as one product of pairings.
pub(crate) fn products_hold(pairs: &[(G1Affine, G2Affine)], signature: &Signature) -> bool {
    let left = pairs
        .iter()
        .map(|(message, _)| *message)
        .chain(std::iter::once(-signature.0));
    let right = pairs
        .iter()
        .map(|(_, key)| Prepared::from(*key))
        .chain(std::iter::once(G2_GENERATOR.clone()));
    Bn254::multi_pairing(left, right).is_zero()
}
