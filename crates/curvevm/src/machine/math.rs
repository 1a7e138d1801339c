//! Arithmetic that Rust has not: products of 256 bits, quotients of them, and the fixed-point operations made of these.
//!
//! Every function is exact before it rounds, and says in which direction. `None` is an overflow.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "only divisions are plain operators, and no divisor is zero; sums and products wrap or are checked by name"
)]

/// Which way to round what lies between two representable numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    Down,
    Up,
}

/// One, as a `fix`.
pub const ONE: u128 = 1 << 64;

const LOW: u128 = u64::MAX as u128;

/// The product's high and low 128 bits.
#[inline]
pub fn mul_wide(a: u128, b: u128) -> (u128, u128) {
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let low = a0.wrapping_mul(b0);
    let cross = a1.wrapping_mul(b0).wrapping_add(low >> 64);
    let other = a0.wrapping_mul(b1).wrapping_add(cross & LOW);
    let high = a1
        .wrapping_mul(b1)
        .wrapping_add(cross >> 64)
        .wrapping_add(other >> 64);
    (high, (other << 64) | (low & LOW))
}

/// Quotient and remainder of a number of 256 bits, `high` below `divisor`: Knuth's algorithm D with two digits of 64 bits.
fn div_wide(high: u128, low: u128, divisor: u128) -> (u128, u128) {
    if high == 0 {
        return quotient(low, divisor);
    }
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    // A shift by 128 is no shift in Rust; `high` moves only when `shift` does.
    let carried = if shift == 0 {
        0
    } else {
        low >> 128u32.wrapping_sub(shift)
    };
    let (high, low) = ((high << shift) | carried, low << shift);
    let (q1, rest) = digit(high, low >> 64, divisor);
    let (q0, rest) = digit(rest, low & LOW, divisor);
    ((q1 << 64) | q0, rest >> shift)
}

/// Quotient and rest, with one division.
#[inline]
fn quotient(a: u128, b: u128) -> (u128, u128) {
    let quotient = a / b;
    (quotient, a.wrapping_sub(quotient.wrapping_mul(b)))
}

/// One digit of the quotient of `high·2⁶⁴ + next`, and the rest. The divisor's highest bit is set and it is above `high`.
fn digit(high: u128, next: u128, divisor: u128) -> (u128, u128) {
    let (d1, d0) = (divisor >> 64, divisor & LOW);
    let (mut q, mut rest) = quotient(high, d1);
    while q > LOW || q.wrapping_mul(d0) > ((rest << 64) | next) {
        q = q.wrapping_sub(1);
        rest = rest.wrapping_add(d1);
        if rest > LOW {
            break;
        }
    }
    let left = ((high << 64) | next).wrapping_sub(q.wrapping_mul(divisor));
    (q, left)
}

/// `a · b / c`, the product in 256 bits; `c` is not 0.
pub fn mul_div(a: u128, b: u128, c: u128, round: Round) -> Option<u128> {
    let (high, low) = mul_wide(a, b);
    if high >= c {
        return None;
    }
    let (quotient, rest) = div_wide(high, low, c);
    rounded(quotient, rest != 0, round)
}

/// `a · b / c`, the product in 128 bits; `c` is not 0.
#[inline]
pub fn mul_div_64(a: u64, b: u64, c: u64, round: Round) -> Option<u64> {
    let product = u128::from(a).wrapping_mul(b.into());
    let (quotient, rest) = match u64::try_from(product) {
        Ok(small) => (u128::from(small / c), u128::from(small % c)),
        Err(_) => quotient(product, c.into()),
    };
    u64::try_from(rounded(quotient, rest != 0, round)?).ok()
}

/// `a / b`; `b` is not 0.
#[inline]
pub fn div(a: u128, b: u128, round: Round) -> Option<u128> {
    let (quotient, rest) = quotient(a, b);
    rounded(quotient, rest != 0, round)
}

#[inline]
fn rounded(down: u128, inexact: bool, round: Round) -> Option<u128> {
    match round {
        Round::Up if inexact => down.checked_add(1),
        _ => Some(down),
    }
}

/// √a.
pub fn sqrt(a: u128, round: Round) -> u128 {
    let root = a.isqrt();
    // The root of a u128 is below 2⁶⁴: its square and successor fit.
    let inexact = root.wrapping_mul(root) != a;
    rounded(root, inexact, round).unwrap_or(root)
}

/// a · b of `fix`.
#[inline]
pub fn mul_fix(a: u128, b: u128, round: Round) -> Option<u128> {
    let (high, low) = mul_wide(a, b);
    if high > LOW {
        return None;
    }
    rounded((high << 64) | (low >> 64), low & LOW != 0, round)
}

/// a / b of `fix`; `b` is not 0.
pub fn div_fix(a: u128, b: u128, round: Round) -> Option<u128> {
    mul_div(a, ONE, b, round)
}

/// aⁿ of `fix` by squaring, every product rounded.
pub fn pow_fix(a: u128, mut n: u64, round: Round) -> Option<u128> {
    let (mut power, mut result) = (a, ONE);
    while n > 0 {
        if n & 1 == 1 {
            result = mul_fix(result, power, round)?;
        }
        n >>= 1;
        if n > 0 {
            power = mul_fix(power, power, round)?;
        }
    }
    Some(result)
}

/// √a of `fix`: the root of a · 2⁶⁴, by Newton's method from above.
pub fn sqrt_fix(a: u128, round: Round) -> u128 {
    if a <= LOW {
        return sqrt(a << 64, round);
    }
    // Above the root by one part in 2³² at most, and below 2⁹⁷.
    let mut root = a.isqrt().wrapping_add(1) << 32;
    loop {
        let quotient = mul_div(a, ONE, root, Round::Down).unwrap_or(root);
        let next = root.wrapping_add(quotient) >> 1;
        if next >= root {
            break;
        }
        root = next;
    }
    let inexact = mul_wide(root, root) != (a >> 64, a << 64);
    rounded(root, inexact, round).unwrap_or(root)
}

/// a · b of a number and a `fix`.
#[inline]
pub fn scale(a: u64, b: u128, round: Round) -> Option<u64> {
    let (high, low) = mul_wide(a.into(), b);
    if high != 0 {
        return None;
    }
    u64::try_from(rounded(low >> 64, low & LOW != 0, round)?).ok()
}

/// a / b of a number and a `fix`; `b` is not 0.
#[inline]
pub fn unscale(a: u64, b: u128, round: Round) -> Option<u64> {
    u64::try_from(div(u128::from(a) << 64, b, round)?).ok()
}

/// aⁿ.
pub fn pow(a: u64, n: u64) -> Option<u64> {
    match (a, u32::try_from(n)) {
        (0 | 1, _) => Some(if n == 0 { 1 } else { a }),
        (_, Ok(n)) => a.checked_pow(n),
        (_, Err(_)) => None,
    }
}

/// a · 2ⁿ.
pub fn shl(a: u128, n: u64, bits: u32) -> Option<u128> {
    let spare = u64::from(a.leading_zeros()).checked_sub(u64::from(128u32.wrapping_sub(bits)))?;
    match (a, u32::try_from(n)) {
        (0, _) => Some(0),
        (_, Ok(shift)) if n <= spare => Some(a << shift),
        _ => None,
    }
}

/// ⌊a / 2ⁿ⌋.
pub fn shr(a: u128, n: u64) -> u128 {
    u32::try_from(n).ok().and_then(|n| a.checked_shr(n)).unwrap_or(0)
}
