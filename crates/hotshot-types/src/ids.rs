//! Numbers that must not be mixed up. There is no `From<u64>`: say what a number is.

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(u64);

        impl $name {
            /// The first.
            pub const ZERO: Self = Self(0);

            /// Number `n`.
            pub const fn new(n: u64) -> Self {
                Self(n)
            }

            /// The plain number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The following one; the last stays the last.
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The one before; the first stays the first.
            pub const fn previous(self) -> Self {
                Self(self.0.saturating_sub(1))
            }

            /// `n` further on, up to the last.
            pub const fn plus(self, n: u64) -> Self {
                Self(self.0.saturating_add(n))
            }

            /// How far `self` is beyond `other`; zero if it is not.
            pub const fn since(self, other: Self) -> u64 {
                self.0.saturating_sub(other.0)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// A view: one leader's turn. Genesis is view 0.
    View
}
number! {
    /// An epoch: the reign of one committee. The first is 0.
    Epoch
}
number! {
    /// Blocks since genesis, which is height 0.
    Height
}
number! {
    /// Voting weight.
    Stake
}

/// A committee member's identity: its owner's Solana public key, as registered on chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct NodeId(pub [u8; 32]);

impl core::fmt::Debug for NodeId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::fmt::Display for NodeId {
    /// The first four bytes in hexadecimal: enough to tell members of a committee apart in a log.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&hex::encode(&self.0[..4]))
    }
}
