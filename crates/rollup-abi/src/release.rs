//! The version of the program, as a release record has it.

/// `major.minor.patch` as one number that sorts as versions do.
pub const fn version(major: u16, minor: u16, patch: u16) -> u64 {
    (major as u64) << 32 | (minor as u64) << 16 | patch as u64
}

/// The parts of such a number.
pub const fn parts(version: u64) -> (u16, u16, u16) {
    ((version >> 32) as u16, (version >> 16) as u16, version as u16)
}

/// Reads `1.2.3`; what does not read is 0. For use in constants.
pub const fn parse(text: &str) -> u64 {
    let (mut version, mut part, mut at) = (0u64, 0u64, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'.' => {
                version = (version | part) << 16;
                part = 0;
            }
            digit @ b'0'..=b'9' => {
                part = part
                    .wrapping_mul(10)
                    .wrapping_add(digit.wrapping_sub(b'0') as u64)
            }
            _ => return 0,
        }
        at = at.wrapping_add(1);
    }
    version | part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_and_read() {
        assert_eq!(parse("1.2.3"), version(1, 2, 3));
        assert_eq!(parse("0.1.0"), version(0, 1, 0));
        assert_eq!(parse("x"), 0);
        assert_eq!(parts(version(7, 65_535, 9)), (7, 65_535, 9));
        assert!(version(0, 10, 0) > version(0, 9, 9) && version(1, 0, 0) > version(0, 65_535, 65_535));
    }
}
