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

events! {
    /// A certificate moved the rollup forward.
    RootsAccepted = [0x77, 0xcd, 0x44, 0x1d, 0x58, 0xa9, 0x7c, 0x6d], 104 {
        /// The new height.
        height: u64,
        /// The new view.
        view: u64,
        /// Solana slot.
        slot: u64,
        /// Stake that signed.
        signed_stake: u64,
        /// How many roots came with it.
        roots: u64,
        /// Leaf commitment of the header.
        leaf: Digest,
        /// State root of the header.
        state_root: Digest,
    }
    /// A second certified root for a known height: the rollup is frozen.
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
    /// A member joined a committee.
    MemberRegistered = [0x39, 0x9b, 0x80, 0x5e, 0x01, 0x95, 0x19, 0xfa], 56 {
        /// The committee's epoch.
        epoch: u64,
        /// The member's bit.
        index: u64,
        /// Its stake.
        stake: u64,
        /// Its Solana key.
        owner: [u8; 32],
    }
    /// A committee became active.
    CommitteeActivated = [0xe2, 0x19, 0x6f, 0xf2, 0x65, 0xd2, 0x60, 0x7b], 64 {
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
    }
    /// The rollup was paused or resumed.
    PauseChanged = [0xee, 0xbc, 0xd5, 0x4e, 0x86, 0xd1, 0xb2, 0xda], 40 {
        /// 1 if it is paused now.
        paused: u64,
        /// Who did it.
        by: [u8; 32],
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
            slot: 3,
            signed_stake: 4,
            roots: 5,
            leaf: [6; 32],
            state_root: [7; 32],
        };
        let bytes = event.encode();
        assert_eq!(bytes[8..16], 1u64.to_le_bytes());
        assert_eq!(Event::decode(&bytes), Some(Event::RootsAccepted(event)));
        assert_eq!(Event::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Event::decode(&[0; 112]), None);
    }
}
