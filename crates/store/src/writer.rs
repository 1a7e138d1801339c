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
