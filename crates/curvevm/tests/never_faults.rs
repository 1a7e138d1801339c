//! Whatever the verifier accepts cannot fault the interpreter, and whatever bytes come cannot fault decoder and verifier.
//!
//! `cargo run --release -p curvevm --example fuzz -- CASES SEED` runs the same for as long as one likes.

mod common;

use common::{
    generate::{Rng, damage, program},
    trial::{Tally, trial},
};
use curvevm::{Machine, Program, TABLE, TrapKind};
use proptest::prelude::*;

const GAS: u64 = 3_000_000;

#[test]
fn generated_programs_are_accepted_and_run() {
    let (mut machine, mut tally) = (Machine::new(), Tally::default());
    for seed in 0..4000 {
        let mut rng = Rng(seed);
        let program = program(&mut rng, seed % 2 == 0);
        let shown = program.disassemble();
        // A program may call a function that writes from one that must not: the generator does not follow calls.
        trial(&mut machine, &mut rng, program, GAS, &mut tally);
        if tally.refused > 0 {
            let error = Program::assemble(&shown).unwrap().verify().unwrap_err();
            panic!("seed {seed}: {error}\n{shown}");
        }
    }
    assert!(tally.succeeded > 500 && tally.trapped > 500, "{tally:?}");
    let rare = unseen(&tally);
    assert!(rare.is_empty(), "{rare:?}");
}

/// Traps of the table that no program ran into, but for those that are reached elsewhere: overflows one by one in
/// `arithmetic.rs`, those that take more than one random program in `calls.rs`.
fn unseen(tally: &Tally) -> Vec<(&'static str, TrapKind)> {
    let elsewhere = [
        TrapKind::Overflow,
        TrapKind::LimitReached,
        TrapKind::CorruptState,
        TrapKind::TooDeep,
        TrapKind::NotPayable,
        TrapKind::NoSuchEntry,
        TrapKind::InsufficientBalance,
    ];
    let all = TABLE
        .iter()
        .flat_map(|spec| spec.traps.iter().map(|trap| (spec.mnemonic, *trap)));
    let expected = all.filter(|(_, trap)| !elsewhere.contains(trap));
    expected.filter(|pair| !tally.seen.contains(pair)).collect()
}

#[test]
fn damaged_programs_are_refused_or_run() {
    let (mut machine, mut tally) = (Machine::new(), Tally::default());
    for seed in 0..4000 {
        let mut rng = Rng(seed);
        let mut program = program(&mut rng, true);
        for _ in 0..=rng.below(3) {
            damage(&mut rng, &mut program);
        }
        trial(&mut machine, &mut rng, program, GAS, &mut tally);
    }
    assert!(tally.accepted > 500 && tally.refused > 500, "{tally:?}");
}

#[test]
fn damaged_bytes_are_refused_or_run() {
    let (mut machine, mut tally) = (Machine::new(), Tally::default());
    let mut decoded = 0;
    for seed in 0..4000 {
        let mut rng = Rng(seed);
        let mut bytes = program(&mut rng, true).encode();
        for _ in 0..=rng.below(4) {
            let at = rng.below(bytes.len());
            bytes[at] = rng.next() as u8;
        }
        if let Ok(program) = Program::decode(&bytes) {
            assert_eq!(program.encode(), bytes, "one program, one encoding");
            decoded += 1;
            trial(&mut machine, &mut rng, program, GAS, &mut tally);
        }
    }
    assert!(decoded > 500 && tally.accepted > 200, "{decoded} {tally:?}");
}

#[test]
fn programs_round_trip_as_bytes_and_as_text() {
    for seed in 0..500 {
        let program = program(&mut Rng(seed), true);
        assert_eq!(Program::decode(&program.encode()).as_ref(), Ok(&program));
        let text = program.disassemble();
        assert_eq!(Program::assemble(&text).as_ref(), Ok(&program), "{text}");
    }
}

proptest! {
    #[test]
    fn random_bytes_do_not_fault_the_decoder(bytes: Vec<u8>, magic: bool) {
        let bytes = if magic { [b"CURV\x01".as_slice(), &bytes].concat() } else { bytes };
        if let Ok(program) = Program::decode(&bytes) {
            prop_assert_eq!(program.encode(), bytes);
        }
    }

    #[test]
    fn random_text_does_not_fault_the_assembler(text: String) {
        if let Ok(program) = Program::assemble(&text) {
            drop(program.verify());
        }
    }
}
