//! Words of the command line as values: amounts, and what programs take.

use assetvm::{Address, Amount};
use client::rpc::types::{FieldView, FunctionView, ValueView};
use curvevm::Value;

/// The unit of amounts, as they are shown and may be written.
pub const UNIT: &str = "ASSET";
/// Bits behind the point of a `fix`.
const FIX_BITS: u32 = 64;
/// Decimal places of a `fix` that are read and shown.
const FIX_DIGITS: usize = 18;

/// Why words are not what a function takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// Too many or too few.
    #[error("`{signature}` takes {expected} arguments, got {got}")]
    Count {
        /// The function with its parameters.
        signature: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// One is not of its type.
    #[error("{name} {got:?} is no {ty}")]
    Value {
        /// The parameter.
        name: String,
        /// What came.
        got: String,
        /// Its type.
        ty: String,
    },
    /// `me`, and nobody is.
    #[error("{name} is `me`, but there is no key")]
    NoMe {
        /// The parameter.
        name: String,
    },
}

impl WordError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        let Self::Value { ty, .. } = self else {
            return match self {
                Self::NoMe { .. } => "`asset keys new` makes a key, --key FILE names one".to_owned(),
                _ => {
                    "each argument is one word for the shell; `asset program` shows the parameters".to_owned()
                }
            };
        };
        match ty.as_str() {
            "u64" | "u128" => "a number, as in 7, or an amount in base units, as in 3ASSET".to_owned(),
            "i64" => "a number, as in -7".to_owned(),
            "fix" => "a number with a point, as in 1.5".to_owned(),
            "bool" => "true or false".to_owned(),
            "address" => "an address in base58, or me".to_owned(),
            "hash" => "64 hexadecimal digits".to_owned(),
            _ => "bytes in hexadecimal, as in 0x00ff, or text, as in text:hello; not longer than its type"
                .to_owned(),
        }
    }
}

/// An amount of $ASSET: `12.5`, `12.5 ASSET`, `12.5ASSET`.
pub fn amount(text: &str) -> Result<Amount, String> {
    let number = text.strip_suffix(UNIT).unwrap_or(text).trim_end();
    number.parse().map_err(|error| format!("{error}"))
}

/// An amount with its unit.
pub fn shown(amount: Amount) -> String {
    format!("{amount} {UNIT}")
}

/// The function with its parameters, as `asset program` shows it.
pub fn signature(function: &FunctionView) -> String {
    let fields = |fields: &[FieldView]| -> Vec<String> {
        let text = |field: &FieldView| format!("{}: {}", field.name, field.ty);
        fields.iter().map(text).collect()
    };
    let results = match function.results.as_slice() {
        [] => String::new(),
        [one] => format!(" -> {one}"),
        many => format!(" -> ({})", many.join(", ")),
    };
    format!(
        "{}({}){results}",
        function.name,
        fields(&function.params).join(", ")
    )
}

/// The arguments of a function; `me` is who asks.
pub fn arguments(
    function: &FunctionView,
    words: &[String],
    me: Option<Address>,
) -> Result<Vec<Value>, WordError> {
    if words.len() != function.params.len() {
        return Err(WordError::Count {
            signature: signature(function),
            expected: function.params.len(),
            got: words.len(),
        });
    }
    let params = function.params.iter().zip(words);
    params.map(|(param, word)| value(param, word, me)).collect()
}

fn value(param: &FieldView, word: &str, me: Option<Address>) -> Result<Value, WordError> {
    let me = match (param.ty.as_str(), word) {
        ("address", "me") => Some(me.ok_or_else(|| WordError::NoMe {
            name: param.name.clone(),
        })?),
        _ => None,
    };
    let parsed = me.map(Value::Address).or_else(|| parse(&param.ty, word));
    parsed.ok_or_else(|| WordError::Value {
        name: param.name.clone(),
        got: word.to_owned(),
        ty: param.ty.clone(),
    })
}

fn parse(ty: &str, word: &str) -> Option<Value> {
    match ty {
        "u64" => Some(Value::U64(u64::try_from(natural(word)?).ok()?)),
        "i64" => Some(Value::I64(word.replace('_', "").parse().ok()?)),
        "u128" => natural(word).map(Value::U128),
        "fix" => fix(word).map(Value::Fix),
        "bool" => Some(Value::Bool(word.parse().ok()?)),
        "address" => Some(Value::Address(word.parse().ok()?)),
        "hash" => {
            let mut digest = [0; 32];
            hex::decode_to_slice(word.strip_prefix("0x").unwrap_or(word), &mut digest).ok()?;
            Some(Value::Hash(digest))
        }
        bytes => {
            let most: usize = bytes.strip_prefix("bytes[")?.strip_suffix(']')?.parse().ok()?;
            let read = match (word.strip_prefix("text:"), word.strip_prefix("0x")) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, Some(digits)) => hex::decode(digits).ok()?,
                (None, None) => return None,
            };
            (read.len() <= most).then_some(Value::Bytes(read))
        }
    }
}

/// A number, or an amount in base units.
fn natural(word: &str) -> Option<u128> {
    match word.strip_suffix(UNIT) {
        Some(_) => Some(amount(word).ok()?.base_units().into()),
        None => word.replace('_', "").parse().ok(),
    }
}

/// A decimal number as a Q64.64, rounded down.
fn fix(word: &str) -> Option<u128> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > FIX_DIGITS {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let tens = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    // Below 10¹⁸, so below 2⁶⁰: shifted it stays below 2¹²⁴.
    let fraction: u128 = fraction.parse().ok()?;
    Some((u128::from(whole) << FIX_BITS) | ((fraction << FIX_BITS) / tens))
}

/// A value as a person reads it.
pub fn text(value: &ValueView) -> String {
    match value.ty.as_str() {
        "fix" => value.value.parse().map_or(value.value.clone(), fix_text),
        "bytes" => format!("0x{}", value.value),
        _ => value.value.clone(),
    }
}

fn fix_text(bits: u128) -> String {
    let fraction = bits & u128::from(u64::MAX);
    // The fraction is below 2⁶⁴ and ten to the eighteenth below 2⁶⁰.
    let digits = (fraction * 10u128.pow(FIX_DIGITS as u32)) >> FIX_BITS;
    let digits = format!("{digits:0FIX_DIGITS$}");
    match digits.trim_end_matches('0') {
        "" => format!("{}", bits >> FIX_BITS),
        digits => format!("{}.{digits}", bits >> FIX_BITS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(ty: &str) -> FieldView {
        FieldView {
            name: "a".into(),
            ty: ty.into(),
        }
    }

    #[test]
    fn words_are_read_by_their_type() {
        let me = Address::new([7; 32]);
        let other = Address::new([8; 32]);
        let hash = "0b".repeat(32);
        let table = [
            ("u64", "7", Some(Value::U64(7))),
            ("u64", "1_000", Some(Value::U64(1_000))),
            ("u64", "1.5ASSET", Some(Value::U64(1_500_000_000))),
            ("u64", "1.5 ASSET", Some(Value::U64(1_500_000_000))),
            ("u64", "-1", None),
            ("u64", "18446744073709551616", None),
            ("i64", "-7", Some(Value::I64(-7))),
            ("u128", "18446744073709551616", Some(Value::U128(1 << 64))),
            ("fix", "1.5", Some(Value::Fix(3 << 63))),
            ("fix", "2", Some(Value::Fix(2 << 64))),
            ("fix", "1.", None),
            ("fix", "-1", None),
            ("bool", "true", Some(Value::Bool(true))),
            ("bool", "1", None),
            ("address", "me", Some(Value::Address(me))),
            ("address", &other.to_string(), Some(Value::Address(other))),
            ("address", "alice", None),
            ("hash", &hash, Some(Value::Hash([11; 32]))),
            ("hash", "0b", None),
            ("bytes[4]", "0x00ff", Some(Value::Bytes(vec![0, 255]))),
            ("bytes[4]", "text:four", Some(Value::Bytes(b"four".to_vec()))),
            ("bytes[4]", "text:fives", None),
            ("bytes[4]", "00ff", None),
            ("list", "1", None),
        ];
        for (ty, word, want) in table {
            assert_eq!(value(&param(ty), word, Some(me)).ok(), want, "{ty} {word}");
        }
        let nobody = value(&param("address"), "me", None);
        assert_eq!(nobody, Err(WordError::NoMe { name: "a".into() }));
    }

    #[test]
    fn amounts_have_their_unit() {
        let units = |text| amount(text).map(Amount::base_units);
        assert_eq!(units("12.5"), Ok(12_500_000_000));
        assert_eq!(units("12.5 ASSET"), Ok(12_500_000_000));
        assert!(units("12.5 SOL").is_err());
        assert!(units("ASSET").is_err());
        assert_eq!(shown(Amount::from_base_units(1)), "0.000000001 ASSET");
    }

    #[test]
    fn a_fix_is_shown_as_it_is_written() {
        for word in ["0", "1", "1.5", "0.25", "18446744073709551615"] {
            assert_eq!(fix(word).map(fix_text).as_deref(), Some(word));
        }
        assert_eq!(fix_text(u128::MAX), "18446744073709551615.999999999999999999");
    }
}
