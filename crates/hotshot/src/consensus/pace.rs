//! Views: entering, giving up, saying things again, and the timer.

use std::{sync::Arc, time::Duration};

use hotshot_types::{Epoch, Justify, TimeoutCertificate, TimeoutData, View};

use super::{Consensus, Said};
use crate::{Outgoing, Output, Record};

impl Consensus {
    /// Enters a later view.
    pub(super) fn enter(&mut self, view: View, timed_out: bool, out: &mut Vec<Output>) {
        self.view = view;
        self.forget_again(view);
        self.failures = if timed_out {
            self.failures.saturating_add(1)
        } else {
            0
        };
        self.restart_view();
        out.push(Output::ViewChanged { view, timed_out });
    }

    /// Begins the view anew, for it is another one or another committee's.
    pub(super) fn restart_view(&mut self) {
        self.entered = self.now.elapsed;
        self.resend_at = self.next_resend();
        self.build_at = Duration::ZERO;
        let vote2 = self.said.vote2;
        self.said = Said {
            vote2,
            ..Said::default()
        };
    }

    /// Views that are as long as they should be need nothing said again.
    pub(super) fn next_resend(&self) -> Duration {
        let timing = &self.config.timing;
        let interval = timing.block_interval.saturating_mul(2).max(timing.resend);
        self.now.elapsed.saturating_add(interval)
    }

    fn view_deadline(&self) -> Duration {
        let timeout = self.config.timing.view_timeout_after(self.failures);
        self.entered.saturating_add(timeout)
    }

    /// Members with f+1 of the stake gave up `view` or later ones, so somebody honest did: join, for waiting longer would
    /// only keep the quorum apart.
    pub(super) fn join_timeout(&mut self, epoch: Epoch, view: View, out: &mut Vec<Output>) {
        if epoch != self.epoch {
            return;
        }
        if view > self.view {
            // Somebody honest was there, so the views between are over.
            self.enter(view, true, out);
        }
        if view == self.view {
            self.time_out(out);
        }
    }

    pub(super) fn give_up_view(&mut self, out: &mut Vec<Output>) {
        if self.now.elapsed >= self.view_deadline() {
            self.time_out(out);
        }
    }

    fn time_out(&mut self, out: &mut Vec<Output>) {
        if !self.is_member() || self.has_timed_out() {
            return;
        }
        self.actions.timeout = self.view;
        self.actions.timeout_epoch = self.epoch;
        let record = Record::TimedOut {
            epoch: self.epoch,
            view: self.view,
            lock: self.lock.clone(),
        };
        let mut records: Vec<Record> = self.ended_before().map(Record::Ended).into_iter().collect();
        records.push(record);
        let vote = self.timeout_vote();
        self.persist(records, vote, out);
        out.push(Output::TimedOut(self.view));
    }

    /// Why this view began, if the one before was given up.
    fn ended_before(&self) -> Option<Arc<TimeoutCertificate>> {
        let before = |timeout: &&Arc<TimeoutCertificate>| timeout.view().next() == self.view;
        self.timeout.as_ref().filter(before).cloned()
    }

    /// The timeout vote for this view, with the lock as it is.
    pub(super) fn timeout_vote(&self) -> Outgoing {
        let data = TimeoutData {
            epoch: self.epoch,
            view: self.view,
            lock_epoch: self.lock.data().epoch,
            lock_view: self.lock.view(),
        };
        Outgoing::Timeout(data, self.lock.clone())
    }

    /// Links lose messages: while a view does not end, what ended the one before and what this node said is said again.
    pub(super) fn resend(&mut self, out: &mut Vec<Output>) {
        if self.now.elapsed < self.resend_at {
            return;
        }
        self.resend_at = self.next_resend();
        let mut again = Vec::new();
        again.extend(self.decided_certificate.clone().map(Outgoing::Certificate2));
        if let Justify::Certified(certificate) = &self.lock {
            again.push(Outgoing::Certificate1(certificate.clone()));
        }
        again.extend(self.ended_before().map(Outgoing::TimeoutCertificate));
        again.extend(self.upgrade_to_say());
        if self.actions.timeout < self.view {
            again.extend(self.said.proposal.clone().map(Outgoing::Proposal));
            again.extend(self.said.vote1.map(Outgoing::Vote1));
        }
        let decided = self.decided().height;
        let vote2 = self.said.vote2.filter(|data| data.height.get() > decided);
        again.extend(vote2.map(Outgoing::Vote2));
        again.extend(self.said.timeout.clone());
        for what in again {
            self.send(what, out);
        }
    }

    /// Asks for the next tick, if it changed.
    pub(super) fn set_timer(&mut self, out: &mut Vec<Output>) {
        let running = self.is_member() && !self.has_timed_out();
        let deadlines = [
            running.then(|| self.view_deadline()),
            Some(self.resend_at),
            self.propose_deadline(),
            self.fetch.as_ref().map(|fetch| fetch.next_at),
            self.revalidate_at,
        ];
        let next = deadlines.into_iter().flatten().min();
        if next != self.timer {
            self.timer = next;
            out.extend(next.map(Output::SetTimer));
        }
    }
}
