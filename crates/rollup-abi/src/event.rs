//! What the program logs: `Program data: <base64>` of `discriminator 8 │ fields`, integers little-endian.

use crate::Digest;
use crate::layout::{Field, layouts};

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $name:ident = $discriminator:expr, $len:literal {
        $($(#[doc = $field_doc:literal])+ $field:ident: $ty:ty,)+
    })+) => {
        $(
            layouts! {
                $(#[doc = $doc])+
                pub struct $name {
                    $($(#[doc = $field_doc])+ pub $field: $ty,)+
                }
            }

            impl $name {
                /// First eight bytes: the hash of the event's name.
                pub const DISCRIMINATOR: [u8; 8] = $discriminator;

                /// What is logged.
                #[inline(always)]
                pub fn encode(&self) -> [u8; 8 + $len] {
                    let mut out = [0; 8 + $len];
                    out[..8].copy_from_slice(&Self::DISCRIMINATOR);
                    out[8..].copy_from_slice(bytemuck::bytes_of(self));
                    out
                }
            }
        )+

        /// An event of the program.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($(#[doc = $doc])+ $name($name),)+
        }

        impl Event {
            /// Every event with its name, discriminator and fields, for tests and the IDL.
            pub const ALL: &'static [(&'static str, [u8; 8], &'static [Field])] =
                &[$((stringify!($name), $name::DISCRIMINATOR, $name::FIELDS),)+];

            /// Reads what was logged; `None` if it is not one of the program's events.
            pub fn decode(data: &[u8]) -> Option<Self> {
                let (discriminator, body) = data.split_first_chunk::<8>()?;
                match *discriminator {
                    $($name::DISCRIMINATOR if body.len() == size_of::<$name>() => {
                        Some(Self::$name(bytemuck::pod_read_unaligned(body)))
                    })+
                    _ => None,
                }
            }
        }
    };
}

/// Why a committee began to certify: it is the first.
pub const REASON_FIRST: u64 = 0;
/// Why a committee began to certify: the one before handed over.
pub const REASON_HAND_OVER: u64 = 1;
/// Why a committee began to certify: governance replaced the one before.
pub const REASON_REPLACEMENT: u64 = 2;

events! {
    /// The rollup was created.
    RollupInitialized = [0xf0, 0x1c, 0x57, 0xbc, 0x02, 0x3c, 0x04, 0x7c], 136 {
        /// Hash of the genesis.
        chain_id: Digest,
        /// State root of height 0.
        genesis_root: Digest,
        /// Governance.
        governance: [u8; 32],
        /// The guardian.
        guardian: [u8; 32],
        /// Seconds that a replacement waits.
        delay: u64,
    }
    /// The rollup's account grew.
    RollupGrown = [0x6f, 0xa4, 0x88, 0xec, 0x35, 0x70, 0x03, 0xc7], 8 {
        /// Its length now.
        bytes: u64,
    }
    /// Somebody opened an account for a committee.
    CommitteeOpened = [0xfa, 0x27, 0x1d, 0x97, 0xe8, 0xd3, 0x86, 0xe1], 72 {
        /// The committee's epoch.
        epoch: u64,
        /// The account.
        committee: [u8; 32],
        /// Who may register members.
        stager: [u8; 32],
    }
    /// A member joined a committee.
    MemberRegistered = [0x39, 0x9b, 0x80, 0x5e, 0x01, 0x95, 0x19, 0xfa], 88 {
        /// The committee's epoch.
        epoch: u64,
        /// The member's bit.
        index: u64,
        /// Its stake.
        stake: u64,
        /// Its Solana key.
        owner: [u8; 32],
        /// The committee's account.
        committee: [u8; 32],
    }
    /// A committee's members are complete.
    CommitteeSealed = [0x1d, 0x4e, 0xd9, 0xc5, 0xeb, 0xc4, 0xfe, 0x77], 96 {
        /// The committee's epoch.
        epoch: u64,
        /// Its members.
        members: u64,
        /// Their stake.
        total_stake: u64,
        /// What a certificate needs.
        quorum: u64,
        /// The committee's hash.
        hash: Digest,
        /// The committee's account.
        committee: [u8; 32],
    }
    /// A committee's account was given up.
    CommitteeClosed = [0x96, 0xf2, 0x11, 0x5a, 0x11, 0xc7, 0x80, 0xdc], 40 {
        /// The committee's epoch.
        epoch: u64,
        /// The account.
        committee: [u8; 32],
    }
    /// A committee began to certify.
    CommitteeActivated = [0xe2, 0x19, 0x6f, 0xf2, 0x65, 0xd2, 0x60, 0x7b], 104 {
        /// The committee's epoch.
        epoch: u64,
        /// Why: [`REASON_FIRST`], [`REASON_HAND_OVER`] or [`REASON_REPLACEMENT`].
        reason: u64,
        /// The last accepted height before it.
        height: u64,
        /// The members' stake.
        total_stake: u64,
        /// What a certificate needs.
        quorum: u64,
        /// The committee's hash.
        hash: Digest,
        /// The committee's account.
        committee: [u8; 32],
    }
    /// A certificate moved the rollup forward.
    RootsAccepted = [0x77, 0xcd, 0x44, 0x1d, 0x58, 0xa9, 0x7c, 0x6d], 144 {
        /// The new height.
        height: u64,
        /// The new view.
        view: u64,
        /// The committee's epoch.
        epoch: u64,
        /// Solana slot.
        slot: u64,
        /// Stake that signed.
        signed_stake: u64,
        /// How many heights it brought.
        roots: u64,
        /// Leaf commitment of the header.
        leaf: Digest,
        /// State root of the header.
        state_root: Digest,
        /// The range over the leaf commitments below it.
        history_root: Digest,
    }
    /// A second certified block for a known height: the rollup is frozen.
    RootConflict = [0xbf, 0x31, 0x24, 0x5d, 0x37, 0x3d, 0x8a, 0x16], 112 {
        /// The height.
        height: u64,
        /// View of the second header.
        view: u64,
        /// The root that had been accepted.
        recorded_root: Digest,
        /// The other certified root.
        conflicting_root: Digest,
        /// Leaf commitment of the second header.
        conflicting_leaf: Digest,
    }
    /// Somebody brought the proof of the block that had been accepted.
    EvidenceAdded = [0x7c, 0xd5, 0x7a, 0x62, 0xf8, 0xfd, 0xeb, 0x59], 40 {
        /// The height.
        height: u64,
        /// Its leaf commitment.
        leaf: Digest,
    }
    /// The rollup was paused or resumed.
    PauseChanged = [0xee, 0xbc, 0xd5, 0x4e, 0x86, 0xd1, 0xb2, 0xda], 40 {
        /// 1 if it is paused now.
        paused: u64,
        /// Who did it.
        by: [u8; 32],
    }
    /// A poster was listed or revoked.
    PosterChanged = [0xcd, 0xd8, 0xb0, 0xb8, 0x36, 0x18, 0xc0, 0xe9], 40 {
        /// 1 if it is listed now.
        listed: u64,
        /// The poster.
        poster: [u8; 32],
    }
    /// Governance proposed a key for a role; zero takes a proposal back.
    RoleProposed = [0xa8, 0x69, 0x9b, 0x46, 0xd3, 0x3d, 0x7b, 0xfc], 48 {
        /// [`crate::instruction::GOVERNANCE`] or [`crate::instruction::GUARDIAN`].
        role: u64,
        /// The key.
        key: [u8; 32],
        /// From when on it may accept, seconds since 1970.
        ready_at: i64,
    }
    /// A proposed key accepted its role.
    RoleTransferred = [0xea, 0x02, 0x1d, 0x44, 0xc9, 0x41, 0xa2, 0xde], 40 {
        /// The role.
        role: u64,
        /// Who has it now.
        key: [u8; 32],
    }
    /// Governance scheduled another committee.
    ReplacementScheduled = [0x2a, 0x7d, 0xd1, 0xa4, 0x14, 0xf2, 0x2f, 0x17], 80 {
        /// Its epoch.
        epoch: u64,
        /// From when on it may be executed, seconds since 1970.
        ready_at: i64,
        /// The committee's hash.
        hash: Digest,
        /// The committee's account.
        committee: [u8; 32],
    }
    /// A scheduled replacement was vetoed.
    ReplacementVetoed = [0xca, 0x46, 0x62, 0x2d, 0x9d, 0x91, 0x4b, 0xce], 72 {
        /// Its epoch.
        epoch: u64,
        /// The committee's account.
        committee: [u8; 32],
        /// Who did it.
        by: [u8; 32],
    }
    /// Governance recorded the program that runs.
    ReleaseRecorded = [0x40, 0xd4, 0x3d, 0x7c, 0x89, 0x1a, 0xb5, 0x0e], 88 {
        /// Its version.
        version: u64,
        /// The state version that it reads and writes.
        state_version: u64,
        /// Solana slot.
        slot: u64,
        /// SHA-256 of its bytes.
        program_hash: Digest,
        /// SHA-256 of its IDL.
        idl_hash: Digest,
    }
    /// The rollup's account was brought to another version.
    StateMigrated = [0xfb, 0x84, 0x60, 0xaf, 0x4d, 0x14, 0x5f, 0x4e], 16 {
        /// The version before.
        from: u64,
        /// The version now.
        to: u64,
    }
    /// A block was proven against the history.
    BlockProven = [0x67, 0x40, 0xaa, 0x80, 0x80, 0xaa, 0xff, 0xaa], 48 {
        /// The height whose history root proves it.
        anchor: u64,
        /// The block's height.
        height: u64,
        /// Its leaf commitment.
        leaf: Digest,
    }
    /// An account, or that there is none, was proven against a state root.
    AccountProven = [0x01, 0x9c, 0x54, 0x64, 0x88, 0xd3, 0x54, 0x83], 112 {
        /// The state's height.
        height: u64,
        /// 1 if there is such an account.
        exists: u64,
        /// The state's root.
        state_root: Digest,
        /// The account's address.
        address: [u8; 32],
        /// Hash of its encoded value; zero if there is none.
        value_hash: Digest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256;

    #[test]
    fn discriminators_are_the_hash_of_the_name() {
        for (name, discriminator, _) in Event::ALL {
            assert_eq!(
                *discriminator,
                sha256(&[b"event:", name.as_bytes()])[..8],
                "{name}"
            );
        }
    }

    #[test]
    fn round_trip() {
        let event = RootsAccepted {
            height: 1,
            view: 2,
            epoch: 0,
            slot: 3,
            signed_stake: 4,
            roots: 5,
            leaf: [6; 32],
            state_root: [7; 32],
            history_root: [8; 32],
        };
        let bytes = event.encode();
        assert_eq!(bytes[8..16], 1u64.to_le_bytes());
        assert_eq!(Event::decode(&bytes), Some(Event::RootsAccepted(event)));
        assert_eq!(Event::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Event::decode(&[0; 152]), None);
    }
}
