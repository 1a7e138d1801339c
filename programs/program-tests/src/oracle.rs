//! BLS over BN254 by arkworks, and the encodings, written a second time on purpose.

use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField, Zero};
use sha2::{Digest, Sha256};

/// SHA-256 over parts.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn be(field: &Fq) -> [u8; 32] {
    field
        .into_bigint()
        .to_bytes_be()
        .try_into()
        .expect("a field element has 32 bytes")
}

/// `x ‖ y`; infinity is all zero.
pub fn g1_bytes(point: G1Projective) -> [u8; 64] {
    let affine = point.into_affine();
    let mut out = [0; 64];
    if let Some((x, y)) = affine.xy() {
        out[..32].copy_from_slice(&be(&x));
        out[32..].copy_from_slice(&be(&y));
    }
    out
}

/// `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`; infinity is all zero.
pub fn g2_bytes(point: G2Affine) -> [u8; 128] {
    let mut out = [0; 128];
    if let Some((x, y)) = point.xy() {
        for (i, part) in [x.c1, x.c0, y.c1, y.c0].iter().enumerate() {
            out[i * 32..][..32].copy_from_slice(&be(part));
        }
    }
    out
}

/// The point that `x` names: bit 7 of its first byte chooses the larger y, bit 6 is cleared.
fn decompress(mut x: [u8; 32]) -> Option<G1Affine> {
    let larger = x[0] & 0x80 != 0;
    x[0] &= 0x3F;
    let field = Fq::from_be_bytes_mod_order(&x);
    if be(&field) != x {
        return None;
    }
    let y = (field.square() * field + Fq::from(3u64)).sqrt()?;
    let (small, large) = if y < -y { (y, -y) } else { (-y, y) };
    Some(G1Affine::new_unchecked(field, if larger { large } else { small }))
}

/// The smallest counter that leads to a point, and the point.
pub fn hash_to_curve(message: &[u8; 32]) -> (u8, G1Affine) {
    (0..=255)
        .find_map(|ctr| Some((ctr, decompress(sha256(&[b"asset-l2:h2c:v01", message, &[ctr]]))?)))
        .expect("one in two counters works")
}

/// A point of the twist that lies outside the subgroup.
pub fn off_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|x| {
            G2Affine::get_point_from_x_unchecked(ark_bn254::Fq2::new(x.into(), Fq::zero()), false)
        })
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("almost every point is")
}

/// A BLS key.
#[derive(Clone, Copy, Debug)]
pub struct Key(pub Fr);

/// A signature with the hint that goes with it.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    pub ctr: u8,
    pub point: G1Projective,
}

impl Key {
    /// A key for tests: the same number gives the same key.
    pub fn numbered(number: u64) -> Self {
        Self(Fr::from_be_bytes_mod_order(&sha256(&[
            b"test key",
            &number.to_le_bytes(),
        ])))
    }

    pub fn pk1(&self) -> [u8; 64] {
        g1_bytes(G1Affine::generator() * self.0)
    }

    pub fn pk2_point(&self) -> G2Projective {
        G2Affine::generator() * self.0
    }

    pub fn pk2(&self) -> [u8; 128] {
        g2_bytes(self.pk2_point().into_affine())
    }

    pub fn sign(&self, message: &[u8; 32]) -> Signature {
        let (ctr, point) = hash_to_curve(message);
        Signature {
            ctr,
            point: point * self.0,
        }
    }

    /// What a proof of possession signs.
    pub fn possession_message(
        chain_id: &[u8; 32],
        owner: &[u8; 32],
        pk1: &[u8; 64],
        pk2: &[u8; 128],
    ) -> [u8; 32] {
        sha256(&[b"asset-l2:bls-pop", chain_id, owner, pk1, pk2])
    }
}

/// What a Vote2 for an encoded header signs.
pub fn vote2_message(chain_id: &[u8; 32], epoch: u64, view: u64, height: u64, header: &[u8]) -> [u8; 32] {
    let leaf = sha256(&[b"asset-l2:leaf:v1", header]);
    let [epoch, view, height] = [epoch, view, height].map(u64::to_le_bytes);
    sha256(&[b"asset-l2:vote2:1", chain_id, &epoch, &view, &height, &leaf])
}

/// `bitmap_len ‖ bitmap ‖ ctr ‖ signature` for the members whose index is in `signers`.
pub fn certificate(members: usize, signers: &[usize], ctr: u8, signature: G1Projective) -> Vec<u8> {
    let mut bitmap = vec![0u8; members.div_ceil(8)];
    for signer in signers {
        bitmap[signer / 8] |= 1 << (signer % 8);
    }
    let mut out = vec![bitmap.len() as u8];
    out.extend(bitmap);
    out.push(ctr);
    out.extend(g1_bytes(signature));
    out
}

/// Leaf commitment of an encoded header.
pub fn leaf(header: &[u8]) -> [u8; 32] {
    sha256(&[b"asset-l2:leaf:v1", header])
}

/// The perfect trees of a mountain range, largest first.
fn mountains(leaves: &[[u8; 32]]) -> Vec<&[[u8; 32]]> {
    let mut rest = leaves;
    let mut trees = Vec::new();
    while !rest.is_empty() {
        let (tree, right) = rest.split_at(1 << rest.len().ilog2());
        trees.push(tree);
        rest = right;
    }
    trees
}

fn tree_root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            sha256(&[b"asset-l2:mmrnode", &tree_root(left), &tree_root(right)])
        }
    }
}

/// The hash over a range's count and the roots of its trees, smallest first.
fn bagged<'a>(count: usize, trees: impl Iterator<Item = &'a &'a [[u8; 32]]>) -> [u8; 32] {
    let start = sha256(&[b"asset-l2:mmrroot", &(count as u64).to_le_bytes()]);
    trees.fold(start, |root, tree| {
        sha256(&[b"asset-l2:mmrroot", &root, &tree_root(tree)])
    })
}

/// Root of the mountain range over these leaves.
pub fn history_root(leaves: &[[u8; 32]]) -> [u8; 32] {
    bagged(leaves.len(), mountains(leaves).iter().rev())
}

/// The path from leaf `index` to the root of the range.
pub fn history_path(leaves: &[[u8; 32]], index: usize) -> Vec<u8> {
    let trees = mountains(leaves);
    let mut start = 0;
    let own = trees
        .iter()
        .position(|tree| {
            start += tree.len();
            index < start
        })
        .expect("a leaf of the range");
    let mut tree = trees[own];
    let mut local = index - (start - tree.len());
    let mut siblings = Vec::new();
    while tree.len() > 1 {
        let (left, right) = tree.split_at(tree.len() / 2);
        let sibling;
        (tree, sibling) = if local < left.len() {
            (left, right)
        } else {
            local -= left.len();
            (right, left)
        };
        siblings.push(tree_root(sibling));
    }
    siblings.reverse();
    let smaller = &trees[own + 1..];
    if !smaller.is_empty() {
        siblings.push(bagged(leaves.len(), smaller.iter().rev()));
    }
    siblings.extend(trees[..own].iter().rev().map(|tree| tree_root(tree)));
    siblings.concat()
}
