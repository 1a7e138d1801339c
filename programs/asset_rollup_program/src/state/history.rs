//! The root history: what a submitted header means for it, and how it moves on.

use rollup_abi::account::{Accepted, Conflict, RingEntry, RollupState, in_ring, ring_index};
use rollup_abi::{Digest, Header, HeaderError, ProgramError, header::NEWEST_VERSION, roots};

/// What a header of this chain means before its certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Already accepted, or older than the ring: nothing to do.
    Known,
    /// Another root stands at its height: if it is certified, the rollup freezes.
    Conflicts {
        /// The root that was accepted.
        recorded: Digest,
    },
    /// Newer than the last accepted one.
    Newer,
}

/// Reads a header of this chain and epoch, of a version that this program knows.
#[inline(always)]
pub fn read_header(state: &RollupState, bytes: &[u8]) -> Result<Header, ProgramError> {
    let header = Header::decode(bytes).map_err(|error| match error {
        HeaderError::Length { .. } => ProgramError::HeaderLength,
        HeaderError::Version { .. } => ProgramError::HeaderVersion,
    })?;
    if header.version > NEWEST_VERSION {
        return Err(ProgramError::HeaderVersion);
    }
    if header.chain_id != state.chain_id {
        return Err(ProgramError::HeaderChain);
    }
    if header.epoch != state.epoch {
        return Err(ProgramError::WrongEpoch);
    }
    Ok(header)
}

/// What the header means.
#[inline(always)]
pub fn meaning(state: &RollupState, ring: &[RingEntry], header: &Header) -> Meaning {
    if header.height > state.last.height {
        return Meaning::Newer;
    }
    match ring.get(ring_index(header.height)) {
        Some(entry) if in_ring(state.last.height, header.height) && entry.state_root != header.state_root => {
            Meaning::Conflicts {
                recorded: entry.state_root,
            }
        }
        _ => Meaning::Known,
    }
}

/// Refuses roots that do not lead from the last accepted block to this newer header.
#[inline(always)]
pub fn validate_advance(state: &RollupState, header: &Header, new: &[Digest]) -> Result<(), ProgramError> {
    if header.view <= state.last.view {
        return Err(ProgramError::ViewNotNewer);
    }
    if header.height.checked_sub(state.last.height) != Some(new.len() as u64) {
        return Err(ProgramError::RootsCount);
    }
    if new.last() != Some(&header.state_root) {
        return Err(ProgramError::RootsLast);
    }
    let acc = new
        .iter()
        .fold(state.last.roots_acc, |acc, root| roots::extend(&acc, root));
    if acc != header.roots_acc {
        return Err(ProgramError::RootsAccumulator);
    }
    Ok(())
}

/// Moves the rollup to the header.
#[inline(always)]
pub fn apply_advance(state: &mut RollupState, header: &Header, leaf: &Digest, slot: u64, unix_time: i64) {
    state.last = Accepted {
        height: header.height,
        view: header.view,
        slot,
        unix_time,
        leaf: *leaf,
        state_root: header.state_root,
        roots_acc: header.roots_acc,
    };
    state.accepted = state.accepted.wrapping_add(1);
}

/// Freezes the rollup and keeps both roots.
#[inline(always)]
pub fn apply_conflict(state: &mut RollupState, header: &Header, leaf: &Digest, recorded: &Digest) {
    state.frozen = 1;
    state.conflict = Conflict {
        height: header.height,
        view: header.view,
        recorded_root: *recorded,
        conflicting_root: header.state_root,
        conflicting_leaf: *leaf,
    };
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

    /// A rollup at `last` whose root at height h is `h as u8`.
    fn rollup(last: u64) -> (RollupState, Vec<RingEntry>) {
        let mut state = RollupState::zeroed();
        state.chain_id = [1; 32];
        let mut ring = Vec::new();
        for height in 0..=last {
            let entry = RingEntry {
                height,
                slot: 0,
                unix_time: 0,
                state_root: [height as u8; 32],
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
        for (height, root, expected) in [
            (301, 1, Meaning::Newer),
            (300, 300u64 as u8, Meaning::Known),
            (300, 1, Meaning::Conflicts { recorded: [44; 32] }),
            (45, 45, Meaning::Known),
            (45, 46, Meaning::Conflicts { recorded: [45; 32] }),
            (44, 99, Meaning::Known),
            (0, 99, Meaning::Known),
        ] {
            assert_eq!(
                meaning(&state, &ring, &header(height, root)),
                expected,
                "{height} {root}"
            );
        }
        let (young, ring) = rollup(2);
        assert_eq!(
            meaning(&young, &ring, &header(0, 9)),
            Meaning::Conflicts { recorded: [0; 32] }
        );
    }

    #[test]
    fn advance_wants_every_root() {
        let (state, _) = rollup(3);
        let mut next = header(5, 8);
        let new = [[7; 32], [8; 32]];
        next.roots_acc = roots::extend(&roots::extend(&state.last.roots_acc, &new[0]), &new[1]);
        assert_eq!(validate_advance(&state, &next, &new), Ok(()));
        assert_eq!(
            validate_advance(&state, &next, &new[1..]),
            Err(ProgramError::RootsCount)
        );
        assert_eq!(
            validate_advance(&state, &next, &[]),
            Err(ProgramError::RootsCount)
        );
        assert_eq!(
            validate_advance(&state, &next, &[[8; 32], [7; 32]]),
            Err(ProgramError::RootsLast)
        );
        assert_eq!(
            validate_advance(&state, &next, &[[6; 32], [8; 32]]),
            Err(ProgramError::RootsAccumulator)
        );
        let mut stale = next.clone();
        stale.view = 3;
        assert_eq!(
            validate_advance(&state, &stale, &new),
            Err(ProgramError::ViewNotNewer)
        );
        let mut moved = state;
        apply_advance(&mut moved, &next, &[9; 32], 10, 11);
        assert_eq!(
            (moved.last.height, moved.last.leaf, moved.accepted),
            (5, [9; 32], 1)
        );
    }

    #[test]
    fn foreign_headers_are_refused() {
        let (state, _) = rollup(1);
        let good = header(2, 1).encode();
        assert_eq!(read_header(&state, &good).map(|h| h.height), Ok(2));
        assert_eq!(read_header(&state, &good[1..]), Err(ProgramError::HeaderLength));
        for unknown in [0, NEWEST_VERSION + 1] {
            let mut version = good;
            version[..2].copy_from_slice(&unknown.to_le_bytes());
            assert_eq!(read_header(&state, &version), Err(ProgramError::HeaderVersion));
        }
        let mut chain = good;
        chain[2] = 2;
        assert_eq!(read_header(&state, &chain), Err(ProgramError::HeaderChain));
        let mut epoch = header(2, 1);
        epoch.epoch = 1;
        assert_eq!(
            read_header(&state, &epoch.encode()),
            Err(ProgramError::WrongEpoch)
        );
    }

    #[test]
    fn conflict_keeps_both_roots() {
        let (mut state, _) = rollup(4);
        apply_conflict(&mut state, &header(4, 9), &[5; 32], &[4; 32]);
        assert_eq!(state.frozen, 1);
        assert_eq!(
            (state.conflict.recorded_root, state.conflict.conflicting_root),
            ([4; 32], [9; 32])
        );
    }
}
