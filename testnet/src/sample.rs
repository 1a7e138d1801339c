//! The generator of the sample payments file: the same bytes every time, so that anyone can check the shipped one.
//!
//! Recipient `i` is the ed25519 public key whose secret is `sha256("asset-l2 sample recipient" ‖ i)`. Everything else is
//! drawn from `sha256("asset-l2 sample row" ‖ row)`. Of the rows, a fifth goes to a few busy recipients (exchanges,
//! shops), the rest is spread over all; amounts are spread over six orders of magnitude, most of them in cents, some in
//! millionths, a few down to the last base unit.

use std::fmt::Write as _;

use assetvm::{Amount, SigningKey};
use rollup_abi::sha256;

/// Rows of the shipped file.
pub const ROWS: u64 = 4_000;
/// Different recipients that it draws from.
const RECIPIENTS: u64 = 2_800;
/// Recipients that get a fifth of all payments.
const BUSY: u64 = 25;
/// The shipped file, `testnet/payments/sample.csv`.
pub const SHIPPED: &str = include_str!("../payments/sample.csv");

/// The file with that many rows.
pub fn generate(rows: u64) -> String {
    let mut text = String::from("recipient,amount\n");
    for row in 0..rows {
        let mut draw = Draw(sha256(&[b"asset-l2 sample row", &row.to_le_bytes()]), 0);
        let pool = if draw.below(5) == 0 { BUSY } else { RECIPIENTS };
        let recipient = recipient(draw.below(pool));
        let amount = amount(&mut draw);
        writeln!(text, "{recipient},{amount}").expect("writing to a string does not fail");
    }
    text
}

fn recipient(index: u64) -> assetvm::Address {
    SigningKey::from_seed(&sha256(&[b"asset-l2 sample recipient", &index.to_le_bytes()])).address()
}

/// 0.01 to 100,000 $ASSET or so, small ones more often, with 2, 6 or 9 decimals.
fn amount(draw: &mut Draw) -> Amount {
    let kind = draw.below(120);
    let scale = 10u64.pow(7 + u32::try_from(kind % 6).expect("below 6"));
    let step = match kind / 6 {
        0 => 1,
        1..=4 => 1_000,
        _ => 10_000_000,
    };
    let units = scale + draw.below(9 * scale);
    Amount::from_base_units(units / step * step)
}

/// Four numbers from a digest.
struct Draw([u8; 32], usize);

impl Draw {
    /// A number below `limit`; the bias of the remainder does not matter here.
    fn below(&mut self, limit: u64) -> u64 {
        let at = self.1 * 8;
        self.1 += 1;
        let bytes = self.0.get(at..at + 8).expect("a row draws at most four numbers");
        u64::from_le_bytes(bytes.try_into().expect("eight bytes")) % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::Payments;

    #[test]
    fn the_shipped_file_is_what_the_generator_writes() {
        assert!(
            generate(ROWS) == SHIPPED,
            "regenerate: cargo run -p testnet -- sample > testnet/payments/sample.csv"
        );
    }

    #[test]
    fn it_is_a_valid_and_varied_file() {
        let payments = Payments::parse(SHIPPED.as_bytes()).unwrap();
        let recipients = payments.per_recipient().len();
        assert_eq!(payments.rows().len() as u64, ROWS);
        assert!((1_500..2_800).contains(&recipients), "{recipients}");
        let fine = payments
            .rows()
            .iter()
            .filter(|p| p.amount.base_units() % 1_000 != 0)
            .count();
        assert!((100..400).contains(&fine), "{fine}");
    }
}
