//! Every error code is reached by a row of a table.

use std::collections::BTreeSet;

use rollup_abi::ProgramError;

use crate::{certificate, registration, roles, roots};

#[test]
fn every_error_code_has_a_case() {
    let tables = [
        certificate::CASES,
        registration::CASES,
        roots::CASES,
        roles::CASES,
    ];
    let reached: BTreeSet<ProgramError> = tables.iter().copied().flatten().map(|case| case.expect).collect();
    let all: BTreeSet<ProgramError> = ProgramError::ALL.iter().copied().collect();
    let missing: Vec<&ProgramError> = all.difference(&reached).collect();
    assert!(missing.is_empty(), "no test reaches {missing:?}");
}
