//! SHA-256 over concatenated parts.

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// SHA-256 of the parts, one after the other.
#[cfg(not(target_os = "solana"))]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256 of the parts, one after the other, by syscall.
#[cfg(target_os = "solana")]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    unsafe extern "C" {
        fn sol_sha256(parts: *const u8, count: u64, result: *mut u8) -> u64;
    }
    let mut digest = [0u8; 32];
    // SAFETY: the syscall reads `count` (pointer, length) pairs, which is the layout of a slice of slices on this target,
    // and writes 32 bytes.
    unsafe { sol_sha256(parts.as_ptr().cast(), parts.len() as u64, digest.as_mut_ptr()) };
    digest
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_are_concatenated() {
        // FIPS 180-2, "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(super::sha256(&[b"a", b"", b"bc"])), abc);
    }
}
