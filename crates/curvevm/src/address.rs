//! Addresses of accounts and programs.

use std::{fmt, str::FromStr};

/// Most base58 characters that 32 bytes take.
const MAX_TEXT: usize = 44;

/// Where an account or a program is: 32 bytes, written in base58.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 32]);

/// Why text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address, expected 32 bytes in base58")]
pub struct AddressError;

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
            return Err(AddressError);
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| AddressError)?;
        bytes.try_into().map(Self).map_err(|_| AddressError)
    }
}
