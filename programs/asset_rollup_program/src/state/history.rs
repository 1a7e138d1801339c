//! The root history: what a submitted header means for it, and how it moves on.

use rollup_abi::account::{RingEntry, RollupState, in_ring, ring_index};
use rollup_abi::header::{self, NEWEST_VERSION};
use rollup_abi::{Digest, Header, HeaderError, ProgramError, roots, vote};

use crate::state::epoch;

/// A header as it was submitted, with what was submitted to prove it.
pub struct Proven<'a> {
    pub header: Header,
    pub encoded: &'a [u8; header::LEN],
    pub leaf: Digest,
    /// The view that the certificate names.
    pub view: u64,
    pub certificate: &'a [u8],
}

/// What a header of this chain means before its certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Already accepted, or older than the ring: nothing to do.
    Known,
    /// Another block stands at its height: if this one is certified, the rollup freezes.
    Conflicts,
    /// Newer than the last accepted one.
    Newer,
}

impl<'a> Proven<'a> {
    /// Reads a header of a version that this program knows.
    #[inline(always)]
    pub fn read(
        encoded: &'a [u8; header::LEN],
        view: u64,
        certificate: &'a [u8],
    ) -> Result<Self, ProgramError> {
        let header = match Header::decode(encoded) {
            Ok(header) if header.version <= NEWEST_VERSION => header,
            Ok(_) | Err(HeaderError::Version { .. } | HeaderError::Length { .. }) => {
                return Err(ProgramError::HeaderVersion);
            }
        };
        Ok(Self {
            header,
            encoded,
            leaf: header::commitment(encoded),
            view,
            certificate,
        })
    }

    /// Refuses a certificate of another view than the header's. An epoch's last block alone may be proposed again, and so be
    /// certified in a later one.
    #[inline(always)]
    pub fn validate_view(&self) -> Result<(), ProgramError> {
        let ends_epoch = self.header.next_committee != [0; 32];
        if self.view == self.header.view || ends_epoch && self.view > self.header.view {
            Ok(())
        } else {
            Err(ProgramError::CertificateView)
        }
    }

    /// What the committee signed.
    #[inline(always)]
    pub fn digest(&self) -> Digest {
        let Header {
            chain_id,
            epoch,
            height,
            ..
        } = &self.header;
        vote::vote2_digest(chain_id, *epoch, self.view, *height, &self.leaf)
    }
}

/// What the header means.
#[inline(always)]
pub fn meaning(state: &RollupState, ring: &[RingEntry], proven: &Proven<'_>) -> Meaning {
    let header = &proven.header;
    if header.height > state.last.height {
        return Meaning::Newer;
    }
    match recorded(state, ring, header.height) {
        Some(entry) if !is_same_block(entry, proven) => Meaning::Conflicts,
        _ => Meaning::Known,
    }
}

/// What the ring holds of a height.
#[inline(always)]
pub fn recorded<'r>(state: &RollupState, ring: &'r [RingEntry], height: u64) -> Option<&'r RingEntry> {
    let entry = ring.get(ring_index(height))?;
    in_ring(state.last.height, height).then_some(entry)
}

/// Of a block that came in the middle of a run, only the root is known.
#[inline(always)]
fn is_same_block(entry: &RingEntry, proven: &Proven<'_>) -> bool {
    let same_leaf = entry.leaf == [0; 32] || entry.leaf == proven.leaf;
    same_leaf && entry.state_root == proven.header.state_root
}

/// Refuses roots that do not lead from the last accepted block to this newer header, whose own root follows them.
#[inline(always)]
pub fn validate_advance(
    state: &RollupState,
    header: &Header,
    between: &[Digest],
) -> Result<(), ProgramError> {
    let last = &state.last;
    if epoch::has_ended(state) {
        return Err(ProgramError::EpochEnded);
    }
    if header.view <= last.view {
        return Err(ProgramError::ViewNotNewer);
    }
    if header.height.checked_sub(last.height) != Some((between.len() as u64).wrapping_add(1)) {
        return Err(ProgramError::RootsCount);
    }
    let acc = between
        .iter()
        .fold(last.roots_acc, |acc, root| roots::extend(&acc, root));
    if roots::extend(&acc, &header.state_root) != header.roots_acc {
        return Err(ProgramError::RootsAccumulator);
    }
    Ok(())
}

/// Moves the rollup to the header.
#[inline(always)]
pub fn apply_advance(state: &mut RollupState, proven: &Proven<'_>, (slot, unix_time): (u64, i64)) {
    let header = &proven.header;
    let last = &mut state.last;
    last.height = header.height;
    last.view = header.view;
    last.slot = slot;
    last.unix_time = unix_time;
    last.leaf = proven.leaf;
    last.state_root = header.state_root;
    last.roots_acc = header.roots_acc;
    last.history_root = header.history_root;
    last.next_committee = header.next_committee;
    state.newest.set(proven.view, proven.encoded, proven.certificate);
    state.accepted = state.accepted.wrapping_add(1);
}

/// The ring entry of the block that moved the rollup.
#[inline(always)]
pub fn newest_entry(state: &RollupState) -> RingEntry {
    let last = &state.last;
    RingEntry {
        height: last.height,
        slot: last.slot,
        unix_time: last.unix_time,
        state_root: last.state_root,
        leaf: last.leaf,
        history_root: last.history_root,
    }
}

/// What must hold after an advance: the ring's newest entry is the last accepted root.
#[inline(always)]
pub fn invariant(state: &RollupState, ring: &[RingEntry]) {
    let newest = &ring[ring_index(state.last.height)];
    assert!(newest.height == state.last.height && newest.state_root == state.last.state_root);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use rollup_abi::account::RING;

    fn header(height: u64, root: u8) -> Header {
        Header {
            chain_id: [1; 32],
            view: height,
            height,
            state_root: [root; 32],
            ..Header::default()
        }
    }

    /// A rollup at `last` whose root at height h is `h as u8`; the leaves of even heights are known.
    fn rollup(last: u64) -> (RollupState, Vec<RingEntry>) {
        let mut state = RollupState::zeroed();
        state.chain_id = [1; 32];
        let mut ring = Vec::new();
        for height in 0..=last {
            let known = height % 2 == 0 && height != 0;
            let entry = RingEntry {
                height,
                slot: 0,
                unix_time: 0,
                state_root: [height as u8; 32],
                leaf: if known {
                    header(height, height as u8).commitment()
                } else {
                    [0; 32]
                },
                history_root: [0; 32],
            };
            match ring.get_mut(ring_index(height)) {
                Some(place) => *place = entry,
                None => ring.push(entry),
            }
            state.last.height = height;
            state.last.view = height;
            state.last.state_root = entry.state_root;
            state.last.roots_acc = roots::extend(&state.last.roots_acc, &entry.state_root);
        }
        (state, ring)
    }

    #[test]
    fn meanings() {
        let (state, ring) = rollup(300);
        assert_eq!(ring.len(), RING);
        invariant(&state, &ring);
        let of = |header: &Header| {
            let encoded = header.encode();
            let proven = Proven::read(&encoded, header.view, &[]).unwrap();
            meaning(&state, &ring, &proven)
        };
        for (height, root, expected) in [
            (301, 1, Meaning::Newer),
            (300, 300u64 as u8, Meaning::Known),
            (300, 1, Meaning::Conflicts),
            (45, 45, Meaning::Known),
            (45, 46, Meaning::Conflicts),
            (44, 99, Meaning::Known),
            (0, 99, Meaning::Known),
        ] {
            assert_eq!(of(&header(height, root)), expected, "{height} {root}");
        }
        for (height, expected) in [(46, Meaning::Conflicts), (47, Meaning::Known)] {
            let mut same_root = header(height, height as u8);
            same_root.timestamp_ms = 9;
            assert_eq!(
                of(&same_root),
                expected,
                "another block with the root of {height}"
            );
        }
    }

    #[test]
    fn advance_wants_every_root() {
        let (mut state, _) = rollup(3);
        let mut next = header(5, 8);
        next.roots_acc = roots::extend(&roots::extend(&state.last.roots_acc, &[7; 32]), &[8; 32]);
        let between = [[7; 32]];
        assert_eq!(validate_advance(&state, &next, &between), Ok(()));
        for wrong in [&[][..], &[[7; 32], [8; 32]]] {
            assert_eq!(
                validate_advance(&state, &next, wrong),
                Err(ProgramError::RootsCount)
            );
        }
        assert_eq!(
            validate_advance(&state, &next, &[[6; 32]]),
            Err(ProgramError::RootsAccumulator)
        );
        let stale = Header {
            view: 3,
            ..next.clone()
        };
        assert_eq!(
            validate_advance(&state, &stale, &between),
            Err(ProgramError::ViewNotNewer)
        );
        state.last.next_committee = [1; 32];
        assert_eq!(
            validate_advance(&state, &next, &between),
            Err(ProgramError::EpochEnded)
        );
    }

    #[test]
    fn headers_of_unknown_versions_are_refused() {
        let good = header(2, 1).encode();
        assert_eq!(
            Proven::read(&good, 2, &[]).map(|proven| proven.header.height),
            Ok(2)
        );
        for version in [0, 2] {
            let mut other = good;
            other[0] = version;
            assert_eq!(
                Proven::read(&other, 2, &[]).err(),
                Some(ProgramError::HeaderVersion)
            );
        }
    }

    #[test]
    fn only_a_last_block_is_certified_in_a_later_view() {
        for (next_committee, view, good) in [
            (0, 7, true),
            (0, 8, false),
            (1, 7, true),
            (1, 8, true),
            (1, 6, false),
        ] {
            let header = Header {
                next_committee: [next_committee; 32],
                ..header(7, 1)
            };
            let encoded = header.encode();
            let proven = Proven::read(&encoded, view, &[]).unwrap();
            assert_eq!(proven.validate_view().is_ok(), good, "{next_committee} {view}");
        }
    }
}
