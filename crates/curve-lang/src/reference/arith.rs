//! Arithmetic on values, as the language reference defines it. Plain rather than fast.

use super::Failure;
use crate::{hir::Intrinsic, syntax::ast::BinaryOp, types::Type, value::Value};

type Result<T> = std::result::Result<T, Failure>;

/// Which way to round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

const ONE: u128 = 1 << 64;

fn fit(value: Option<u128>, bits: u32) -> Result<u128> {
    value
        .filter(|value| bits >= 128 || value >> bits == 0)
        .ok_or(Failure::Overflow)
}

fn number(value: Option<u128>) -> Result<Value> {
    fit(value, 64).map(|value| Value::Number(u64::try_from(value).unwrap_or(u64::MAX)))
}

/// A value as a whole number; ratios as their bits.
fn bits(value: &Value) -> u128 {
    match value {
        Value::Number(n) => u128::from(*n),
        Value::Wide(n) | Value::Ratio(n) => *n,
        Value::Bool(b) => u128::from(*b),
        _ => 0,
    }
}

/// Like `like`, a value of these bits.
fn same_kind(like: &Value, value: Option<u128>) -> Result<Value> {
    match like {
        Value::Wide(_) => fit(value, 128).map(Value::Wide),
        Value::Ratio(_) => fit(value, 128).map(Value::Ratio),
        _ => number(value),
    }
}

/// The exact product, as its upper and lower 128 bits.
pub fn wide_product(a: u128, b: u128) -> (u128, u128) {
    let (a1, a0) = (a >> 64, a & (ONE - 1));
    let (b1, b0) = (b >> 64, b & (ONE - 1));
    let low = a0.wrapping_mul(b0);
    let (m1, m2) = (a1.wrapping_mul(b0), a0.wrapping_mul(b1));
    let (middle, over) = m1.overflowing_add(m2);
    let (low, carry) = low.overflowing_add(middle << 64);
    let high = a1
        .wrapping_mul(b1)
        .wrapping_add(middle >> 64)
        .wrapping_add(u128::from(over) << 64)
        .wrapping_add(u128::from(carry));
    (high, low)
}

/// a · b / c of 256 bits in between, by long division; `None` if it does not fit.
fn ratio_of(a: u128, b: u128, c: u128, round: Round) -> Result<Option<u128>> {
    if c == 0 {
        return Err(Failure::DivisionByZero);
    }
    let (high, low) = wide_product(a, b);
    let (mut rest, mut quotient, mut too_large) = (0u128, 0u128, false);
    for at in (0..256u32).rev() {
        let bit = if at >= 128 {
            (high >> at.wrapping_sub(128)) & 1
        } else {
            (low >> at) & 1
        };
        let carry = rest >> 127 == 1;
        rest = (rest << 1) | bit;
        too_large |= quotient >> 127 == 1;
        quotient <<= 1;
        if carry || rest >= c {
            rest = rest.wrapping_sub(c);
            quotient |= 1;
        }
    }
    if too_large {
        return Ok(None);
    }
    let up = round == Round::Up && rest != 0;
    Ok(quotient.checked_add(u128::from(up)))
}

fn quotient(a: u128, b: u128, round: Round) -> Result<Option<u128>> {
    ratio_of(a, 1, b, round)
}

/// The root by trying bits from the highest one.
fn root(a: u128, round: Round) -> u128 {
    let mut found = 0u128;
    for at in (0..64).rev() {
        let next = found | (1 << at);
        if next.checked_mul(next).is_some_and(|square| square <= a) {
            found = next;
        }
    }
    let exact = found.checked_mul(found) == Some(a);
    if round == Round::Up && !exact {
        found.saturating_add(1)
    } else {
        found
    }
}

/// By squaring from the lowest bit of the exponent.
fn power(base: u128, mut exponent: u64, round: Round) -> Result<Option<u128>> {
    let (mut square, mut result) = (base, ONE);
    while exponent > 0 {
        if exponent % 2 == 1 {
            match ratio_of(result, square, ONE, round)? {
                Some(next) => result = next,
                None => return Ok(None),
            }
        }
        exponent /= 2;
        if exponent > 0 {
            match ratio_of(square, square, ONE, round)? {
                Some(next) => square = next,
                None => return Ok(None),
            }
        }
    }
    Ok(Some(result))
}

/// `a op b`, except `&&` and `||`.
pub fn binary(op: BinaryOp, a: &Value, b: &Value) -> Result<Value> {
    let (x, y) = (bits(a), bits(b));
    match op {
        BinaryOp::Add => same_kind(a, x.checked_add(y)),
        BinaryOp::Sub => same_kind(a, x.checked_sub(y)),
        BinaryOp::Mul => same_kind(a, x.checked_mul(y)),
        BinaryOp::DivDown => number(quotient(x, y, Round::Down)?),
        BinaryOp::DivUp => number(quotient(x, y, Round::Up)?),
        BinaryOp::Rem => x
            .checked_rem(y)
            .map_or(Err(Failure::DivisionByZero), |rest| number(Some(rest))),
        BinaryOp::Equal => Ok(Value::Bool(a == b)),
        BinaryOp::NotEqual => Ok(Value::Bool(a != b)),
        BinaryOp::Less => Ok(Value::Bool(x < y)),
        BinaryOp::LessEqual => Ok(Value::Bool(x <= y)),
        BinaryOp::Greater => Ok(Value::Bool(x > y)),
        BinaryOp::GreaterEqual => Ok(Value::Bool(x >= y)),
        BinaryOp::And => Ok(Value::Bool(x == 1 && y == 1)),
        BinaryOp::Or => Ok(Value::Bool(x == 1 || y == 1)),
    }
}

/// A built-in function of values alone; `None` for those that ask the world.
pub fn intrinsic(intrinsic: Intrinsic, args: &[Value]) -> Option<Result<Value>> {
    use Intrinsic as I;
    let nothing = Value::Nothing;
    let a = args.first().unwrap_or(&nothing);
    let (x, y, z) = (bits(a), args.get(1).map_or(0, bits), args.get(2).map_or(0, bits));
    let result = match intrinsic {
        I::MulDivDown => ratio_of(x, y, z, Round::Down).and_then(|value| same_kind(a, value)),
        I::MulDivUp => ratio_of(x, y, z, Round::Up).and_then(|value| same_kind(a, value)),
        I::Product => fit(x.checked_mul(y), 128).map(Value::Wide),
        I::Narrow => number(Some(x)),
        I::Min => same_kind(a, Some(x.min(y))),
        I::Max => same_kind(a, Some(x.max(y))),
        I::SubOrZero => same_kind(a, Some(x.saturating_sub(y))),
        I::SqrtDown => number(Some(root(x, Round::Down))),
        I::SqrtUp => number(Some(root(x, Round::Up))),
        I::MulDown => ratio_of(x, y, ONE, Round::Down).and_then(|value| same_kind(a, value)),
        I::MulUp => ratio_of(x, y, ONE, Round::Up).and_then(|value| same_kind(a, value)),
        I::DivDown => ratio_of(x, ONE, y, Round::Down).and_then(|value| same_kind(a, value)),
        I::DivUp => ratio_of(x, ONE, y, Round::Up).and_then(|value| same_kind(a, value)),
        I::PowDown | I::PowUp => {
            let round = if intrinsic == I::PowDown {
                Round::Down
            } else {
                Round::Up
            };
            let exponent = u64::try_from(y).unwrap_or(u64::MAX);
            power(x, exponent, round)
                .and_then(|value| fit(value, 128))
                .map(Value::Ratio)
        }
        I::RatioDown => ratio_of(x, ONE, y, Round::Down)
            .and_then(|value| fit(value, 128))
            .map(Value::Ratio),
        I::RatioUp => ratio_of(x, ONE, y, Round::Up)
            .and_then(|value| fit(value, 128))
            .map(Value::Ratio),
        I::Floor => number(Some(x >> 64)),
        I::Ceil => number(Some((x >> 64).wrapping_add(u128::from(x & (ONE - 1) != 0)))),
        I::Len | I::ByteAt | I::Concat | I::Slice => of_bytes(intrinsic, args),
        I::BitAnd => number(Some(x & y)),
        I::BitOr => number(Some(x | y)),
        I::BitXor => number(Some(x ^ y)),
        I::BitNot => number(Some((ONE - 1).saturating_sub(x))),
        I::ShiftLeft => number(shifted(x, y)),
        I::ShiftRight => number(Some(
            u32::try_from(y).map_or(0, |n| x.checked_shr(n).unwrap_or(0)),
        )),
        I::Account => match a {
            Value::Bytes(name) => Ok(Value::Address(super::account(name))),
            _ => Ok(Value::Address([0; 32])),
        },
        I::Sha256 | I::Balance => return None,
    };
    Some(result)
}

/// A built-in function of a byte string.
fn of_bytes(intrinsic: Intrinsic, args: &[Value]) -> Result<Value> {
    let Some(Value::Bytes(bytes)) = args.first() else {
        return Ok(Value::Nothing);
    };
    let (y, z) = (args.get(1).map_or(0, bits), args.get(2).map_or(0, bits));
    match (intrinsic, args.get(1)) {
        (Intrinsic::Len, _) => number(u128::try_from(bytes.len()).ok()),
        (Intrinsic::Concat, Some(Value::Bytes(more))) => {
            Ok(Value::Bytes([bytes.as_slice(), more.as_slice()].concat()))
        }
        (Intrinsic::Slice, _) => part(bytes, y, z),
        _ => {
            let byte = usize::try_from(y).ok().and_then(|at| bytes.get(at));
            byte.map_or(Err(Failure::OutOfRange), |byte| {
                Ok(Value::Number(u64::from(*byte)))
            })
        }
    }
}

/// So many bytes from one on.
fn part(bytes: &[u8], from: u128, length: u128) -> Result<Value> {
    let end = from.checked_add(length).ok_or(Failure::OutOfRange)?;
    let range = usize::try_from(from).ok().zip(usize::try_from(end).ok());
    let part = range.and_then(|(from, end)| bytes.get(from..end));
    part.map_or(Err(Failure::OutOfRange), |part| Ok(Value::Bytes(part.to_vec())))
}

/// a · 2ⁿ, doubled n times.
fn shifted(a: u128, n: u128) -> Option<u128> {
    if a == 0 {
        return Some(0);
    }
    (0..n.min(128)).try_fold(a, |value, _| value.checked_mul(2))
}

/// A value's canonical bytes, which are hashed.
pub fn encode(value: &Value, ty: &Type, program: &crate::hir::Program, bytes: &mut Vec<u8>) {
    match (value, ty) {
        (Value::Bool(b), _) => bytes.push(u8::from(*b)),
        (Value::Number(n), _) => bytes.extend_from_slice(&n.to_le_bytes()),
        (Value::Wide(n) | Value::Ratio(n), _) => bytes.extend_from_slice(&n.to_le_bytes()),
        (Value::Address(raw) | Value::Hash(raw), _) => bytes.extend_from_slice(raw),
        (Value::Bytes(text), _) => {
            bytes.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        (Value::Struct(values), Type::Struct(id)) => {
            for (value, field) in values.iter().zip(&program.structs[usize::from(id.0)].fields) {
                encode(value, &field.ty, program, bytes);
            }
        }
        (Value::Variant(at, values), Type::Enum(id)) => {
            bytes.extend_from_slice(&u64::from(*at).to_le_bytes());
            for (place, variant) in program.enums[usize::from(id.0)].variants.iter().enumerate() {
                for (field_at, field) in variant.fields.iter().enumerate() {
                    let zero = program.zero(&field.ty);
                    let here = place == usize::from(*at);
                    let value = if here {
                        values.get(field_at).unwrap_or(&zero)
                    } else {
                        &zero
                    };
                    encode(value, &field.ty, program, bytes);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(value: u64) -> Value {
        Value::Number(value)
    }

    #[test]
    fn arithmetic_is_checked_and_rounds_as_told() {
        use BinaryOp as Op;
        let cases = [
            (Op::Add, u64::MAX, 1, Err(Failure::Overflow)),
            (Op::Sub, 1, 2, Err(Failure::Overflow)),
            (Op::Mul, 1 << 32, 1 << 32, Err(Failure::Overflow)),
            (Op::Mul, 7, 6, Ok(n(42))),
            (Op::DivDown, 7, 2, Ok(n(3))),
            (Op::DivUp, 7, 2, Ok(n(4))),
            (Op::DivUp, 8, 2, Ok(n(4))),
            (Op::DivDown, 1, 0, Err(Failure::DivisionByZero)),
            (Op::Rem, 7, 4, Ok(n(3))),
            (Op::Rem, 7, 0, Err(Failure::DivisionByZero)),
            (Op::LessEqual, 7, 7, Ok(Value::Bool(true))),
        ];
        for (op, a, b, expected) in cases {
            assert_eq!(binary(op, &n(a), &n(b)), expected, "{a} {} {b}", op.text());
        }
    }

    #[test]
    fn products_are_exact_in_between() {
        use Intrinsic as I;
        let max = u64::MAX;
        let bytes = |text: &[u8]| Value::Bytes(text.to_vec());
        let cases = [
            (I::MulDivDown, vec![n(max), n(max), n(max)], Ok(n(max))),
            (
                I::MulDivDown,
                vec![n(max), n(2), n(3)],
                Ok(n(12_297_829_382_473_034_410)),
            ),
            (I::MulDivUp, vec![n(10), n(10), n(3)], Ok(n(34))),
            (I::MulDivUp, vec![n(max), n(2), n(1)], Err(Failure::Overflow)),
            (I::MulDivUp, vec![n(1), n(1), n(0)], Err(Failure::DivisionByZero)),
            (
                I::Product,
                vec![n(max), n(max)],
                Ok(Value::Wide(u128::from(max) * u128::from(max))),
            ),
            (I::SqrtDown, vec![Value::Wide(u128::MAX)], Ok(n(max))),
            (I::SqrtUp, vec![n(10)], Ok(n(4))),
            (I::SqrtUp, vec![n(9)], Ok(n(3))),
            (I::RatioDown, vec![n(1), n(2)], Ok(Value::Ratio(1 << 63))),
            (I::MulUp, vec![n(3), Value::Ratio(1 << 63)], Ok(n(2))),
            (I::MulDown, vec![n(3), Value::Ratio(1 << 63)], Ok(n(1))),
            (I::DivDown, vec![n(3), Value::Ratio(1 << 63)], Ok(n(6))),
            (
                I::PowDown,
                vec![Value::Ratio(3 << 64), n(4)],
                Ok(Value::Ratio(81 << 64)),
            ),
            (I::PowDown, vec![Value::Ratio(0), n(0)], Ok(Value::Ratio(1 << 64))),
            (
                I::PowUp,
                vec![Value::Ratio(2 << 64), n(64)],
                Err(Failure::Overflow),
            ),
            (I::Ceil, vec![Value::Ratio((5 << 64) + 1)], Ok(n(6))),
            (I::Floor, vec![Value::Ratio((5 << 64) + 1)], Ok(n(5))),
            (I::BitNot, vec![n(0)], Ok(n(max))),
            (I::ShiftLeft, vec![n(3), n(62)], Ok(n(3 << 62))),
            (I::ShiftLeft, vec![n(3), n(63)], Err(Failure::Overflow)),
            (I::ShiftLeft, vec![n(0), n(max)], Ok(n(0))),
            (I::ShiftRight, vec![n(max), n(64)], Ok(n(0))),
            (I::ByteAt, vec![bytes(b"abc"), n(2)], Ok(n(u64::from(b'c')))),
            (I::ByteAt, vec![bytes(b"abc"), n(3)], Err(Failure::OutOfRange)),
            (I::Slice, vec![bytes(b"abc"), n(1), n(2)], Ok(bytes(b"bc"))),
            (I::Slice, vec![bytes(b"abc"), n(3), n(0)], Ok(bytes(b""))),
            (
                I::Slice,
                vec![bytes(b"abc"), n(max), n(1)],
                Err(Failure::OutOfRange),
            ),
            (I::Concat, vec![bytes(b"ab"), bytes(b"c")], Ok(bytes(b"abc"))),
        ];
        for (at, (function, args, expected)) in cases.into_iter().enumerate() {
            assert_eq!(
                intrinsic(function, &args),
                Some(expected),
                "case {at}: {function:?} {args:?}"
            );
        }
    }

    #[test]
    fn wide_products_are_those_of_longhand() {
        assert_eq!(wide_product(u128::MAX, u128::MAX), (u128::MAX - 1, 1));
        assert_eq!(wide_product(1 << 127, 2), (1, 0));
        assert_eq!(wide_product(u128::MAX, 1 << 64), ((1 << 64) - 1, u128::MAX << 64));
    }
}
