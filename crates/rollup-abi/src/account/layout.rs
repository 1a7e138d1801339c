//! The accounts' structs. Version 1 of the rollup's state is kept as far as `migrate` reads it.

use super::{RELEASES, release_index};
use crate::Digest;
use crate::instruction::MAX_POSTERS;
use crate::layout::layouts;

/// Length of an encoded header.
const HEADER_LEN: usize = crate::header::LEN;
/// Most bytes of a certificate.
const CERTIFICATE_LEN: usize = crate::certificate::MAX_LEN;

layouts! {
    /// A header with the certificate that makes it final.
    pub struct Certified {
        /// The view that the certificate names: the header's, or a later one for an epoch's last block.
        pub view: u64,
        /// Length of the certificate.
        pub certificate_len: u32,
        /// The encoded header.
        pub header: [u8; HEADER_LEN],
        /// The certificate, then zeros.
        pub certificate: [u8; CERTIFICATE_LEN],
    }

    /// The newest accepted block.
    pub struct Accepted {
        /// Its height; 0 is genesis.
        pub height: u64,
        /// Its view.
        pub view: u64,
        /// Solana slot in which it was accepted.
        pub slot: u64,
        /// Solana's clock then, seconds since 1970.
        pub unix_time: i64,
        /// Its leaf commitment; zero for genesis.
        pub leaf: Digest,
        /// Its state root.
        pub state_root: Digest,
        /// The accumulator over all state roots up to it.
        pub roots_acc: Digest,
        /// The range over the leaf commitments of all heights below it; zero for genesis.
        pub history_root: Digest,
        /// Hash of the next committee if this is its epoch's last block, else zero.
        pub next_committee: Digest,
    }

    /// Evidence that a quorum certified two blocks of one height; all zero while there is none.
    pub struct Conflict {
        /// The height.
        pub height: u64,
        /// The committee's epoch.
        pub epoch: u64,
        /// Solana slot in which it was shown.
        pub slot: u64,
        /// Solana's clock then, seconds since 1970.
        pub unix_time: i64,
        /// The root that had been accepted.
        pub recorded_root: Digest,
        /// Leaf commitment of the block that had been accepted; zero if it came in the middle of a run.
        pub recorded_leaf: Digest,
        /// The other certified root; the same if only the blocks differ.
        pub conflicting_root: Digest,
        /// Leaf commitment of the other block.
        pub conflicting_leaf: Digest,
        /// Proof of the accepted block; zero until somebody brings it, if it was not the newest.
        pub recorded: Certified,
        /// Proof of the other block.
        pub conflicting: Certified,
    }

    /// A committee that governance wants in place of the next one; zero if there is none.
    pub struct Replacement {
        /// Address of its account.
        pub committee: [u8; 32],
        /// Its hash.
        pub hash: Digest,
        /// Its epoch.
        pub epoch: u64,
        /// From when on it may be executed, seconds since 1970.
        pub ready_at: i64,
    }

    /// A program that ran here.
    pub struct Release {
        /// Its version: [`crate::release::version`].
        pub version: u64,
        /// The version of the rollup's state that it reads and writes.
        pub state_version: u64,
        /// Solana slot in which it was recorded.
        pub slot: u64,
        /// Solana's clock then, seconds since 1970.
        pub unix_time: i64,
        /// SHA-256 of its bytes, computed on chain.
        pub program_hash: Digest,
        /// SHA-256 of its IDL, as governance gave it.
        pub idl_hash: Digest,
    }

    /// Head of the rollup's account.
    pub struct RollupState {
        /// [`super::STATE_VERSION`] of the program that wrote it.
        pub state_version: u64,
        /// Hash of the genesis.
        pub chain_id: Digest,
        /// State root of height 0.
        pub genesis_root: Digest,
        /// Who activates the first committee, lists posters, resumes, replaces.
        pub governance: [u8; 32],
        /// Who may pause and veto.
        pub guardian: [u8; 32],
        /// Who may accept to be governance; zero if nobody.
        pub proposed_governance: [u8; 32],
        /// Who may accept to be guardian; zero if nobody.
        pub proposed_guardian: [u8; 32],
        /// From when on, seconds since 1970.
        pub guardian_ready_at: i64,
        /// Seconds that a replacement and a new guardian wait.
        pub delay: u64,
        /// Who may post; zero is a free place. If all are free, anybody may.
        pub posters: [[u8; 32]; MAX_POSTERS],
        /// Address of the account of the committee that certifies; zero before the first.
        pub committee: [u8; 32],
        /// Epoch of that committee.
        pub epoch: u64,
        /// Submissions accepted with effect.
        pub accepted: u64,
        /// The newest accepted block.
        pub last: Accepted,
        /// Its proof.
        pub newest: Certified,
        /// Why the rollup is or was frozen.
        pub conflict: Conflict,
        /// What governance has scheduled.
        pub replacement: Replacement,
        /// The newest releases; number `n` stands at index `n % RELEASES`.
        pub releases: [Release; RELEASES],
        /// Releases ever recorded.
        pub release_count: u64,
        /// 1 while paused.
        pub paused: u8,
        /// 1 from a conflict until the committee is replaced.
        pub frozen: u8,
        /// 1 once the first committee has been activated.
        pub active: u8,
        /// Zero.
        pub reserved: [u8; 5],
    }

    /// One height of the root history; height `h` stands at index `h % RING`.
    pub struct RingEntry {
        /// The height.
        pub height: u64,
        /// Solana slot in which it was accepted.
        pub slot: u64,
        /// Solana's clock then, seconds since 1970.
        pub unix_time: i64,
        /// The state root after that height.
        pub state_root: Digest,
        /// The block's leaf commitment; zero if it came in the middle of a run.
        pub leaf: Digest,
        /// The range over the leaf commitments of all heights below it; zero if it came in the middle of a run.
        pub history_root: Digest,
    }

    /// Head of a committee's account.
    pub struct CommitteeState {
        /// The epoch that it certifies.
        pub epoch: u64,
        /// Sum of the members' stakes.
        pub total_stake: u64,
        /// Stake that a certificate needs; zero until sealed.
        pub quorum: u64,
        /// Sum of the members' keys in G2; zero (infinity) while there is no member.
        pub total_pk2: [u8; 128],
        /// [`crate::committee::committee_hash`] of the members; zero until sealed.
        pub hash: Digest,
        /// 1 once sealed: it does not change any more.
        pub sealed: u8,
        /// Zero.
        pub reserved: [u8; 7],
    }

    /// One member, in order of registration: its index is its bit in a certificate.
    pub struct Member {
        /// BLS key in G2.
        pub pk2: [u8; 128],
        /// Voting weight.
        pub stake: u64,
        /// The member's Solana key.
        pub owner: [u8; 32],
    }
}

/// Version 1 of the rollup's state, 0.1.0 as first released. Its committees were laid out as they are now.
pub mod v1 {
    use super::{Digest, MAX_POSTERS, layouts};

    /// Length of the whole account.
    pub const LEN: usize = 15_000;

    layouts! {
        /// The newest accepted block.
        pub struct Accepted {
            /// Its height.
            pub height: u64,
            /// Its view.
            pub view: u64,
            /// Solana slot.
            pub slot: u64,
            /// Solana's clock.
            pub unix_time: i64,
            /// Its leaf commitment.
            pub leaf: Digest,
            /// Its state root.
            pub state_root: Digest,
            /// The accumulator.
            pub roots_acc: Digest,
        }

        /// Evidence of two certified roots at one height.
        pub struct Conflict {
            /// The height.
            pub height: u64,
            /// View of the second header.
            pub view: u64,
            /// The root that had been accepted.
            pub recorded_root: Digest,
            /// The other certified root.
            pub conflicting_root: Digest,
            /// Leaf commitment of the second header.
            pub conflicting_leaf: Digest,
        }

        /// Head of the rollup's account.
        pub struct RollupState {
            /// Hash of the genesis.
            pub chain_id: Digest,
            /// State root of height 0.
            pub genesis_root: Digest,
            /// Governance.
            pub governance: [u8; 32],
            /// The guardian.
            pub guardian: [u8; 32],
            /// Who may post.
            pub posters: [[u8; 32]; MAX_POSTERS],
            /// The newest accepted block.
            pub last: Accepted,
            /// Why the rollup is frozen.
            pub conflict: Conflict,
            /// Epoch of the committee.
            pub epoch: u64,
            /// Submissions accepted with effect.
            pub accepted: u64,
            /// 1 while paused.
            pub paused: u8,
            /// 1 after a conflict.
            pub frozen: u8,
            /// 1 once the committee is active.
            pub active: u8,
            /// Zero.
            pub reserved: [u8; 5],
        }

        /// One height of the root history.
        pub struct RingEntry {
            /// The height.
            pub height: u64,
            /// Solana slot.
            pub slot: u64,
            /// Solana's clock.
            pub unix_time: i64,
            /// The state root after that height.
            pub state_root: Digest,
        }
    }

    const _: () = assert!(size_of::<RollupState>() == 648 && size_of::<RingEntry>() == 56);
}

impl Certified {
    /// Writes one; a certificate is at most as long as there is room for, which its check has shown.
    #[inline(always)]
    pub fn set(&mut self, view: u64, header: &[u8; HEADER_LEN], certificate: &[u8]) {
        let len = certificate.len().min(CERTIFICATE_LEN);
        self.view = view;
        self.header.copy_from_slice(header);
        self.certificate_len = len as u32;
        self.certificate[..len].copy_from_slice(&certificate[..len]);
        self.certificate[len..].fill(0);
    }

    /// Whether there is one.
    #[inline(always)]
    pub fn is_set(&self) -> bool {
        self.certificate_len != 0
    }

    /// The certificate as it was posted.
    pub fn certificate(&self) -> &[u8] {
        let len = (self.certificate_len as usize).min(CERTIFICATE_LEN);
        &self.certificate[..len]
    }
}

impl RollupState {
    /// The newest recorded release: the program that runs, if whoever upgraded it kept the records.
    pub fn running(&self) -> Option<&Release> {
        let newest = self.release_count.checked_sub(1)?;
        self.releases.get(release_index(newest))
    }

    /// Whether this key may post.
    #[inline(always)]
    pub fn allows(&self, poster: &[u8; 32]) -> bool {
        self.posters.contains(poster) && *poster != [0; 32] || self.is_open()
    }

    /// Whether anybody may post: nobody is listed.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.posters.iter().all(|poster| *poster == [0; 32])
    }
}
