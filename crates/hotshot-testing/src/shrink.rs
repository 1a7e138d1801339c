//! From a failing run to the least that fails in the same way.
//!
//! Each step takes one thing away and keeps the seed; what still violates the same property is kept. A description within
//! what the protocol bears stays within it: fewer members, but never more than a third of them faulty.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::{TestLauncher, Violation, description::TestDescription};

/// Most runs, and most time, that are spent on one violation.
const MAX_RUNS: u32 = 300;
const MAX_TIME: Duration = Duration::from_secs(20);

/// The least that was found to fail.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// How it fails; its command replays the shrunk run.
    pub violation: Box<Violation>,
    /// What is left.
    pub description: TestDescription,
    /// How many runs it took to find it.
    pub runs: u32,
}

impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            seed,
            checker,
            what,
            replay,
            ..
        } = &*self.violation;
        writeln!(
            f,
            "shrunk in {} runs to seed {seed}: {checker}: {what}",
            self.runs
        )?;
        write!(f, "{}", self.description)?;
        write!(f, "  replay: {replay}")
    }
}

/// Takes away what the violation does not need.
pub fn shrink(description: TestDescription, violation: &Violation) -> Shrunk {
    let (started, borne) = (Instant::now(), description.is_borne());
    let mut best = Shrunk {
        violation: Box::new(violation.clone()),
        description,
        runs: 0,
    };
    let expected = violation.checker == "failed views";
    loop {
        let before = best.description.reductions.0.len();
        for reduction in best.description.reductions_left(expected) {
            if best.runs >= MAX_RUNS || started.elapsed() >= MAX_TIME {
                return best;
            }
            if !best.description.reductions_left(expected).contains(&reduction) {
                // What was taken away before it took it along.
                continue;
            }
            let reduced = best
                .description
                .clone()
                .reduced(&crate::Reductions(vec![reduction]));
            if borne && !reduced.is_borne() {
                continue;
            }
            best.runs += 1;
            let run = TestLauncher::new(reduced.clone(), violation.seed)
                .launch()
                .run_test();
            if let Err(again) = run
                && again.checker == violation.checker
            {
                (best.description, best.violation) = (reduced, again);
            }
        }
        if best.description.reductions.0.len() == before {
            return best;
        }
    }
}
