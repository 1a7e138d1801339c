//! The documentation is what the code says.

use curvevm::{Program, limits, reference};

const DOC: &str = include_str!("../../../docs/curvevm.md");

#[test]
fn the_instruction_table_is_the_code_s() {
    let (_, after) = DOC.split_once("<!-- instructions:").unwrap();
    let (_, table) = after.split_once("-->\n").unwrap();
    let (table, _) = table.split_once("<!-- end of instructions -->").unwrap();
    assert_eq!(
        table.trim(),
        reference::markdown().trim(),
        "`cargo run -p curvevm --example reference` prints the table for docs/curvevm.md"
    );
}

#[test]
fn the_example_is_accepted() {
    let (_, example) = DOC.split_once("```\nprogram counter").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    Program::assemble(&format!("program counter{example}"))
        .unwrap()
        .verify()
        .unwrap();
}

#[test]
fn the_limits_are_the_code_s() {
    let thousands = |n: usize| match n {
        0..=9999 => n.to_string(),
        _ => format!("{},{:03}", n / 1000, n % 1000),
    };
    for row in [
        [limits::MAX_PROGRAM_BYTES].as_slice(),
        &[limits::MAX_FUNCTIONS, limits::MAX_CODE, limits::MAX_INVARIANTS],
        &[
            limits::MAX_CONSTANTS,
            limits::MAX_SLOTS,
            limits::MAX_EVENT_KINDS,
            limits::MAX_ERRORS,
            limits::MAX_INTERFACES,
        ],
        &[limits::MAX_NAME_BYTES, limits::MAX_TEXT_BYTES, limits::MAX_FILES],
        &[limits::MAX_CALL_DEPTH],
        &[limits::MAX_MEMORY_BYTES],
        &[limits::MAX_EVENTS, limits::MAX_CHANGES],
    ] {
        let numbers: Vec<String> = row.iter().map(|n| thousands(*n)).collect();
        let cell = format!("| {} |", numbers.join("; "));
        assert!(DOC.contains(&cell), "{cell}");
    }
}
