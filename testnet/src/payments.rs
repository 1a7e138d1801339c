//! The payments file: CSV with a header line `recipient,amount`, one payment a line.
//!
//! Parsing is all or nothing: every bad line is found and reported with its number, and then nothing is paid.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use assetvm::{Address, AddressError, Amount, AmountError};

/// Largest file that is read.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// Most payments in one file: each is a transaction with its own record in memory.
pub const MAX_ROWS: usize = 500_000;
/// Most bad lines that an error lists; the rest are counted.
pub const MAX_REPORTED: usize = 20;

/// Characters of a bad column that an error shows.
const MAX_SHOWN: usize = 80;
const HEADER: [&str; 2] = ["recipient", "amount"];

/// One row: pay `amount` to `recipient`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Line of the file, counted from 1.
    pub line: usize,
    /// Who gets it.
    pub recipient: Address,
    /// How much.
    pub amount: Amount,
}

/// Payments that can all be made: every row is well-formed and their sum fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payments {
    rows: Vec<Payment>,
    total: Amount,
}

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not two columns.
    #[error("{got} column(s), expected 2: recipient,amount")]
    Columns {
        /// Columns on the line.
        got: usize,
    },
    /// Quotes that do not close, or bytes that are not text.
    #[error("not a CSV row: {reason}")]
    Csv {
        /// What the reader said.
        reason: String,
    },
    /// Not an address.
    #[error("recipient {got:?}: {reason}")]
    Recipient {
        /// The column.
        got: String,
        /// Why.
        reason: AddressError,
    },
    /// Not an amount.
    #[error("amount {got:?}: {reason}")]
    Amount {
        /// The column.
        got: String,
        /// Why.
        reason: AmountError,
    },
    /// Nothing to pay.
    #[error("amount {got:?} is zero: a payment pays something")]
    Zero {
        /// The column.
        got: String,
    },
    /// The payments up to this line sum to more than can exist.
    #[error("the sum of the payments up to here is more than {}", Amount::MAX)]
    Total,
}

/// Why a payments file is refused.
#[derive(Debug, thiserror::Error)]
pub enum PaymentsError {
    /// It cannot be read.
    #[error("payments file {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is larger than [`MAX_FILE_BYTES`].
    #[error("payments file has {got} bytes, at most {MAX_FILE_BYTES} are read")]
    TooLarge {
        /// Its size.
        got: u64,
    },
    /// It has more rows than [`MAX_ROWS`].
    #[error("payments file has more than {MAX_ROWS} payments")]
    TooMany,
    /// The first line is not the header.
    #[error("line {line}: the first line must be the header `recipient,amount`, got `{got}`")]
    Header {
        /// Where it should have been.
        line: usize,
        /// What is there.
        got: String,
    },
    /// There is no payment in it.
    #[error("payments file has no payments")]
    Empty,
    /// Lines that are not payments.
    #[error("{}", Rows(.0))]
    Rows(Vec<(usize, RowError)>),
}

struct Rows<'a>(&'a [(usize, RowError)]);

impl fmt::Display for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} malformed line(s) in the payments file", self.0.len())?;
        for (line, error) in self.0.iter().take(MAX_REPORTED) {
            write!(f, "\n  line {line}: {error}")?;
        }
        match self.0.len().checked_sub(MAX_REPORTED) {
            Some(more @ 1..) => write!(f, "\n  and {more} more"),
            _ => Ok(()),
        }
    }
}

impl Payments {
    /// Reads and parses a file.
    pub fn read(path: &Path) -> Result<Self, PaymentsError> {
        let failed = |source| PaymentsError::Read {
            path: path.display().to_string(),
            source,
        };
        let got = std::fs::metadata(path).map_err(failed)?.len();
        if got > MAX_FILE_BYTES {
            return Err(PaymentsError::TooLarge { got });
        }
        Self::parse(&std::fs::read(path).map_err(failed)?)
    }

    /// Parses the text of a file. Blank lines and lines that start with `#` are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, PaymentsError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines = (1..)
            .zip(bytes.split(|b| *b == b'\n'))
            .map(|(number, line)| (number, line.trim_ascii()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"));
        let (line, header) = lines.next().ok_or(PaymentsError::Empty)?;
        if !columns(header).is_ok_and(|got| got == HEADER) {
            let got = String::from_utf8_lossy(header).chars().take(MAX_SHOWN).collect();
            return Err(PaymentsError::Header { line, got });
        }
        let (mut rows, mut errors, mut total) = (Vec::new(), Vec::new(), Some(Amount::ZERO));
        for (line, text) in lines {
            if rows.len() + errors.len() == MAX_ROWS {
                return Err(PaymentsError::TooMany);
            }
            match row(line, text) {
                Ok(payment) => {
                    let sum = total.and_then(|sum| sum.checked_add(payment.amount));
                    if total.is_some() && sum.is_none() {
                        errors.push((line, RowError::Total));
                    }
                    total = sum;
                    rows.push(payment);
                }
                Err(error) => errors.push((line, error)),
            }
        }
        match total {
            Some(total) if errors.is_empty() && !rows.is_empty() => Ok(Self { rows, total }),
            _ if errors.is_empty() => Err(PaymentsError::Empty),
            _ => Err(PaymentsError::Rows(errors)),
        }
    }

    /// The payments in the order of the file.
    pub fn rows(&self) -> &[Payment] {
        &self.rows
    }

    /// Their sum.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// What each recipient gets in all.
    pub fn per_recipient(&self) -> BTreeMap<Address, Amount> {
        let mut sums = BTreeMap::new();
        for payment in &self.rows {
            let sum = sums.entry(payment.recipient).or_insert(Amount::ZERO);
            *sum = sum
                .checked_add(payment.amount)
                .expect("the sum of all rows fits, so a part of it does");
        }
        sums
    }
}

fn row(line: usize, text: &[u8]) -> Result<Payment, RowError> {
    let columns = columns(text)?;
    let [recipient, amount] = columns.as_slice() else {
        return Err(RowError::Columns { got: columns.len() });
    };
    let shown = |column: &str| column.chars().take(MAX_SHOWN).collect::<String>();
    let recipient = recipient.parse().map_err(|reason| RowError::Recipient {
        got: shown(recipient),
        reason,
    })?;
    let got = shown(amount);
    let amount: Amount = match amount.parse() {
        Ok(amount) => amount,
        Err(reason) => return Err(RowError::Amount { got, reason }),
    };
    if amount.is_zero() {
        return Err(RowError::Zero { got });
    }
    Ok(Payment {
        line,
        recipient,
        amount,
    })
}

/// The trimmed columns of one line. A quoted field never spans lines here, so that a line number is always the file's.
fn columns(line: &[u8]) -> Result<Vec<String>, RowError> {
    let bad = |reason: String| RowError::Csv { reason };
    if line.iter().filter(|b| **b == b'"').count() % 2 != 0 {
        return Err(bad("a quote is not closed".into()));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(line);
    let mut record = csv::StringRecord::new();
    reader
        .read_record(&mut record)
        .map_err(|_| bad("not UTF-8".into()))?;
    Ok(record.iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde";

    fn errors(text: &str) -> Vec<(usize, RowError)> {
        match Payments::parse(text.as_bytes()) {
            Err(PaymentsError::Rows(rows)) => rows,
            other => panic!("expected malformed rows, got {other:?}"),
        }
    }

    #[test]
    fn reads_rows_with_the_file_s_line_numbers() {
        let text = format!("\u{feff}# payroll\r\nrecipient,amount\r\n\r\n{A}, 1.5\r\n\"{A}\",\"2\"\n");
        let payments = Payments::parse(text.as_bytes()).unwrap();
        let lines: Vec<_> = payments.rows().iter().map(|p| (p.line, p.amount)).collect();
        assert_eq!(
            lines,
            [
                (4, Amount::from_base_units(1_500_000_000)),
                (5, Amount::from_base_units(2_000_000_000))
            ]
        );
        assert_eq!(payments.total(), Amount::from_base_units(3_500_000_000));
        let per: Vec<_> = payments.per_recipient().into_values().collect();
        assert_eq!(per, [payments.total()]);
    }

    #[test]
    fn every_bad_line_is_reported_at_once() {
        let max = "18446744073.709551615";
        let text = format!(
            "recipient,amount\n{A},1\nnope,1\n{A}\n{A},0\n{A},0.1234567891\n{A},1,2\n{A},\"1\n{A},{max}\n{A},x\n"
        );
        let found = errors(&text);
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9, 10]);
        insta::assert_snapshot!(PaymentsError::Rows(found));
    }

    #[test]
    fn a_long_list_of_errors_is_cut() {
        let text = format!("recipient,amount\n{}", "x,1\n".repeat(MAX_REPORTED + 3));
        let message = PaymentsError::Rows(errors(&text)).to_string();
        assert!(message.ends_with("\n  and 3 more"), "{message}");
        assert_eq!(message.lines().count(), MAX_REPORTED + 2);
    }

    #[test]
    fn header_and_emptiness() {
        for text in ["", "\n\n", "# nothing\n", "recipient,amount\n"] {
            assert!(
                matches!(Payments::parse(text.as_bytes()), Err(PaymentsError::Empty)),
                "{text:?}"
            );
        }
        let headless = Payments::parse(format!("\n{A},1\n").as_bytes());
        assert!(
            matches!(headless, Err(PaymentsError::Header { line: 2, .. })),
            "{headless:?}"
        );
        assert!(matches!(
            Payments::parse(b"recipient,\xff\n"),
            Err(PaymentsError::Header { .. })
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut text = b"recipient,amount\n".to_vec();
            text.extend_from_slice(&bytes);
            if let Ok(payments) = Payments::parse(&text) {
                let sum: u128 = payments.rows().iter().map(|p| u128::from(p.amount.base_units())).sum();
                assert_eq!(sum, u128::from(payments.total().base_units()));
            }
        }
    }
}
