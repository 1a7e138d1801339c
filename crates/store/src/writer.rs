//! A thread that writes: a bounded queue in, one redb commit for all that waits, an answer to each once it is durable.

use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::StoreError;

/// Requests that may wait. Beyond it callers wait, which slows consensus down instead of growing memory.
const QUEUE: usize = 256;
/// Most requests in one commit: bounds how long the first of them waits for the last.
const GROUP: usize = 64;

/// What a writing thread does.
pub(crate) trait Sink: Send + 'static {
    /// One caller's writes: all of them or none.
    type Job: Send + 'static;

    /// Makes the jobs durable in order, in one commit. An answer per job; a refused job has written nothing. An error
    /// means that nobody knows what is durable: the thread ends.
    fn commit(&mut self, jobs: Vec<Self::Job>) -> Result<Vec<Result<(), StoreError>>, StoreError>;
}

type Request<J> = (J, oneshot::Sender<Result<(), StoreError>>);

/// The handle of a writing thread. Dropping it writes what waits and joins the thread.
pub(crate) struct Writer<J> {
    requests: Option<mpsc::Sender<Request<J>>>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> Writer<J> {
    pub fn spawn(name: &'static str, sink: impl Sink<Job = J>) -> Result<Self, std::io::Error> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || run(name, queue, sink))?;
        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Durable when it returns. Requests are written in the order in which this is first polled.
    pub async fn write(&self, job: J) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or(StoreError::Stopped)?;
        requests
            .send((job, done))
            .await
            .map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

impl<J> Drop for Writer<J> {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a writing thread of the store panicked");
        }
    }
}

fn run<S: Sink>(name: &'static str, mut queue: mpsc::Receiver<Request<S::Job>>, mut sink: S) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut group, GROUP) > 0 {
        let (jobs, answers): (Vec<_>, Vec<_>) = group.drain(..).unzip();
        match sink.commit(jobs) {
            Ok(results) => {
                // A caller that has gone away wants no answer.
                answers
                    .into_iter()
                    .zip(results)
                    .for_each(|(answer, result)| drop(answer.send(result)));
            }
            Err(error) => {
                tracing::error!(thread = name, %error, "cannot write: the store stops");
                answers
                    .into_iter()
                    .for_each(|answer| drop(answer.send(Err(error.clone()))));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        sync::mpsc as channel,
        task::{Context, Poll, Waker},
    };

    use super::*;

    /// Reports each group and waits to be let on; fails on job 13, refuses job 7.
    struct Probe {
        groups: channel::Sender<Vec<u32>>,
        go: channel::Receiver<()>,
    }

    impl Sink for Probe {
        type Job = u32;

        fn commit(&mut self, jobs: Vec<u32>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
            self.groups.send(jobs.clone()).unwrap();
            self.go.recv().unwrap();
            if jobs.contains(&13) {
                return Err(StoreError::damaged("probe", 13));
            }
            let refused = StoreError::Height { got: 7, expected: 8 };
            Ok(jobs
                .iter()
                .map(|job| if *job == 7 { Err(refused.clone()) } else { Ok(()) })
                .collect())
        }
    }

    #[tokio::test]
    async fn what_waits_is_committed_together_in_order() {
        let (report, groups) = channel::channel();
        let (go, wait) = channel::channel();
        let writer = Writer::spawn(
            "probe",
            Probe {
                groups: report,
                go: wait,
            },
        )
        .unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(writer.write(0));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert_eq!(groups.recv().unwrap(), [0]);
        let mut waiting: Vec<_> = (1..=100).map(|job| Box::pin(writer.write(job))).collect();
        for write in &mut waiting {
            assert!(matches!(write.as_mut().poll(&mut context), Poll::Pending));
        }
        for _ in 0..2 {
            go.send(()).unwrap();
        }
        first.await.unwrap();
        // 13 fails its whole group, and with it everything after.
        let ends: Vec<_> = (1..=64).collect();
        assert_eq!(groups.recv().unwrap(), ends);
        for (job, write) in (1..).zip(waiting) {
            let error = write.await.unwrap_err();
            assert_eq!(
                matches!(error, StoreError::Damaged { .. }),
                job <= 64,
                "{job}: {error}"
            );
            assert_eq!(matches!(error, StoreError::Stopped), job > 64, "{job}: {error}");
        }
        assert!(matches!(writer.write(1).await, Err(StoreError::Stopped)));
    }

    #[tokio::test]
    async fn a_refusal_is_for_its_own_caller() {
        let (report, _groups) = channel::channel();
        let (go, wait) = channel::channel();
        let writer = Writer::spawn(
            "probe",
            Probe {
                groups: report,
                go: wait,
            },
        )
        .unwrap();
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        let (six, seven, eight) = tokio::join!(writer.write(6), writer.write(7), writer.write(8));
        assert!(six.is_ok() && eight.is_ok());
        assert!(matches!(seven, Err(StoreError::Height { .. })));
    }
}
