//! A header as it is posted: without its chain id, which the program puts in itself. So a header of another chain cannot even
//! be said, and fails as a signature over something else.

use crate::{Digest, header};

/// Length of a posted header.
pub const LEN: usize = header::LEN - size_of::<Digest>();

/// Bytes before the chain id: the version.
const BEFORE: usize = 2;

/// Leaves the chain id out.
pub fn strip(encoded: &[u8; header::LEN]) -> [u8; LEN] {
    let mut out = [0; LEN];
    out[..BEFORE].copy_from_slice(&encoded[..BEFORE]);
    out[BEFORE..].copy_from_slice(&encoded[BEFORE + 32..]);
    out
}

/// Puts the chain id in.
#[inline(always)]
pub fn restore(chain_id: &Digest, posted: &[u8; LEN]) -> [u8; header::LEN] {
    let mut out = [0; header::LEN];
    out[..BEFORE].copy_from_slice(&posted[..BEFORE]);
    out[BEFORE..BEFORE + 32].copy_from_slice(chain_id);
    out[BEFORE + 32..].copy_from_slice(&posted[BEFORE..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_chain_id_is_missing() {
        let mut encoded = [0; header::LEN];
        for (place, value) in encoded.iter_mut().zip((0..=255).cycle()) {
            *place = value;
        }
        let chain_id = encoded[2..34].try_into().unwrap();
        let posted = strip(&encoded);
        assert_eq!((posted[1], posted[2], posted.len()), (1, 34, 298));
        assert_eq!(restore(&chain_id, &posted), encoded);
        assert_ne!(restore(&[0; 32], &posted), encoded);
    }
}
