//! A refusal as a table's row.

use program_tests::{Failure, Landed, Rig};
use rollup_abi::ProgramError;

/// What is tried, and the code that must come back.
pub struct Case {
    pub name: &'static str,
    pub expect: ProgramError,
    pub run: fn() -> Result<Landed, Failure>,
}

/// Runs a table; a row that is accepted, or refused for another reason, fails.
pub fn check(cases: &[Case]) {
    for case in cases {
        let got = (case.run)().err();
        assert_eq!(got, Some(Failure::Refused(case.expect)), "{}", case.name);
    }
}

/// An active committee of four with equal stakes: three are a quorum.
pub fn four() -> Rig {
    Rig::active(&[10, 10, 10, 10])
}
