//! Runs the tests that stand beside a program.
//!
//! A test is a script: the script itself is interpreted, its transactions and views are carried out by a [`Ledger`]. There are
//! two: [`MachineLedger`] runs the compiled program on CurveVM, [`ReferenceLedger`] interprets the source. Both must come
//! to the same.

use std::sync::Arc;

use curvevm::{Address, Verified};

use crate::{
    diagnostic::{Code, Diagnostic},
    hir::Program,
    machine::MachineLedger,
    reference::{Chain, Ledger, ReferenceLedger, Script, account},
    span::Span,
};

/// How to run tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestOptions {
    /// Cases of each `for all`.
    pub cases: u32,
    /// Where its random values begin.
    pub seed: u64,
    /// Most statements and expressions of one test.
    pub steps: u64,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            cases: 256,
            seed: 1,
            steps: 100_000_000,
        }
    }
}

/// How one test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// How many cases of `for all` ran.
    pub cases: u64,
    /// Why it fails, if it does.
    pub failure: Option<TestFailure>,
}

/// Why a test fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// The statement that failed.
    pub span: Span,
    /// What happened.
    pub message: String,
    /// The smallest failing values of `for all`, by name.
    pub case: Vec<(String, String)>,
}

impl TestFailure {
    /// As a diagnostic, to be drawn on the source.
    pub fn diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(Code::TestFails, self.span, &self.message);
        if !self.case.is_empty() {
            let values: Vec<String> = self
                .case
                .iter()
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            diagnostic = diagnostic.note(format!("with {}", values.join(", ")));
        }
        diagnostic
    }
}

/// When tests begin, in milliseconds since 1970.
pub const START_MS: u64 = 1_700_000_000_000;
/// At which height.
pub const START_HEIGHT: u64 = 1_000;
/// Milliseconds between blocks.
pub const BLOCK_MS: u64 = 250;

/// The program's address in tests.
pub fn own_address() -> [u8; 32] {
    account(b"this program")
}

/// Runs all tests, each on a ledger of its own.
pub fn run_tests<L: Ledger>(
    program: &Program,
    options: TestOptions,
    ledger: impl Fn() -> L,
) -> Vec<TestReport> {
    let run = |test: &crate::hir::Test| {
        let mut script = Script::new(
            program,
            &test.locals,
            ledger(),
            options.cases,
            options.seed,
            options.steps,
        );
        let result = script.run(&test.body);
        let failure = result.err().map(|failure| TestFailure {
            span: failure.span,
            message: failure.message.clone(),
            case: failure.case.clone(),
        });
        TestReport {
            name: test.named.name.clone(),
            span: test.named.span,
            cases: script.ran,
            failure,
        }
    };
    program.tests.iter().map(run).collect()
}

/// Another program on the ledgers of tests, which the tested one may call. Its `init` does not run.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// It is at the address that tests write as `account("name")`.
    pub name: String,
    /// Its meaning.
    pub program: Arc<Program>,
    /// Its code.
    pub code: Arc<Verified>,
}

/// Runs all tests with the program interpreted from its source.
pub fn run_reference_tests(program: &Program, options: TestOptions) -> Vec<TestReport> {
    run_reference_tests_beside(program, &[], options)
}

/// The same, with other programs on the ledger.
pub fn run_reference_tests_beside(
    program: &Program,
    neighbours: &[Neighbour],
    options: TestOptions,
) -> Vec<TestReport> {
    let start = || {
        let mut chain = Chain::new(own_address(), START_MS, START_HEIGHT);
        for other in neighbours {
            chain.add(account(other.name.as_bytes()), other.program.clone());
        }
        ReferenceLedger::new(program, chain)
    };
    run_tests(program, options, start)
}

/// Runs all tests with the compiled program on CurveVM.
pub fn run_machine_tests(program: &Program, code: &Arc<Verified>, options: TestOptions) -> Vec<TestReport> {
    run_machine_tests_beside(program, code, &[], options)
}

/// The same, with other programs on the ledger.
pub fn run_machine_tests_beside(
    program: &Program,
    code: &Arc<Verified>,
    neighbours: &[Neighbour],
    options: TestOptions,
) -> Vec<TestReport> {
    let start = || {
        let mut ledger = MachineLedger::new(program, code.clone(), own_address(), START_MS, START_HEIGHT);
        for other in neighbours {
            let address = Address::new(account(other.name.as_bytes()));
            ledger.host.programs.insert(address, other.code.clone());
        }
        ledger
    };
    run_tests(program, options, start)
}
