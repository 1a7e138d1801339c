//! Keys.

use std::{fmt, sync::Arc};

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{PrimeField, UniformRand, Zero};
use borsh::{BorshDeserialize, BorshSerialize, io};
use rand::{CryptoRng, RngCore};
use rollup_abi::{Digest, vote::possession_digest};
use zeroize::{Zeroize, Zeroizing};

use super::{
    HashedMessage, PointError, Signature, hash_to_curve,
    point::{decode_g1, decode_g2, encode_g1, encode_g2, limbs_from_be, limbs_to_be},
    signature::pairing_holds,
};
use crate::NodeId;

/// A secret key: wiped when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey(Fr);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl SecretKey {
    /// A fresh key.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        loop {
            let scalar = Fr::rand(rng);
            if !scalar.is_zero() {
                return Self(scalar);
            }
        }
    }

    /// Reads a key, big-endian; zero and everything from the group's order on are refused.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PointError> {
        match Fr::from_bigint(limbs_from_be(bytes)) {
            Some(scalar) if !scalar.is_zero() => Ok(Self(scalar)),
            _ => Err(PointError::Scalar),
        }
    }

    /// The key, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(limbs_to_be(self.0.into_bigint().0))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let g1 = (G1Affine::generator() * self.0).into_affine();
        let g2 = (G2Affine::generator() * self.0).into_affine();
        PublicKey::from_points(g1, g2)
    }

    /// Signs a digest. Not constant in time: for servers that nobody else times, as validators are.
    pub fn sign(&self, digest: &Digest) -> Signature {
        let point: G1Projective = hash_to_curve(digest).point * self.0;
        Signature(point.into_affine())
    }
}

struct Inner {
    pk1: [u8; 64],
    pk2: [u8; 128],
    g2: G2Affine,
}

/// A public key in both groups, decoded and checked. Cheap to clone.
///
/// Both halves are points of their groups; that they belong together is what a proof of possession shows.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

impl PublicKey {
    /// Encoded length: G1, then G2.
    pub const LEN: usize = 64 + 128;

    fn from_points(g1: G1Affine, g2: G2Affine) -> Self {
        let (pk1, pk2) = (encode_g1(&g1), encode_g2(&g2));
        Self(Arc::new(Inner { pk1, pk2, g2 }))
    }

    /// Reads both halves: on the curve, in the subgroup, not infinity, no flag bits.
    pub fn from_parts(pk1: &[u8; 64], pk2: &[u8; 128]) -> Result<Self, PointError> {
        let _g1 = decode_g1(pk1)?;
        let g2 = decode_g2(pk2)?;
        let (pk1, pk2) = (*pk1, *pk2);
        Ok(Self(Arc::new(Inner { pk1, pk2, g2 })))
    }

    /// Reads `pk1 ‖ pk2`.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, PointError> {
        let (mut pk1, mut pk2) = ([0; 64], [0; 128]);
        pk1.copy_from_slice(&bytes[..64]);
        pk2.copy_from_slice(&bytes[64..]);
        Self::from_parts(&pk1, &pk2)
    }

    /// `pk1 ‖ pk2`.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..64].copy_from_slice(&self.0.pk1);
        out[64..].copy_from_slice(&self.0.pk2);
        out
    }

    /// The half in G1, big-endian.
    pub fn pk1(&self) -> &[u8; 64] {
        &self.0.pk1
    }

    /// The half in G2, big-endian, EIP-197 order.
    pub fn pk2(&self) -> &[u8; 128] {
        &self.0.pk2
    }

    pub(crate) fn g2(&self) -> &G2Affine {
        &self.0.g2
    }

    /// Whether `signature` is this key's over `digest`. One pairing check, about 0.75 ms.
    pub fn verify(&self, digest: &Digest, signature: &Signature) -> bool {
        pairing_holds(&hash_to_curve(digest), &self.0.g2, signature)
    }

    /// Whether `proof` shows that `owner` holds this key's secret on chain `chain_id`, and that both halves belong together.
    pub fn verify_possession(&self, chain_id: &Digest, owner: &NodeId, proof: &Signature) -> bool {
        let Ok(g1) = decode_g1(&self.0.pk1) else {
            return false;
        };
        let digest = possession_digest(chain_id, &owner.0, &self.0.pk1, &self.0.pk2);
        // e(pk1, G2) = e(G1, pk2): the same secret in both groups.
        let generator = HashedMessage::of_point(G1Affine::generator());
        self.verify(&digest, proof) && pairing_holds(&generator, &self.0.g2, &Signature(g1))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.pk1 == other.0.pk1 && self.0.pk2 == other.0.pk2
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}…)", hex::encode(&self.0.pk1[..8]))
    }
}

impl fmt::Display for PublicKey {
    /// `pk1 ‖ pk2` in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl BorshSerialize for PublicKey {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.0.pk1)?;
        writer.write_all(&self.0.pk2)
    }
}

impl BorshDeserialize for PublicKey {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = [0; Self::LEN];
        reader.read_exact(&mut bytes)?;
        Self::from_bytes(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// A secret key with its public half.
#[derive(Clone, Debug)]
pub struct KeyPair {
    secret: SecretKey,
    public: PublicKey,
}

impl KeyPair {
    /// A fresh pair.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self::from_secret(SecretKey::generate(rng))
    }

    /// The pair of a secret key.
    pub fn from_secret(secret: SecretKey) -> Self {
        let public = secret.public();
        Self { secret, public }
    }

    /// The pair of an encoded secret key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PointError> {
        SecretKey::from_bytes(bytes).map(Self::from_secret)
    }

    /// The secret half.
    pub fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a digest.
    pub fn sign(&self, digest: &Digest) -> Signature {
        self.secret.sign(digest)
    }

    /// The proof that `owner` holds this key on chain `chain_id`, for registration.
    pub fn prove_possession(&self, chain_id: &Digest, owner: &NodeId) -> Signature {
        self.sign(&possession_digest(
            chain_id,
            &owner.0,
            self.public.pk1(),
            self.public.pk2(),
        ))
    }
}
