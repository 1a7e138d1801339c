//! The programs: their texts for each machine, their arguments, and what they return, in Rust.

use crate::measure::{CALL, TURN};

/// A program to measure.
pub struct Case {
    pub name: &'static str,
    pub unit: &'static str,
    /// Its name among the texts.
    pub program: &'static str,
    /// Turns of its loop, its first argument.
    pub turns: u64,
    /// Its other arguments.
    pub args: &'static [u64],
    /// Runs for one time.
    pub repeats: u32,
    /// What it returns.
    pub native: fn(u64) -> u128,
}

const K: u64 = 0x9e37_79b9_7f4a_7c15;
const M: u64 = 0xbf58_476d_1ce4_e5b9;
/// Reserves of a pool: the product of one with a payment has more than 64 bits.
const RESERVE: u64 = 3_000_000_000_000_000;
const GROWTH: u128 = 18_446_744_073_709_570_062;
const PRICE: u128 = 18_446_744_073_709_561_234;

/// Long loops: what the machine takes for its instructions.
pub const LOOPS: [Case; 4] = [
    Case {
        name: "mix: add, xor, multiply, count, branch",
        unit: TURN,
        program: "mix",
        turns: 1_000_000,
        args: &[K, M],
        repeats: 1,
        native: mix,
    },
    Case {
        name: "swap: 64 × 64 → 128 bits / 64",
        unit: TURN,
        program: "swap",
        turns: 100_000,
        args: &[RESERVE, RESERVE],
        repeats: 1,
        native: swap,
    },
    Case {
        name: "growth: Q64.64 multiply, add, subtract",
        unit: TURN,
        program: "growth",
        turns: 100_000,
        args: &[],
        repeats: 1,
        native: growth,
    },
    Case {
        name: "price: Q64.64 multiply, divide",
        unit: TURN,
        program: "price",
        turns: 100_000,
        args: &[],
        repeats: 1,
        native: price,
    },
];

/// Short calls: what it takes to begin and to end one.
pub const CALLS: [Case; 2] = [
    Case {
        name: "call: mix of six turns, entry and commit",
        unit: CALL,
        program: "mix",
        turns: 6,
        args: &[K, M],
        repeats: 10_000,
        native: mix,
    },
    Case {
        name: "call: one entry read and written, entry and commit",
        unit: CALL,
        program: "counter",
        turns: 7,
        args: &[],
        repeats: 10_000,
        native: u128::from,
    },
];

/// The texts of a machine, by program.
macro_rules! texts {
    ($program:expr, $extension:literal: $($name:literal),*) => {
        match $program {
            $($name => Some(include_str!(concat!("programs/", $name, ".", $extension)).to_owned()),)*
            _ => None,
        }
    };
}

impl Case {
    /// For our machine.
    pub fn casm(&self) -> Option<String> {
        texts!(self.program, "casm": "mix", "swap", "growth", "price", "counter")
    }

    /// As WebAssembly.
    pub fn wat(&self) -> Option<String> {
        let text = texts!(self.program, "wat": "mix", "swap", "growth", "price", "counter")?;
        Some(text.replace("{divide}", include_str!("programs/divide.wat")))
    }

    /// For the EVM.
    pub fn evm(&self) -> Option<String> {
        self.filled(
            texts!(self.program, "evm": "mix", "swap", "growth", "price"),
            |n| n.to_string(),
        )
    }

    /// For sBPF.
    pub fn sbpf(&self) -> Option<String> {
        self.filled(texts!(self.program, "sbpf": "mix"), |n| format!("{n:#x}"))
    }

    /// A text with the arguments in it.
    fn filled(&self, text: Option<String>, show: fn(u64) -> String) -> Option<String> {
        let names: &[&str] = match self.program {
            "mix" => &["{k}", "{m}"],
            "swap" => &["{x}", "{y}"],
            _ => &[],
        };
        let text = text?.replace("{n}", &show(self.turns));
        let filled = names.iter().zip(self.args);
        Some(filled.fold(text, |text, (name, arg)| text.replace(name, &show(*arg))))
    }
}

fn mix(n: u64) -> u128 {
    let sum = (0..n).fold(0u64, |sum, i| (sum.wrapping_add(i) ^ K).wrapping_mul(M));
    sum.into()
}

fn swap(n: u64) -> u128 {
    let (mut x, mut y) = (RESERVE, RESERVE);
    for i in 0..n {
        let paid = (i & 1023) + 1000;
        let kept = paid * 997;
        let pool = x * 1000 + kept;
        let out = u128::from(y) * u128::from(kept) / u128::from(pool);
        (x, y) = (y - out as u64, x + paid);
    }
    x.into()
}

fn growth(n: u64) -> u128 {
    (0..n).fold(1 << 64, |value, _| product(value, GROWTH))
}

fn price(n: u64) -> u128 {
    (0..n).fold(1 << 64, |value, _| quotient(product(value, GROWTH), PRICE))
}

/// ⌊a · b / 2⁶⁴⌋ of numbers below 2⁹⁶.
fn product(a: u128, b: u128) -> u128 {
    let low = u128::from(u64::MAX);
    let (a1, a0, b1, b0) = (a >> 64, a & low, b >> 64, b & low);
    ((a1 * b1) << 64) + a1 * b0 + a0 * b1 + ((a0 * b0) >> 64)
}

/// ⌊a · 2⁶⁴ / b⌋ bit by bit, for a, b below 2¹²⁷ and quotients below 2¹²⁸.
fn quotient(a: u128, b: u128) -> u128 {
    (0..64)
        .fold((a / b, a % b), |(q, rest), _| {
            let doubled = rest << 1;
            let fits = doubled >= b;
            (
                (q << 1) | u128::from(fits),
                if fits { doubled - b } else { doubled },
            )
        })
        .0
}
