//! The domain tag of every digest of this crate: 16 bytes, first in what is hashed, as in [`rollup_abi::domain`].

use rollup_abi::domain::Domain;

/// A program's code hash.
pub const CODE: &Domain = b"asset-l2:vm-code";
/// A storage slot: also the key of a cell.
pub const SLOT: &Domain = b"asset-l2:vm-slot";
/// The key of a map's entry.
pub const ITEM: &Domain = b"asset-l2:vm-item";
/// The selector of an entry or view.
pub const CALL: &Domain = b"asset-l2:vm-call";

#[cfg(test)]
mod tests {
    use super::{CALL, CODE, ITEM, SLOT};

    #[test]
    fn domains_differ() {
        let mut all = rollup_abi::domain::ALL.to_vec();
        all.extend([CODE, SLOT, ITEM, CALL]);
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "{a:?} stands twice");
        }
    }
}
