//! Arithmetic against an oracle of its own: long numbers, bit by bit, as at school.
//!
//! Each instruction is run by the machine on random operands, many of them at edges, and compared with what exact numbers of
//! 512 bits say.

mod common;

use common::{World, entry, generate::Rng};
use curvevm::{Address, Trap, TrapKind, Value};

/// A number of 512 bits, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Big([bool; 512]);

impl Big {
    const ZERO: Self = Self([false; 512]);

    fn new(n: u128) -> Self {
        Self(std::array::from_fn(|bit| bit < 128 && (n >> bit) & 1 == 1))
    }

    fn shl(self, by: usize) -> Self {
        Self(std::array::from_fn(|bit| bit >= by && self.0[bit - by]))
    }

    fn plus(self, other: Self) -> Self {
        let mut carry = false;
        Self(std::array::from_fn(|bit| {
            let (a, b) = (self.0[bit], other.0[bit]);
            let sum = a ^ b ^ carry;
            carry = (a && b) || (carry && (a || b));
            sum
        }))
    }

    fn at_least(&self, other: &Self) -> bool {
        let highest = (0..512).rev().find(|bit| self.0[*bit] != other.0[*bit]);
        highest.is_none_or(|bit| self.0[bit])
    }

    fn minus(self, other: Self) -> Self {
        // Two's complement.
        let inverted = Self(other.0.map(|bit| !bit));
        self.plus(inverted).plus(Self::new(1))
    }

    fn times(self, other: Self) -> Self {
        let bits = (0..512).filter(|bit| other.0[*bit]);
        bits.fold(Self::ZERO, |sum, bit| sum.plus(self.shl(bit)))
    }

    /// Quotient, and whether nothing is left.
    fn over(self, divisor: Self) -> (Self, bool) {
        let (mut quotient, mut rest) = (Self::ZERO, Self::ZERO);
        for bit in (0..512).rev() {
            rest = rest.shl(1);
            rest.0[0] = self.0[bit];
            if rest.at_least(&divisor) {
                rest = rest.minus(divisor);
                quotient.0[bit] = true;
            }
        }
        (quotient, rest == Self::ZERO)
    }

    fn down(self, divisor: Self) -> Option<Self> {
        (divisor != Self::ZERO).then(|| self.over(divisor).0)
    }

    fn up(self, divisor: Self) -> Option<Self> {
        let (quotient, exact) = (divisor != Self::ZERO).then(|| self.over(divisor))?;
        Some(if exact {
            quotient
        } else {
            quotient.plus(Self::new(1))
        })
    }

    /// The largest number whose square is not above this one.
    fn root(self) -> Self {
        let mut root = Self::ZERO;
        for bit in (0..200).rev() {
            let mut next = root;
            next.0[bit] = true;
            if self.at_least(&next.times(next)) {
                root = next;
            }
        }
        root
    }

    fn root_up(self) -> Self {
        let root = self.root();
        if root.times(root) == self {
            root
        } else {
            root.plus(Self::new(1))
        }
    }

    /// As a number of so many bits, if it is one.
    fn fit(self, bits: usize) -> Option<u128> {
        let none_above = self.0[bits..].iter().all(|bit| !bit);
        none_above.then(|| (0..bits).fold(0, |n, bit| n | (u128::from(self.0[bit]) << bit)))
    }
}

/// What the oracle says: a value, or why there is none.
type Expected = Result<u128, TrapKind>;

fn fit(exact: Option<Big>, bits: usize) -> Expected {
    exact
        .ok_or(TrapKind::DivisionByZero)?
        .fit(bits)
        .ok_or(TrapKind::Overflow)
}

/// A result of so many bits, if `a` is not below `b`.
fn difference(a: Big, b: Big, bits: usize) -> Expected {
    if a.at_least(&b) {
        fit(Some(a.minus(b)), bits)
    } else {
        Err(TrapKind::Overflow)
    }
}

struct Case {
    mnemonic: &'static str,
    operands: &'static [&'static str],
    result: &'static str,
    oracle: fn(&[Big]) -> Expected,
}

const fn case(
    mnemonic: &'static str,
    operands: &'static [&'static str],
    result: &'static str,
    oracle: fn(&[Big]) -> Expected,
) -> Case {
    Case {
        mnemonic,
        operands,
        result,
        oracle,
    }
}

const U64_2: &[&str] = &["u64", "u64"];
const U64_3: &[&str] = &["u64", "u64", "u64"];
const U128_2: &[&str] = &["u128", "u128"];
const U128_3: &[&str] = &["u128", "u128", "u128"];
const FIX_2: &[&str] = &["fix", "fix"];
const AMOUNT_PRICE: &[&str] = &["u64", "fix"];

fn one() -> Big {
    Big::new(1).shl(64)
}

const CASES: &[Case] = &[
    case("add.u64", U64_2, "u64", |n| fit(Some(n[0].plus(n[1])), 64)),
    case("sub.u64", U64_2, "u64", |n| difference(n[0], n[1], 64)),
    case("mul.u64", U64_2, "u64", |n| fit(Some(n[0].times(n[1])), 64)),
    case("div.u64", U64_2, "u64", |n| fit(n[0].down(n[1]), 64)),
    case("div.up.u64", U64_2, "u64", |n| fit(n[0].up(n[1]), 64)),
    case("rem.u64", U64_2, "u64", |n| {
        let quotient = n[0].down(n[1]).ok_or(TrapKind::DivisionByZero)?;
        difference(n[0], quotient.times(n[1]), 64)
    }),
    case("muldiv.down.u64", U64_3, "u64", |n| {
        fit(n[0].times(n[1]).down(n[2]), 64)
    }),
    case("muldiv.up.u64", U64_3, "u64", |n| {
        fit(n[0].times(n[1]).up(n[2]), 64)
    }),
    case("min.u64", U64_2, "u64", |n| {
        fit(Some(if n[0].at_least(&n[1]) { n[1] } else { n[0] }), 64)
    }),
    case("max.u64", U64_2, "u64", |n| {
        fit(Some(if n[0].at_least(&n[1]) { n[0] } else { n[1] }), 64)
    }),
    case("lt.u64", U64_2, "bool", |n| Ok((!n[0].at_least(&n[1])).into())),
    case("le.u64", U64_2, "bool", |n| Ok(n[1].at_least(&n[0]).into())),
    case("eq.64", U64_2, "bool", |n| Ok((n[0] == n[1]).into())),
    case("ne.64", U64_2, "bool", |n| Ok((n[0] != n[1]).into())),
    case("add.wrap", U64_2, "u64", |n| {
        Ok(n[0]
            .plus(n[1])
            .shl(448)
            .over(Big::new(1).shl(448))
            .0
            .fit(64)
            .unwrap())
    }),
    case("mul.wrap", U64_2, "u64", |n| {
        Ok(n[0]
            .times(n[1])
            .shl(448)
            .over(Big::new(1).shl(448))
            .0
            .fit(64)
            .unwrap())
    }),
    case("mul.wide", U64_2, "u128", |n| fit(Some(n[0].times(n[1])), 128)),
    case("add.u128", U128_2, "u128", |n| fit(Some(n[0].plus(n[1])), 128)),
    case("sub.u128", U128_2, "u128", |n| difference(n[0], n[1], 128)),
    case("mul.u128", U128_2, "u128", |n| fit(Some(n[0].times(n[1])), 128)),
    case("div.u128", U128_2, "u128", |n| fit(n[0].down(n[1]), 128)),
    case("div.up.u128", U128_2, "u128", |n| fit(n[0].up(n[1]), 128)),
    case("rem.u128", U128_2, "u128", |n| {
        let quotient = n[0].down(n[1]).ok_or(TrapKind::DivisionByZero)?;
        difference(n[0], quotient.times(n[1]), 128)
    }),
    case("muldiv.down.u128", U128_3, "u128", |n| {
        fit(n[0].times(n[1]).down(n[2]), 128)
    }),
    case("muldiv.up.u128", U128_3, "u128", |n| {
        fit(n[0].times(n[1]).up(n[2]), 128)
    }),
    case("sqrt.down.u128", &["u128"], "u128", |n| {
        fit(Some(n[0].root()), 128)
    }),
    case("sqrt.up.u128", &["u128"], "u128", |n| {
        fit(Some(n[0].root_up()), 128)
    }),
    case("min.u128", U128_2, "u128", |n| {
        fit(Some(if n[0].at_least(&n[1]) { n[1] } else { n[0] }), 128)
    }),
    case("max.u128", U128_2, "u128", |n| {
        fit(Some(if n[0].at_least(&n[1]) { n[0] } else { n[1] }), 128)
    }),
    case("lt.u128", U128_2, "bool", |n| Ok((!n[0].at_least(&n[1])).into())),
    case("le.u128", U128_2, "bool", |n| Ok(n[1].at_least(&n[0]).into())),
    case("eq.128", U128_2, "bool", |n| Ok((n[0] == n[1]).into())),
    case("ne.128", U128_2, "bool", |n| Ok((n[0] != n[1]).into())),
    case("add.fix", FIX_2, "fix", |n| fit(Some(n[0].plus(n[1])), 128)),
    case("sub.fix", FIX_2, "fix", |n| difference(n[0], n[1], 128)),
    case("mul.down.fix", FIX_2, "fix", |n| {
        fit(n[0].times(n[1]).down(one()), 128)
    }),
    case("mul.up.fix", FIX_2, "fix", |n| {
        fit(n[0].times(n[1]).up(one()), 128)
    }),
    case("div.down.fix", FIX_2, "fix", |n| {
        fit(n[0].shl(64).down(n[1]), 128)
    }),
    case("div.up.fix", FIX_2, "fix", |n| fit(n[0].shl(64).up(n[1]), 128)),
    case("sqrt.down.fix", &["fix"], "fix", |n| {
        fit(Some(n[0].shl(64).root()), 128)
    }),
    case("sqrt.up.fix", &["fix"], "fix", |n| {
        fit(Some(n[0].shl(64).root_up()), 128)
    }),
    case("min.fix", FIX_2, "fix", |n| {
        fit(Some(if n[0].at_least(&n[1]) { n[1] } else { n[0] }), 128)
    }),
    case("max.fix", FIX_2, "fix", |n| {
        fit(Some(if n[0].at_least(&n[1]) { n[0] } else { n[1] }), 128)
    }),
    case("lt.fix", FIX_2, "bool", |n| Ok((!n[0].at_least(&n[1])).into())),
    case("le.fix", FIX_2, "bool", |n| Ok(n[1].at_least(&n[0]).into())),
    case("scale.down", AMOUNT_PRICE, "u64", |n| {
        fit(n[0].times(n[1]).down(one()), 64)
    }),
    case("scale.up", AMOUNT_PRICE, "u64", |n| {
        fit(n[0].times(n[1]).up(one()), 64)
    }),
    case("unscale.down", AMOUNT_PRICE, "u64", |n| {
        fit(n[0].shl(64).down(n[1]), 64)
    }),
    case("unscale.up", AMOUNT_PRICE, "u64", |n| {
        fit(n[0].shl(64).up(n[1]), 64)
    }),
    case("ratio.down", U64_2, "fix", |n| fit(n[0].shl(64).down(n[1]), 128)),
    case("ratio.up", U64_2, "fix", |n| fit(n[0].shl(64).up(n[1]), 128)),
    case("widen", &["u64"], "u128", |n| fit(Some(n[0]), 128)),
    case("narrow", &["u128"], "u64", |n| fit(Some(n[0]), 64)),
    case("bool.u64", &["bool"], "u64", |n| fit(Some(n[0]), 64)),
    case("u64.fix", &["u64"], "fix", |n| fit(Some(n[0].shl(64)), 128)),
    case("floor.fix", &["fix"], "u64", |n| fit(n[0].down(one()), 64)),
    case("ceil.fix", &["fix"], "u64", |n| fit(n[0].up(one()), 64)),
    case("fix.bits", &["fix"], "u128", |n| fit(Some(n[0]), 128)),
    case("bits.fix", &["u128"], "fix", |n| fit(Some(n[0]), 128)),
];

/// A number that is often at an edge, or near another one.
fn operand(rng: &mut Rng, ty: &str, before: &[u128]) -> u128 {
    let near = before
        .last()
        .map_or(0, |n| n.wrapping_add(rng.below(3) as u128).wrapping_sub(1));
    let wide = match rng.below(7) {
        0 => u128::MAX - rng.below(3) as u128,
        1 => near,
        2 => rng.number().into(),
        3 => 1u128 << rng.below(128),
        4 => u128::from(rng.next()) * u128::from(rng.next()),
        5 => u128::from(rng.number()) << 64,
        _ => u128::from(rng.next()) | (u128::from(rng.next()) << 64),
    };
    match ty {
        "u64" if rng.chance(2) => wide >> 64,
        "u64" => wide & u128::from(u64::MAX),
        "bool" => wide & 1,
        _ => wide >> rng.pick(&[0, 0, 0, 20, 64, 100]),
    }
}

fn value(ty: &str, n: u128) -> Value {
    match ty {
        "u64" => Value::U64(n.try_into().unwrap()),
        "bool" => Value::Bool(n != 0),
        "u128" => Value::U128(n),
        _ => Value::Fix(n),
    }
}

fn deploy(world: &mut World, mnemonic: &str, operands: &[&str], result: &str) -> Address {
    let params = operands
        .iter()
        .zip('a'..)
        .map(|(ty, name)| format!("{name}: {ty}"));
    let params: Vec<String> = params.collect();
    let arguments: Vec<String> = (0..operands.len()).map(|n| format!("r{n}")).collect();
    let (params, arguments, d) = (params.join(", "), arguments.join(", "), operands.len());
    world.deploy_text(&format!(
        "program p\nentry f({params}) -> ({result}) {{\n regs {result}\n {mnemonic} r{d}, {arguments}\n ret r{d}\n}}"
    ))
}

fn run(world: &mut World, at: Address, args: &[Value]) -> Result<Value, Trap> {
    let success = world.call(&entry(at, "f", args)).map_err(|fault| fault.trap)?;
    Ok(success.results[0].clone())
}

#[test]
fn every_operation_is_exact_or_rounds_as_it_says() {
    for (n, case) in (0..).zip(CASES) {
        let (mut world, mut rng) = (World::new(), Rng(n));
        let at = deploy(&mut world, case.mnemonic, case.operands, case.result);
        let mut values = 0;
        for _ in 0..250 {
            let mut operands = Vec::new();
            for ty in case.operands {
                operands.push(operand(&mut rng, ty, &operands));
            }
            let exact: Vec<Big> = operands.iter().map(|n| Big::new(*n)).collect();
            let args: Vec<Value> = case
                .operands
                .iter()
                .zip(&operands)
                .map(|(ty, n)| value(ty, *n))
                .collect();
            let expected = (case.oracle)(&exact).map(|n| value(case.result, n));
            values += usize::from(expected.is_ok());
            let got = run(&mut world, at, &args).map_err(Trap::kind);
            assert_eq!(got, expected, "{} {args:?}", case.mnemonic);
        }
        assert!(
            values > 20,
            "{}: only {values} operands with a result",
            case.mnemonic
        );
    }
}

/// The exact result, unless it divides by zero.
type Signed = fn(i128, i128) -> Option<i128>;

#[test]
fn signed_numbers() {
    let cases: [(&str, Signed); 8] = [
        ("add.i64", |a, b| Some(a + b)),
        ("sub.i64", |a, b| Some(a - b)),
        ("mul.i64", |a, b| Some(a * b)),
        ("div.i64", |a, b| a.checked_div(b)),
        // Of the type's smallest number and −1 also the remainder overflows.
        ("rem.i64", |a, b| {
            if (a, b) == (i64::MIN.into(), -1) {
                Some(i128::MAX)
            } else {
                a.checked_rem(b)
            }
        }),
        ("neg.i64", |a, _| Some(-a)),
        ("lt.i64", |a, b| Some((a < b).into())),
        ("le.i64", |a, b| Some((a <= b).into())),
    ];
    let numbers = [i64::MIN, i64::MIN + 1, -7, -1, 0, 1, 2, 7, i64::MAX];
    for (mnemonic, oracle) in cases {
        let mut world = World::new();
        let operands: &[&str] = if mnemonic == "neg.i64" {
            &["i64"]
        } else {
            &["i64", "i64"]
        };
        let result = if mnemonic.starts_with('l') { "bool" } else { "i64" };
        let at = deploy(&mut world, mnemonic, operands, result);
        for (a, b) in numbers.iter().flat_map(|a| numbers.map(|b| (*a, b))) {
            let expected = match oracle(a.into(), b.into()).map(i64::try_from) {
                None => Err(Trap::DivisionByZero),
                Some(Err(_)) => Err(Trap::Overflow),
                Some(Ok(n)) if result == "bool" => Ok(Value::Bool(n != 0)),
                Some(Ok(n)) => Ok(Value::I64(n)),
            };
            let args = [Value::I64(a), Value::I64(b)];
            assert_eq!(
                run(&mut world, at, &args[..operands.len()]),
                expected,
                "{mnemonic} {a} {b}"
            );
        }
    }
}

#[test]
fn bits_shifts_and_powers() {
    let mut world = World::new();
    let mut check =
        |mnemonic: &str, operands: &[&str], result: &str, cases: &[(&[Value], Result<Value, Trap>)]| {
            let at = deploy(&mut world, mnemonic, operands, result);
            for (args, expected) in cases {
                assert_eq!(run(&mut world, at, args), *expected, "{mnemonic} {args:?}");
            }
        };
    let n = Value::U64;
    let w = Value::U128;
    check("and.u64", U64_2, "u64", &[(&[n(12), n(10)], Ok(n(8)))]);
    check("or.u64", U64_2, "u64", &[(&[n(12), n(10)], Ok(n(14)))]);
    check("xor.u64", U64_2, "u64", &[(&[n(12), n(10)], Ok(n(6)))]);
    check("not.u64", &["u64"], "u64", &[(&[n(0)], Ok(n(u64::MAX)))]);
    let shl = [
        (&[n(1), n(63)][..], Ok(n(1 << 63))),
        (&[n(2), n(63)], Err(Trap::Overflow)),
        (&[n(3), n(62)], Ok(n(3 << 62))),
        (&[n(0), n(u64::MAX)], Ok(n(0))),
        (&[n(1), n(64)], Err(Trap::Overflow)),
        (&[n(u64::MAX), n(0)], Ok(n(u64::MAX))),
    ];
    check("shl.u64", U64_2, "u64", &shl);
    let shr = [
        (&[n(u64::MAX), n(63)][..], Ok(n(1))),
        (&[n(u64::MAX), n(64)], Ok(n(0))),
        (&[n(5), n(1)], Ok(n(2))),
        (&[n(5), n(u64::MAX)], Ok(n(0))),
    ];
    check("shr.u64", U64_2, "u64", &shr);
    let shl = [
        (&[w(1), n(127)][..], Ok(w(1 << 127))),
        (&[w(2), n(127)], Err(Trap::Overflow)),
        (&[w(0), n(500)], Ok(w(0))),
        (&[w(1), n(128)], Err(Trap::Overflow)),
    ];
    check("shl.u128", &["u128", "u64"], "u128", &shl);
    let shr = [
        (&[w(u128::MAX), n(127)][..], Ok(w(1))),
        (&[w(u128::MAX), n(128)], Ok(w(0))),
        (&[w(u128::MAX), n(1 << 32)], Ok(w(0))),
    ];
    check("shr.u128", &["u128", "u64"], "u128", &shr);
    let pow = [
        (&[n(0), n(0)][..], Ok(n(1))),
        (&[n(0), n(9)], Ok(n(0))),
        (&[n(1), n(u64::MAX)], Ok(n(1))),
        (&[n(2), n(63)], Ok(n(1 << 63))),
        (&[n(2), n(64)], Err(Trap::Overflow)),
        (&[n(3), n(40)], Ok(n(12_157_665_459_056_928_801))),
        (&[n(3), n(41)], Err(Trap::Overflow)),
        (&[n(2), n(1 << 33)], Err(Trap::Overflow)),
    ];
    check("pow.u64", U64_2, "u64", &pow);
    let big = 1u64 << 63;
    check(
        "u64.i64",
        &["u64"],
        "i64",
        &[(&[n(7)], Ok(Value::I64(7))), (&[n(big)], Err(Trap::Overflow))],
    );
    let back = [
        (&[Value::I64(7)][..], Ok(n(7))),
        (&[Value::I64(-1)], Err(Trap::Overflow)),
    ];
    check("i64.u64", &["i64"], "u64", &back);
}

/// Powers lie on their side of the exact one, and the two sides close to each other.
#[test]
fn powers_of_fractions_enclose_the_exact_one() {
    let mut world = World::new();
    let down = deploy(&mut world, "pow.down.fix", &["fix", "u64"], "fix");
    let up = deploy(&mut world, "pow.up.fix", &["fix", "u64"], "fix");
    let mut rng = Rng(1);
    let mut compared = 0;
    for _ in 0..400 {
        // Exact in 512 bits: a has 64 + 20 bits, and is taken to the 6th power at most.
        let a = (u128::from(rng.next() >> 44) << 44) | if rng.chance(2) { 1 << 64 } else { 0 };
        let n = rng.below(4) as u64;
        let mut exact = Big::new(1);
        for _ in 0..n {
            exact = exact.times(Big::new(a));
        }
        let scale = Big::new(1).shl(64 * (n as usize).saturating_sub(1));
        let exact = if n == 0 { one() } else { exact };
        let (floor, ceil) = (
            exact.down(scale).unwrap().fit(128),
            exact.up(scale).unwrap().fit(128),
        );
        let args = [Value::Fix(a), Value::U64(n)];
        let (low, high) = (run(&mut world, down, &args), run(&mut world, up, &args));
        let (Some(floor), Some(ceil)) = (floor, ceil) else {
            assert_eq!((low, high), (Err(Trap::Overflow), Err(Trap::Overflow)));
            continue;
        };
        let (Ok(Value::Fix(low)), Ok(Value::Fix(high))) = (low, high) else {
            panic!("{args:?}")
        };
        assert!(
            low <= floor && ceil <= high && high - low <= 32,
            "{args:?}: {low} {floor} {ceil} {high}"
        );
        compared += 1;
    }
    assert!(compared > 300);
}

#[test]
fn choices_and_bytes() {
    let mut world = World::new();
    let at = world.deploy_text(
        "program p
        const bytes \"0102\"
        entry f(c: bool, a: bytes[4], b: bytes[4], i: u64, n: u64) -> (bytes[8], bytes[4], bytes[4], u64, bool, u64) {
          regs bytes[8], bytes[4], bytes[4], u64, bool, u64
          concat r5, r1, r2
          slice r6, r5, r3, r4
          select.bytes r7, r0, r1, r2
          at.bytes r8, r5, r3
          eq.bytes r9, r6, r7
          len.bytes r10, r6
          ret r5
        }",
    );
    let bytes = |text: &[u8]| Value::Bytes(text.to_vec());
    let mut f = |c, a: &[u8], b: &[u8], i, n| {
        let args = [Value::Bool(c), bytes(a), bytes(b), Value::U64(i), Value::U64(n)];
        world
            .call(&entry(at, "f", &args))
            .map(|done| done.results)
            .map_err(|fault| fault.trap)
    };
    let all = |concat: &[u8], slice: &[u8], chosen: &[u8], at: u8| {
        vec![
            bytes(concat),
            bytes(slice),
            bytes(chosen),
            Value::U64(at.into()),
            Value::Bool(slice == chosen),
            Value::U64(slice.len() as u64),
        ]
    };
    assert_eq!(
        f(true, b"ab", b"cde", 1, 3),
        Ok(all(b"abcde", b"bcd", b"ab", b'b'))
    );
    assert_eq!(
        f(false, b"ab", b"cde", 2, 3),
        Ok(all(b"abcde", b"cde", b"cde", b'c'))
    );
    assert_eq!(
        f(true, b"abcd", b"efgh", 0, 0),
        Ok(all(b"abcdefgh", b"", b"abcd", b'a'))
    );
    for (i, n) in [(0, 6), (5, 0), (5, 1), (1, 5), (u64::MAX, 1), (1, u64::MAX)] {
        assert_eq!(f(true, b"ab", b"cde", i, n), Err(Trap::OutOfRange), "{i} {n}");
    }
}

#[test]
fn digests() {
    let mut world = World::new();
    let at = world.deploy_text(
        "program p
        entry f(a: u64, b: bool, c: bytes[3]) -> (hash, hash, bool) {
          regs hash, hash, bool, bytes[14]
          pack r6, 3, r0
          sha256 r3, r6
          sha256.pair r4, r3, r3
          lt.256 r5, r3, r4
          ret r3
        }",
    );
    let args = [Value::U64(0x0102), Value::Bool(true), Value::Bytes(vec![7, 8])];
    let packed = [2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 7, 8];
    let first = rollup_abi::sha256(&[&packed]);
    let second = rollup_abi::sha256(&[&first, &first]);
    let expected = [
        Value::Hash(first),
        Value::Hash(second),
        Value::Bool(first < second),
    ];
    assert_eq!(world.call(&entry(at, "f", &args)).unwrap().results, expected);
}
