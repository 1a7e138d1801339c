//! A refusal as a table's row.

use program_tests::{Failure, Landed, Rig};
use rollup_abi::ProgramError;

/// The attacks on one instruction.
pub struct Table {
    pub instruction: &'static str,
    pub cases: &'static [Case],
}

/// What is tried, and the code that must come back.
pub struct Case {
    pub name: &'static str,
    pub expect: ProgramError,
    pub run: fn() -> Result<Landed, Failure>,
}

/// Runs a table; a row that is accepted, or refused for another reason, fails.
pub fn check(table: &Table) {
    for case in table.cases {
        let got = (case.run)().err();
        let expected = Some(Failure::Refused(case.expect));
        assert_eq!(got, expected, "{}: {}", table.instruction, case.name);
    }
}

/// An active committee of four with equal stakes: three are a quorum.
pub fn four() -> Rig {
    Rig::active(&[10, 10, 10, 10])
}

/// The refusal with this code.
pub fn refused(error: ProgramError) -> Option<Failure> {
    Some(Failure::Refused(error))
}
