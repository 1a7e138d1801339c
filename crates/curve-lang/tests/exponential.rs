//! The exponential function of the standard program `exponential_curve` against one of 256 bits behind the point.

mod common;

use std::sync::Arc;

use common::{Random, examples};
use curve_lang::{Options, compile, machine::MachineLedger, testing::own_address, value::Value};

/// Limbs behind the point, of 64 bits each.
const FRACTION: usize = 4;
/// One limb before the point, then those behind it.
type Big = [u64; 1 + FRACTION];

fn whole(n: u64) -> Big {
    let mut big = [0; 1 + FRACTION];
    big[0] = n;
    big
}

fn of_ratio(bits: u128) -> Big {
    let mut big = whole(u64::try_from(bits >> 64).unwrap());
    big[1] = u64::try_from(bits & u128::from(u64::MAX)).unwrap();
    big
}

fn add(a: &Big, b: &Big) -> Big {
    let (mut sum, mut carry) = (whole(0), 0u128);
    for at in (0..sum.len()).rev() {
        let part = u128::from(a[at]) + u128::from(b[at]) + carry;
        (sum[at], carry) = (part as u64, part >> 64);
    }
    assert_eq!(carry, 0, "the sum fits");
    sum
}

/// Rounded down.
fn divide(a: &Big, by: u64) -> Big {
    let (mut quotient, mut rest) = (whole(0), 0u128);
    for at in 0..a.len() {
        let part = (rest << 64) | u128::from(a[at]);
        quotient[at] = u64::try_from(part / u128::from(by)).unwrap();
        rest = part % u128::from(by);
    }
    quotient
}

/// Rounded down.
fn multiply(a: &Big, b: &Big) -> Big {
    let length = a.len();
    let mut limbs = vec![0u64; 2 * length];
    for i in (0..length).rev() {
        let mut carry = 0u128;
        for j in (0..length).rev() {
            let at = i + j + 1;
            let part = u128::from(a[i]) * u128::from(b[j]) + u128::from(limbs[at]) + carry;
            (limbs[at], carry) = (part as u64, part >> 64);
        }
        limbs[i] = u64::try_from(carry).unwrap();
    }
    assert_eq!(limbs[0], 0, "the product fits");
    std::array::from_fn(|at| limbs[at + 1])
}

/// e to the power of x, less at most 2⁻¹⁶⁰ of it: the series of x / 2¹⁶, squared sixteen times.
fn exp(x: u128) -> Big {
    let part = divide(&of_ratio(x), 1 << 16);
    let (mut sum, mut term) = (whole(1), whole(1));
    for k in 1..40 {
        term = divide(&multiply(&term, &part), k);
        sum = add(&sum, &term);
    }
    (0..16).fold(sum, |power, _| multiply(&power, &power))
}

#[test]
fn the_oracle_knows_e() {
    let e = exp(1 << 64);
    assert_eq!((e[0], e[1]), (2, 0xb7e1_5162_8aed_2a6a));
    assert_eq!(exp(0), whole(1));
    assert_eq!(exp(42 << 64)[0], 1_739_274_941_520_501_047);
}

/// Whatever is exactly known here lies between the two, which differ by less than one part in 2⁵⁶.
#[test]
fn both_bounds_hold() {
    let (name, source) = examples()
        .into_iter()
        .find(|(name, _)| name == "exponential_curve.curve")
        .unwrap();
    let artifact = compile(&source, &Options::default()).unwrap_or_else(|errors| panic!("{name}: {errors}"));
    let code = Arc::new(artifact.program.verify().unwrap());
    let mut ledger = MachineLedger::new(&artifact.hir, code, own_address(), 0, 0);
    let mut ask = |view: &str, x: u128| {
        let id = artifact.hir.find(|f| f.named.name == view).unwrap();
        match ledger.call(id, &[Value::Ratio(x)], [0; 32], 0).unwrap().value {
            Value::Ratio(bits) => bits,
            other => panic!("{view}({x}) is {other:?}"),
        }
    };
    let (mut random, mut widest) = (Random(1), 0.0f64);
    for case in 0..4_000u32 {
        let limit = 42u128 << 64;
        let x = match case {
            0 => 0,
            1 => limit,
            2..40 => (1u128 << 64) * u128::from(case) + 1,
            _ => ((u128::from(random.next()) << 64) | u128::from(random.next())) >> random.below(128),
        } % (limit + 1);
        let (low, high, exact) = (ask("exp_down", x), ask("exp_up", x), exp(x));
        assert!(of_ratio(low) <= exact, "case {case}: x = {x}");
        assert!(of_ratio(high) > exact || x == 0, "case {case}: x = {x}");
        assert!(
            high - low <= low >> 56,
            "case {case}: x = {x}, {} apart",
            high - low
        );
        widest = widest.max((high - low) as f64 / low as f64);
    }
    println!("at most 2^{:.2} of the value apart", widest.log2());
}
