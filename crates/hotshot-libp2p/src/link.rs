//! What runs for each open stream: one writer or one reader.

use std::sync::Arc;

use futures::{AsyncWriteExt, io::BufWriter};
use hotshot_engine::ports::{Incoming, Priority};
use hotshot_types::NodeId;
use libp2p::Stream;
use tokio::{
    sync::{Mutex, mpsc},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Limits,
    frame::{self, ReadError, within},
    metrics::Metrics,
    queue::Queue,
};

/// Small frames leave together with their length, and with each other, in one write.
const WRITE_BUFFER: usize = 16 * 1024;
/// After so many frames in favour of urgent ones, `recv` looks at the bulk first once: nobody can starve it.
const FAVOUR: u32 = 16;

/// What a stream's task needs to know.
#[derive(Clone)]
pub struct Link {
    /// The member at the other end.
    pub node: NodeId,
    /// The stream's class.
    pub class: Priority,
    /// Bounds.
    pub limits: Arc<Limits>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

impl Link {
    /// Writes what `queue` holds until told to stop, then ends the stream in order.
    ///
    /// # Errors
    /// If the stream breaks, or the other side takes nothing for too long.
    pub async fn write(
        self,
        stream: Stream,
        queue: Arc<Queue>,
        stop: CancellationToken,
    ) -> Result<(), ReadError> {
        let patience = self.limits.patience;
        let mut stream = BufWriter::with_capacity(WRITE_BUFFER, stream);
        loop {
            let frame = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                frame = queue.pop() => Some(frame),
                () = sleep(self.limits.keep_alive) => None,
            };
            let body = frame.as_deref().unwrap_or_default();
            frame::write(&mut stream, body, patience).await?;
            if queue.is_empty() {
                within(patience, stream.flush()).await?;
            }
            if frame.is_some() {
                let metrics = self.metrics.class(self.class);
                metrics.frames_out.increment();
                metrics.bytes_out.add(body.len() as u64);
                queue.sent.add(body.len() as u64);
            }
        }
        within(patience, stream.close()).await
    }

    /// Hands what the stream brings to `inbox`; a slow engine slows the sender down. Ends with the stream.
    ///
    /// # Errors
    /// If the stream breaks, is silent for too long, or brings a frame over the limit.
    pub async fn read(self, mut stream: Stream, inbox: mpsc::Sender<Incoming>) -> Result<(), ReadError> {
        let limit = self.limits.frame_len(self.class);
        while let Some(bytes) = frame::read(&mut stream, limit, self.limits.patience).await? {
            let metrics = self.metrics.class(self.class);
            metrics.frames_in.increment();
            metrics.bytes_in.add(bytes.len() as u64);
            if inbox
                .send(Incoming {
                    from: self.node,
                    bytes,
                })
                .await
                .is_err()
            {
                break;
            }
        }
        Ok(())
    }
}

/// Where the readers put what they read: one bounded channel for each class.
#[derive(Clone, Debug)]
pub struct Inbox([mpsc::Sender<Incoming>; 3]);

impl Inbox {
    /// The channel of a class.
    pub fn sender(&self, class: Priority) -> mpsc::Sender<Incoming> {
        self.0[class as usize].clone()
    }
}

#[derive(Debug)]
struct Receivers {
    vote: mpsc::Receiver<Incoming>,
    proposal: mpsc::Receiver<Incoming>,
    sync: mpsc::Receiver<Incoming>,
    turn: u32,
}

/// The engine's end of the [`Inbox`].
#[derive(Debug)]
pub struct Outlet(Mutex<Receivers>);

/// The two ends, with room for `frames` of each class.
pub fn inbox(frames: usize) -> (Inbox, Outlet) {
    let (votes, vote) = mpsc::channel(frames);
    let (proposals, proposal) = mpsc::channel(frames);
    let (syncs, sync) = mpsc::channel(frames);
    let receivers = Receivers {
        vote,
        proposal,
        sync,
        turn: 0,
    };
    (Inbox([votes, proposals, syncs]), Outlet(Mutex::new(receivers)))
}

impl Outlet {
    /// The next message, urgent ones first. `None` once all senders are gone and everything is taken.
    pub async fn recv(&self) -> Option<Incoming> {
        let mut guard = self.0.lock().await;
        let Receivers {
            vote,
            proposal,
            sync,
            turn,
        } = &mut *guard;
        *turn = turn.wrapping_add(1);
        if turn.is_multiple_of(FAVOUR) {
            tokio::select! {
                biased;
                Some(message) = sync.recv() => Some(message),
                Some(message) = proposal.recv() => Some(message),
                Some(message) = vote.recv() => Some(message),
                else => None,
            }
        } else {
            tokio::select! {
                biased;
                Some(message) = vote.recv() => Some(message),
                Some(message) = proposal.recv() => Some(message),
                Some(message) = sync.recv() => Some(message),
                else => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8) -> Incoming {
        Incoming {
            from: NodeId([0; 32]),
            bytes: vec![tag],
        }
    }

    #[tokio::test]
    async fn votes_first_but_nothing_starves() {
        let (inbox, outlet) = inbox(64);
        for _ in 0..40 {
            inbox.sender(Priority::Vote).send(message(0)).await.unwrap();
        }
        inbox.sender(Priority::Proposal).send(message(1)).await.unwrap();
        inbox.sender(Priority::Sync).send(message(2)).await.unwrap();
        drop(inbox);
        let mut order = Vec::new();
        while let Some(message) = outlet.recv().await {
            order.push(message.bytes[0]);
        }
        assert_eq!(order.len(), 42);
        assert_eq!(order.iter().position(|tag| *tag == 2), Some(15));
        assert_eq!(order.iter().position(|tag| *tag == 1), Some(31));
    }
}
