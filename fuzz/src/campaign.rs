//! Running a target: inputs drawn from a seed, the first that fails made small.

use std::fmt;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};

use crate::Target;

/// Most steps in which a failing input is made small.
const MAX_SHRINKING: u32 = 20_000;

/// A target's input that breaks a promise.
#[derive(Debug)]
pub struct Failure {
    /// Which target.
    pub target: &'static str,
    /// What it says.
    pub message: String,
    /// The least input found that does it.
    pub input: Vec<u8>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            message,
            input,
        } = self;
        writeln!(f, "{target}: {message}")?;
        let input = hex::encode(input);
        write!(
            f,
            "replay: cargo run -p fuzz -- --target {target} --input {input}"
        )
    }
}

impl std::error::Error for Failure {}

/// Runs a target on `inputs` inputs that `seed` draws. Same seed, same inputs.
///
/// # Errors
/// The first input that fails, made small.
pub fn run(target: &Target, seed: u64, inputs: u32) -> Result<(), Box<Failure>> {
    let config = Config {
        cases: inputs,
        failure_persistence: None,
        max_shrink_iters: MAX_SHRINKING,
        ..Config::default()
    };
    let mut full = [0; 32];
    full[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &full);
    // Pieces of eight bytes: a target's decisions stay apart when an input is made small.
    let input = vec(any::<u64>(), 0..=target.pieces).prop_map(|pieces| {
        let bytes: Vec<[u8; 8]> = pieces.into_iter().map(u64::to_le_bytes).collect();
        bytes.concat()
    });
    let result = TestRunner::new_with_rng(config, rng).run(&input, |input| {
        (target.run)(&input);
        Ok(())
    });
    let failure = |message: String, input| Failure {
        target: target.name,
        message,
        input,
    };
    match result {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, input)) => Err(Box::new(failure(reason.to_string(), input))),
        Err(TestError::Abort(reason)) => Err(Box::new(failure(reason.to_string(), Vec::new()))),
    }
}
