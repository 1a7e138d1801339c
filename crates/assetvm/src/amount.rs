//! Quantities of $ASSET.

use std::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};

/// Decimal places of $ASSET.
pub const DECIMALS: usize = 9;
/// Base units in one $ASSET.
pub const UNIT: u64 = 1_000_000_000;

/// A quantity of $ASSET in base units (10⁻⁹ $ASSET). Shown and parsed as decimal $ASSET: `12.5`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Amount(u64);

/// Why text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not `digits` or `digits.digits`.
    #[error("not a decimal number, expected for example 12.5")]
    Syntax,
    /// Finer than a base unit.
    #[error("{got} decimal places, expected at most {DECIMALS}")]
    Precision {
        /// Decimal places that came.
        got: usize,
    },
    /// More than a `u64` of base units.
    #[error("amount too large, expected at most {}", Amount::MAX)]
    TooLarge,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount there is.
    pub const MAX: Self = Self(u64::MAX);

    /// From base units.
    pub const fn from_base_units(units: u64) -> Self {
        Self(units)
    }

    /// In base units.
    pub const fn base_units(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, unless it overflows.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, unless it is negative.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / UNIT, self.0 % UNIT);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:09}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !fraction.is_none_or(digits) {
            return Err(AmountError::Syntax);
        }
        let fraction = fraction.unwrap_or("0");
        if fraction.len() > DECIMALS {
            return Err(AmountError::Precision { got: fraction.len() });
        }
        let whole: u64 = whole.parse().map_err(|_| AmountError::TooLarge)?;
        // Nine digits at most, so this always parses.
        let fraction: u64 = format!("{fraction:0<9}")
            .parse()
            .map_err(|_| AmountError::Syntax)?;
        whole
            .checked_mul(UNIT)
            .and_then(|units| units.checked_add(fraction))
            .map(Self)
            .ok_or(AmountError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_table() {
        for (text, want) in [
            ("12.5", Ok(12_500_000_000)),
            ("0", Ok(0)),
            ("0.000000001", Ok(1)),
            ("18446744073.709551615", Ok(u64::MAX)),
            ("18446744073.709551616", Err(AmountError::TooLarge)),
            ("99999999999999999999999", Err(AmountError::TooLarge)),
            ("1.0000000000", Err(AmountError::Precision { got: 10 })),
            ("", Err(AmountError::Syntax)),
            ("1.", Err(AmountError::Syntax)),
            (".5", Err(AmountError::Syntax)),
            ("-1", Err(AmountError::Syntax)),
            ("+1", Err(AmountError::Syntax)),
            ("1e3", Err(AmountError::Syntax)),
            (" 1", Err(AmountError::Syntax)),
            ("1.2.3", Err(AmountError::Syntax)),
            ("1,5", Err(AmountError::Syntax)),
        ] {
            assert_eq!(text.parse().map(Amount::base_units), want, "{text:?}");
        }
        assert_eq!(Amount::from_base_units(12_500_000_000).to_string(), "12.5");
        assert_eq!(Amount::MAX.to_string(), "18446744073.709551615");
    }

    proptest! {
        #[test]
        fn text_round_trips(units: u64) {
            let amount = Amount::from_base_units(units);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }
}
