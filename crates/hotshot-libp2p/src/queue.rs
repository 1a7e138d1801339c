//! The bounded queue between `send` and one stream's writer. When it is full, the oldest frame goes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::metrics::Counter;

/// A frame's body, shared by the queues of all its receivers.
pub type Frame = Arc<[u8]>;

/// How much a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimit {
    /// Frames.
    pub frames: usize,
    /// Bytes, over all frames. One frame is always taken, however large.
    pub bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
}

/// The queue: many senders, one writer.
#[derive(Debug)]
pub struct Queue {
    limit: QueueLimit,
    state: Mutex<State>,
    filled: Notify,
    /// Bytes of the frames that were handed to a connection.
    pub sent: Counter,
}

impl Queue {
    /// An empty queue.
    pub fn new(limit: QueueLimit) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            filled: Notify::new(),
            sent: Counter::default(),
        }
    }

    /// Appends a frame; returns how many old ones had to go for it.
    pub fn push(&self, frame: Frame) -> u64 {
        let mut dropped = 0;
        {
            let mut state = self.lock();
            state.bytes = state.bytes.saturating_add(frame.len());
            state.frames.push_back(frame);
            while state.frames.len() > 1
                && (state.frames.len() > self.limit.frames || state.bytes > self.limit.bytes)
            {
                state.pop();
                dropped += 1;
            }
        }
        self.filled.notify_one();
        dropped
    }

    /// The oldest frame, if there is one.
    pub fn try_pop(&self) -> Option<Frame> {
        self.lock().pop()
    }

    /// Waits for the oldest frame. Loses nothing when cancelled.
    pub async fn pop(&self) -> Frame {
        loop {
            if let Some(frame) = self.try_pop() {
                return frame;
            }
            self.filled.notified().await;
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().frames.is_empty()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(frame.len());
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tag: u8, len: usize) -> Frame {
        vec![tag; len].into()
    }

    fn tags(queue: &Queue) -> Vec<u8> {
        std::iter::from_fn(|| queue.try_pop()).map(|f| f[0]).collect()
    }

    #[test]
    fn full_queue_drops_the_oldest_and_says_how_many() {
        let limit = QueueLimit {
            frames: 3,
            bytes: 100,
        };
        let cases: [(&[usize], u64, &[u8]); 5] = [
            (&[10, 10, 10], 0, &[0, 1, 2]),
            (&[10, 10, 10, 10], 1, &[1, 2, 3]),
            (&[60, 30, 50], 1, &[1, 2]),
            (&[40, 40, 90], 2, &[2]),
            (&[10, 101], 1, &[1]),
        ];
        for (sizes, dropped, left) in cases {
            let queue = Queue::new(limit);
            let got: u64 = (0u8..)
                .zip(sizes)
                .map(|(tag, len)| queue.push(frame(tag, *len)))
                .sum();
            assert_eq!(got, dropped, "{sizes:?}");
            assert_eq!(tags(&queue), left, "{sizes:?}");
            assert!(queue.is_empty());
            assert_eq!(queue.lock().bytes, 0, "{sizes:?}");
        }
    }

    #[tokio::test]
    async fn pop_wakes_on_push() {
        let queue = Arc::new(Queue::new(QueueLimit { frames: 1, bytes: 1 }));
        let popping = tokio::spawn({
            let queue = queue.clone();
            async move { queue.pop().await }
        });
        queue.push(frame(7, 1));
        assert_eq!(popping.await.unwrap()[0], 7);
    }
}
