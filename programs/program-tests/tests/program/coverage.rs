//! Every error code is reached by a row of a table, and the tables are those of docs/program.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use rollup_abi::ProgramError;
use rollup_abi::instruction::ALL;

use crate::case::Table;
use crate::{certificate, conflict, epochs, proofs, registration, release, replacement, roles, roots};

/// What every guarded instruction refuses, as `roles.rs` tries it on each of them.
const SIGNERS: [(&str, &str, ProgramError); 2] = [
    (
        "pause, veto_replacement",
        "by anybody but guardian and governance",
        ProgramError::NotGuardian,
    ),
    (
        "activate_committee, add_poster, execute_replacement, propose_role, record_release, resume, revoke_poster, \
         schedule_replacement",
        "by anybody but governance",
        ProgramError::NotGovernance,
    ),
];

fn tables() -> Vec<&'static Table> {
    let mut tables = vec![
        &certificate::TABLE,
        &conflict::TABLE,
        &epochs::HAND_OVER,
        &epochs::POSTS,
        &proofs::BLOCKS,
        &proofs::ACCOUNTS,
        &registration::TABLE,
        &release::RECORD,
        &release::MIGRATE,
        &roots::TABLE,
    ];
    tables.extend(&epochs::STAGING);
    tables.extend(&replacement::TABLES);
    tables.extend(&roles::TABLES);
    tables
}

#[test]
fn every_error_code_has_a_case() {
    let cases = tables().into_iter().flat_map(|table| table.cases);
    let mut reached: BTreeSet<ProgramError> = cases.map(|case| case.expect).collect();
    reached.extend(SIGNERS.map(|(_, _, error)| error));
    let all: BTreeSet<ProgramError> = ProgramError::ALL.iter().copied().collect();
    let missing: Vec<&ProgramError> = all.difference(&reached).collect();
    assert!(missing.is_empty(), "no test reaches {missing:?}");
}

#[test]
fn every_instruction_is_attacked_by_its_own_name() {
    let known: BTreeSet<&str> = ALL.iter().map(|instruction| instruction.name).collect();
    for table in tables() {
        assert!(known.contains(table.instruction), "{}", table.instruction);
    }
}

/// The table instruction × attack → error.
fn attacks() -> String {
    let mut rows: BTreeMap<&str, Vec<(&str, ProgramError)>> = BTreeMap::new();
    for table in tables() {
        let cases = table.cases.iter().map(|case| (case.name, case.expect));
        rows.entry(table.instruction).or_default().extend(cases);
    }
    let mut text = "| instruction | attack | error |\n|---|---|---|\n".to_owned();
    let mut row = |instruction: &str, attack: &str, error: ProgramError| {
        writeln!(text, "| {instruction} | {attack} | {} |", error.name()).expect("a string takes everything");
    };
    for (instructions, attack, error) in SIGNERS {
        row(instructions, attack, error);
    }
    for (instruction, cases) in rows {
        for (attack, error) in cases {
            row(instruction, attack, error);
        }
    }
    text
}

#[test]
fn the_document_lists_every_attack() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/program.md");
    let document = std::fs::read_to_string(path).expect("docs/program.md");
    let attacks = attacks();
    assert!(
        document.contains(&attacks),
        "docs/program.md, section Attacks, should hold:\n{attacks}"
    );
}

#[test]
fn the_document_lists_every_error() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/program.md");
    let document = std::fs::read_to_string(path).expect("docs/program.md");
    let mut errors = String::new();
    for error in ProgramError::ALL {
        writeln!(
            errors,
            "| {} | `{}` | {} |",
            error.code(),
            error.name(),
            error.text()
        )
        .expect("a string takes everything");
    }
    assert!(
        document.contains(&errors),
        "docs/program.md, section Error codes, should hold:\n{errors}"
    );
}
