//! Fuzzes lexer, parser, checker, formatter and compiler: `fuzz CASES SEED`. Every case is a damaged program, a list of words or
//! a text, and can be run again alone by its seed: `fuzz 1 SEED`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{
    Random,
    spoil::{WORDS, exercise, mutated, programs},
};
use curve_lang::check;

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .map(|arg| arg.parse::<u64>().expect("a number"));
    let (cases, first) = (args.next().unwrap_or(100_000), args.next().unwrap_or(0));
    let programs = programs();
    let mut accepted = 0u64;
    for seed in (first..).take(usize::try_from(cases).expect("a count")) {
        let source = source(&programs, seed);
        let result = std::panic::catch_unwind(|| {
            exercise(&source);
            !check(&source).diagnostics.has_errors()
        });
        match result {
            Ok(good) => accepted += u64::from(good),
            Err(_) => {
                eprintln!("seed {seed} faults:\n{source}");
                std::process::exit(1);
            }
        }
    }
    println!("{cases} cases from seed {first}: {accepted} compile, the others are refused");
}

fn source(programs: &[String], seed: u64) -> String {
    let mut random = Random(seed);
    match random.below(4) {
        0 => {
            let words: Vec<&str> = (0..random.below(150))
                .map(|_| WORDS[random.below(WORDS.len())])
                .collect();
            format!("program p; {}", words.join(" "))
        }
        1 => {
            let text = (0..random.below(300)).map(|_| any_char(&mut random));
            text.collect()
        }
        _ => mutated(&programs[random.below(programs.len())], seed),
    }
}

/// Mostly of the kind that sources have.
fn any_char(random: &mut Random) -> char {
    match random.below(8) {
        0 => char::from_u32(u32::try_from(random.next() % 0x11_0000).unwrap_or(0)).unwrap_or('\u{fffd}'),
        _ => char::from(b' ' + u8::try_from(random.below(95)).unwrap_or(0)),
    }
}
