//! Tasks that a node cannot do without: the death of one is told, and stopping goes stage by stage, each within a bound.

use std::{collections::HashMap, future::Future, time::Duration};

use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How long the tasks of one stage may take to stop; then they are aborted.
pub const STAGE_TIMEOUT: Duration = Duration::from_secs(2);

/// In the order in which they stop: nothing new comes in, nothing more goes to Solana, then consensus, its network, and at
/// last those who only tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// RPC.
    Intake,
    /// Poster and what follows it.
    Settlement,
    /// The engine.
    Consensus,
    /// libp2p and gossip.
    Network,
    /// Metrics and health.
    Watch,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Intake,
        Self::Settlement,
        Self::Consensus,
        Self::Network,
        Self::Watch,
    ];
}

/// How a critical task ended although nobody had asked it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{task} ended: {reason}")]
pub struct Death {
    /// Which.
    pub task: &'static str,
    /// Why.
    pub reason: String,
}

/// The critical tasks.
#[derive(Debug)]
pub struct Supervisor {
    tasks: JoinSet<Result<(), String>>,
    names: HashMap<Id, (Stage, &'static str)>,
    stops: [CancellationToken; Stage::ALL.len()],
}

impl Default for Supervisor {
    fn default() -> Self {
        Self {
            tasks: JoinSet::new(),
            names: HashMap::new(),
            stops: Default::default(),
        }
    }
}

impl Supervisor {
    /// The token that tells a stage to stop.
    pub fn stop(&self, stage: Stage) -> CancellationToken {
        self.stops[stage as usize].clone()
    }

    /// A task that listens to its stage's token by itself.
    pub fn watch<F>(&mut self, stage: Stage, task: &'static str, future: F)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let handle = self.tasks.spawn(future);
        self.names.insert(handle.id(), (stage, task));
    }

    /// A task that may be dropped at any point; it ends when its stage stops.
    pub fn run<F>(&mut self, stage: Stage, task: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop(stage);
        self.watch(stage, task, async move {
            match stop.clone().run_until_cancelled_owned(future).await {
                Some(()) if !stop.is_cancelled() => Err("nothing left to do".into()),
                Some(()) | None => Ok(()),
            }
        });
    }

    /// Completes when a task ends that was not asked to.
    pub async fn death(&mut self) -> Death {
        loop {
            match self.tasks.join_next_with_id().await {
                None => {
                    return Death {
                        task: "supervisor",
                        reason: "no task is left".into(),
                    };
                }
                Some(ended) => {
                    if let Some(death) = self.bury(ended) {
                        return death;
                    }
                }
            }
        }
    }

    /// Forgets an ended task; its death, unless its stage was told to stop and it ended well.
    fn bury(&mut self, ended: Result<(Id, Result<(), String>), JoinError>) -> Option<Death> {
        let (id, result) = match ended {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(error.to_string())),
        };
        let (stage, task) = self.names.remove(&id)?;
        match result {
            Ok(()) if self.stops[stage as usize].is_cancelled() => None,
            Ok(()) => Some(Death {
                task,
                reason: "it ended without being asked to".into(),
            }),
            Err(reason) => Some(Death { task, reason }),
        }
    }

    /// Stops a stage: tells its tasks, waits for them within [`STAGE_TIMEOUT`].
    pub async fn stop_stage(&mut self, stage: Stage) {
        self.stops[stage as usize].cancel();
        let deadline = Instant::now() + STAGE_TIMEOUT;
        while self.names.values().any(|(of, _)| *of == stage) {
            match tokio::time::timeout_at(deadline, self.tasks.join_next_with_id()).await {
                Ok(Some(ended)) => {
                    if let Some(death) = self.bury(ended) {
                        tracing::warn!(%death, "while stopping");
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    let late: Vec<_> = self
                        .names
                        .values()
                        .filter(|(of, _)| *of == stage)
                        .map(|(_, name)| *name)
                        .collect();
                    tracing::warn!(?stage, ?late, "not stopped in time");
                    self.names.retain(|_, (of, _)| *of != stage);
                }
            }
        }
    }

    /// Stops all stages in order; what is late is aborted.
    pub async fn shutdown(mut self) {
        for stage in Stage::ALL {
            self.stop_stage(stage).await;
        }
        self.tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn a_death_has_a_name_and_a_reason() {
        let mut supervisor = Supervisor::default();
        supervisor.run(Stage::Network, "idle", std::future::pending());
        supervisor.watch(Stage::Consensus, "engine", async { Err("disk full".into()) });
        let death = supervisor.death().await;
        assert_eq!(death.to_string(), "engine ended: disk full");
        supervisor.watch(Stage::Consensus, "panics", async { panic!("our own invariant") });
        assert!(supervisor.death().await.reason.contains("panic"));
        supervisor.watch(Stage::Intake, "quiet", async { Ok(()) });
        assert_eq!(supervisor.death().await.task, "quiet");
    }

    #[tokio::test(start_paused = true)]
    async fn stages_stop_in_order_and_the_late_are_aborted() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut supervisor = Supervisor::default();
        for stage in Stage::ALL.into_iter().rev() {
            let (stop, order) = (supervisor.stop(stage), Arc::clone(&order));
            supervisor.watch(stage, "orderly", async move {
                stop.cancelled().await;
                order.lock().expect("no panic").push(stage);
                Ok(())
            });
        }
        supervisor.watch(Stage::Settlement, "deaf", async {
            std::future::pending::<()>().await;
            Ok(())
        });
        let started = Instant::now();
        supervisor.shutdown().await;
        assert_eq!(*order.lock().expect("no panic"), Stage::ALL);
        assert_eq!(
            started.elapsed(),
            STAGE_TIMEOUT,
            "only the deaf one was waited for"
        );
    }
}
