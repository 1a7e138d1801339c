//! From a description and a seed to a runner.

use crate::{
    description::{NodeAction, TestDescription},
    runner::TestRunner,
};

/// A test that is about to run.
pub struct TestLauncher {
    description: TestDescription,
    seed: u64,
}

impl TestDescription {
    /// Prepares one run.
    pub fn gen_launcher(self, seed: u64) -> TestLauncher {
        TestLauncher::new(self, seed)
    }
}

impl TestLauncher {
    /// Prepares one run.
    pub fn new(description: TestDescription, seed: u64) -> Self {
        Self { description, seed }
    }

    /// Puts the nodes into place and starts those that do not join late.
    pub fn launch(self) -> TestRunner {
        let late: Vec<usize> = (0..self.description.node_stakes.len() + self.description.observers)
            .filter(|node| {
                let mut changes = self.description.spinning_properties.values().flatten();
                let first = changes.find(|change| change.idx == *node);
                first.is_some_and(|change| change.updown == NodeAction::Up)
            })
            .collect();
        let mut runner = TestRunner::new(self.description, self.seed);
        runner.start_all(&late);
        runner
    }
}
