//! When a payer sends which of its transactions: a pure state machine.
//!
//! A payer's transactions have one nonce after the other and the chain executes them in that order, so all that must be known
//! of the past is one number: the payer's nonce in the newest decided block. Everything below it is made, exactly once;
//! everything from it on is safe to send (again), because the bytes are signed once and a nonce is used once.

use std::ops::Range;
use std::time::Duration;

/// Transactions of one payer that are sent and not yet decided, at most: stays well below a mempool's limit per sender.
pub const MAX_IN_FLIGHT: u64 = 32;
/// How long the oldest undecided transaction may make no progress before all undecided ones are sent again.
pub const RESEND_AFTER: Duration = Duration::from_secs(3);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the transaction with this nonce.
    Send(u64),
    /// Nothing to do before this long from now, unless a block is decided.
    Wait(Duration),
    /// Everything is decided.
    Done,
}

/// One payer's progress. Times are since the start of the payments.
#[derive(Clone, Debug)]
pub struct Window {
    nonces: Range<u64>,
    first_due: Duration,
    interval: Duration,
    confirmed: u64,
    next: u64,
    progressed: Duration,
}

impl Window {
    /// Transactions with these nonces, the k-th of them due at `first_due + k × interval`.
    pub fn new(nonces: Range<u64>, first_due: Duration, interval: Duration) -> Self {
        Self {
            first_due,
            interval,
            confirmed: nonces.start,
            next: nonces.start,
            nonces,
            progressed: Duration::ZERO,
        }
    }

    /// From now on everything is due.
    pub fn hurry(&mut self) {
        self.first_due = Duration::ZERO;
        self.interval = Duration::ZERO;
    }

    /// What to do at `now`, the chain's nonce of the payer being `confirmed`.
    pub fn next(&mut self, now: Duration, confirmed: u64) -> Next {
        if confirmed > self.confirmed {
            self.confirmed = confirmed;
            self.progressed = now;
            self.next = self.next.max(confirmed);
        }
        if self.confirmed >= self.nonces.end {
            return Next::Done;
        }
        let resend_at = self.progressed.saturating_add(RESEND_AFTER);
        if self.next > self.confirmed && now >= resend_at {
            self.next = self.confirmed;
            self.progressed = now;
        }
        let in_flight = self.next - self.confirmed;
        if self.next == self.nonces.end || in_flight >= MAX_IN_FLIGHT {
            return Next::Wait(resend_at.saturating_sub(now));
        }
        let turn = u32::try_from(self.next - self.nonces.start).unwrap_or(u32::MAX);
        let due = self.first_due.saturating_add(self.interval.saturating_mul(turn));
        if now >= due {
            if in_flight == 0 {
                self.progressed = now;
            }
            self.next += 1;
            return Next::Send(self.next - 1);
        }
        let until = if in_flight == 0 { due } else { due.min(resend_at) };
        Next::Wait(until.saturating_sub(now))
    }

    /// The transaction could not be handed to any validator: it is the next again.
    pub fn not_sent(&mut self, nonce: u64) {
        self.next = self.next.min(nonce).max(self.confirmed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn later_nonces_are_due_from_the_first_of_them() {
        let mut w = Window::new(7..9, Duration::ZERO, 10 * MS);
        assert_eq!(w.next(Duration::ZERO, 7), Next::Send(7));
        assert_eq!(w.next(Duration::ZERO, 7), Next::Wait(10 * MS));
        assert_eq!(w.next(10 * MS, 8), Next::Send(8));
        assert_eq!(w.next(11 * MS, 9), Next::Done);
    }

    #[test]
    fn paced_then_done() {
        let mut w = Window::new(0..2, 5 * MS, 10 * MS);
        assert_eq!(w.next(Duration::ZERO, 0), Next::Wait(5 * MS));
        assert_eq!(w.next(5 * MS, 0), Next::Send(0));
        assert_eq!(w.next(6 * MS, 0), Next::Wait(9 * MS));
        assert_eq!(w.next(15 * MS, 0), Next::Send(1));
        assert_eq!(w.next(16 * MS, 1), Next::Wait(RESEND_AFTER));
        assert_eq!(w.next(17 * MS, 2), Next::Done);
    }

    #[test]
    fn a_lost_transaction_and_all_after_it_are_sent_again() {
        let mut w = Window::new(0..3, Duration::ZERO, Duration::ZERO);
        for nonce in 0..3 {
            assert_eq!(w.next(MS, 0), Next::Send(nonce));
        }
        assert_eq!(w.next(2 * MS, 1), Next::Wait(RESEND_AFTER));
        let late = 2 * MS + RESEND_AFTER;
        assert_eq!(w.next(late, 1), Next::Send(1));
        assert_eq!(w.next(late, 1), Next::Send(2));
        assert!(matches!(w.next(late, 1), Next::Wait(_)));
        assert_eq!(w.next(late, 3), Next::Done);
    }

    #[test]
    fn in_flight_is_bounded() {
        let mut w = Window::new(0..1_000, Duration::ZERO, Duration::ZERO);
        for nonce in 0..MAX_IN_FLIGHT {
            assert_eq!(w.next(MS, 0), Next::Send(nonce));
        }
        assert!(matches!(w.next(MS, 0), Next::Wait(_)));
        assert_eq!(w.next(MS, 1), Next::Send(MAX_IN_FLIGHT));
    }

    #[test]
    fn refused_is_next_again_and_hurry_drops_the_pace() {
        let mut w = Window::new(0..10, Duration::ZERO, 1_000 * MS);
        assert_eq!(w.next(MS, 0), Next::Send(0));
        w.not_sent(0);
        assert_eq!(w.next(MS, 0), Next::Send(0));
        assert_eq!(w.next(MS, 1), Next::Wait(999 * MS));
        w.hurry();
        assert_eq!(w.next(MS, 1), Next::Send(1));
    }

    proptest::proptest! {
        /// Whatever is lost: every transaction is decided in the end, and each at its own nonce.
        #[test]
        fn completes_under_loss(count in 1u64..100, loss: Vec<bool>) {
            let mut w = Window::new(0..count, Duration::ZERO, MS);
            let (mut now, mut chain) = (Duration::ZERO, 0);
            let mut loss = loss.into_iter();
            loop {
                match w.next(now, chain) {
                    Next::Done => break,
                    Next::Wait(pause) => {
                        assert!(pause > Duration::ZERO, "no busy loop");
                        now += pause;
                    }
                    Next::Send(nonce) => {
                        assert!(nonce >= chain && nonce < chain + MAX_IN_FLIGHT);
                        if !loss.next().unwrap_or(false) && nonce == chain {
                            chain += 1;
                        }
                    }
                }
                assert!(now < Duration::from_secs(3_600));
            }
            assert_eq!(chain, count);
        }
    }
}
