//! The wire layout of a certificate: which members signed, and their aggregate signature.
//!
//! ```text
//! bitmap_len u8 │ bitmap ⌈N/8⌉, little-endian bits │ ctr u8 │ signature 64 (G1, big-endian x ‖ y)
//! ```

use crate::committee::MAX_MEMBERS;

/// Longest bitmap in bytes.
pub const MAX_BITMAP: usize = MAX_MEMBERS / 8;
/// Longest certificate in bytes.
pub const MAX_LEN: usize = 1 + MAX_BITMAP + 1 + 64;

/// A certificate as it lies in a message: views into the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateRef<'a> {
    /// One bit per member, in committee order; bits beyond the last member are zero.
    pub bitmap: &'a [u8],
    /// The smallest counter for which the hash to curve finds a point; a wrong one only fails.
    pub ctr: u8,
    /// Aggregate signature in G1, big-endian x ‖ y.
    pub signature: &'a [u8; 64],
}

/// Why bytes are not a certificate of a committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateWireError {
    /// The bytes end early or go on after the signature.
    Length,
    /// The bitmap is not ⌈members/8⌉ bytes.
    BitmapLength,
    /// A bit beyond the last member is set.
    BitmapTail,
}

impl core::fmt::Display for CertificateWireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Length => "certificate has a wrong length",
            Self::BitmapLength => "certificate's bitmap does not fit the committee",
            Self::BitmapTail => "certificate's bitmap names a member beyond the committee",
        })
    }
}

impl core::error::Error for CertificateWireError {}

impl<'a> CertificateRef<'a> {
    /// Reads a certificate of a committee with `members` members; the bytes must be exactly that long.
    #[inline(always)]
    pub fn decode(bytes: &'a [u8], members: usize) -> Result<Self, CertificateWireError> {
        let (&bitmap_len, rest) = bytes.split_first().ok_or(CertificateWireError::Length)?;
        let bitmap_len = usize::from(bitmap_len);
        if members > MAX_MEMBERS || bitmap_len != members.div_ceil(8) {
            return Err(CertificateWireError::BitmapLength);
        }
        if rest.len() != bitmap_len.wrapping_add(65) {
            return Err(CertificateWireError::Length);
        }
        let (bitmap, rest) = rest.split_at(bitmap_len);
        let (&ctr, signature) = rest.split_first().ok_or(CertificateWireError::Length)?;
        let signature = signature.try_into().map_err(|_| CertificateWireError::Length)?;
        if let Some(&last) = bitmap.last() {
            let used = members % 8;
            if used != 0 && last >> used != 0 {
                return Err(CertificateWireError::BitmapTail);
            }
        }
        Ok(Self {
            bitmap,
            ctr,
            signature,
        })
    }

    /// Whether the member at `index` signed.
    #[inline(always)]
    pub fn has(&self, index: usize) -> bool {
        has(self.bitmap, index)
    }
}

/// Whether bit `index` is set; beyond the end is unset.
#[inline(always)]
pub fn has(bitmap: &[u8], index: usize) -> bool {
    match bitmap.get(index / 8) {
        Some(byte) => byte >> (index % 8) & 1 == 1,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(bitmap: &[u8]) -> Vec<u8> {
        let mut bytes = vec![bitmap.len() as u8];
        bytes.extend_from_slice(bitmap);
        bytes.push(3);
        bytes.extend_from_slice(&[5; 64]);
        bytes
    }

    #[test]
    fn reads_its_layout() {
        let bytes = wire(&[0b101]);
        let cert = CertificateRef::decode(&bytes, 4).unwrap();
        assert_eq!(
            (cert.has(0), cert.has(1), cert.has(2), cert.has(3), cert.has(64)),
            (true, false, true, false, false)
        );
        assert_eq!((cert.ctr, cert.signature), (3, &[5; 64]));
    }

    #[test]
    fn malformed_is_refused() {
        let good = wire(&[0b1111]);
        assert_eq!(CertificateRef::decode(&[], 4), Err(CertificateWireError::Length));
        assert_eq!(
            CertificateRef::decode(&good[..good.len() - 1], 4),
            Err(CertificateWireError::Length)
        );
        assert_eq!(
            CertificateRef::decode(&wire(&[1, 0]), 4),
            Err(CertificateWireError::BitmapLength)
        );
        assert_eq!(
            CertificateRef::decode(&wire(&[0b1_0000]), 4),
            Err(CertificateWireError::BitmapTail)
        );
        assert_eq!(
            CertificateRef::decode(&good, MAX_MEMBERS + 1),
            Err(CertificateWireError::BitmapLength)
        );
        assert!(CertificateRef::decode(&wire(&[0xff]), 8).is_ok());
    }
}
