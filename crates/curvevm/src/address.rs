//! Addresses of accounts and programs, written in base58 as on Solana.

use std::{fmt, str::FromStr};

/// Most base58 characters that 32 bytes take.
const MAX_TEXT: usize = 44;

/// Where an account or a program is. An account's is the ed25519 public key that signs for it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Address([u8; 32]);

/// Why text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than any address.
    #[error("address of {got} characters, expected at most {MAX_TEXT}")]
    TooLong {
        /// Characters that came.
        got: usize,
    },
    /// A character outside base58.
    #[error("not base58")]
    NotBase58,
    /// Base58, but not of 32 bytes.
    #[error("address of {got} bytes, expected 32")]
    Length {
        /// Bytes that came.
        got: usize,
    },
}

impl Address {
    /// From its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_TEXT {
            return Err(AddressError::TooLong { got: text.len() });
        }
        let bytes = bs58::decode(text)
            .into_vec()
            .map_err(|_| AddressError::NotBase58)?;
        let got = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| AddressError::Length { got })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_table() {
        let system = "11111111111111111111111111111111";
        assert_eq!(system.parse(), Ok(Address::new([0; 32])));
        for (text, want) in [
            ("", AddressError::Length { got: 0 }),
            ("1", AddressError::Length { got: 1 }),
            ("0OIl", AddressError::NotBase58),
            (&system.repeat(2), AddressError::TooLong { got: 64 }),
        ] {
            assert_eq!(text.parse::<Address>(), Err(want), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(bytes: [u8; 32]) {
            let address = Address::new(bytes);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
