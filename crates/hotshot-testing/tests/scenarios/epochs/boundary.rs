//! What happens between an epoch's last block and the next one's first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hotshot_testing::{
    AsynchronousNetwork, Behaviour, Chance, DelayMs, EventTransformer, NodeAction, Parts, Puppet,
    SynchronousNetwork, TestBuilder,
};
use hotshot_types::{Message, View};

use super::HEIGHT;

const SECOND: Duration = Duration::from_secs(1);

/// Says its second vote for the block of `last`, and nothing any more.
struct LastWord {
    last: u64,
    done: bool,
}

impl EventTransformer for LastWord {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let last = View::new(self.last);
        let voted = matches!(&message, Message::Vote2(vote) if vote.data.view == last);
        if self.done || (puppet.view > last && !voted) {
            return;
        }
        self.done = voted;
        to.iter().for_each(|other| puppet.say(*other, message.clone()));
    }
}

/// N5 (B3): three of seven know that the first epoch is over, two were cut off in time, and the two whose votes ended it are
/// dead since; one of them leads the next epoch's first view. The three give view 11 up in the new epoch, the two in the old one:
/// no quorum, whatever is signed, until those who know say the hand-over again.
#[test]
fn timeout_epoch_split() {
    for cut_off in [[1, 2], [0, 3], [2, 5]] {
        let runs = TestBuilder::new("timeout_epoch_split", 7)
            .epochs(HEIGHT)
            .behaviour(|member| match member {
                4 | 6 => Behaviour::byzantine(LastWord {
                    last: HEIGHT,
                    done: false,
                }),
                _ => Behaviour::Standard,
            })
            .change(HEIGHT + 1, cut_off, NodeAction::NetworkDown)
            .heals(3 * SECOND, 2 * HEIGHT, 30 * SECOND)
            .check();
        for run in runs {
            assert!(run.failed_views.contains(&(HEIGHT + 1)), "{run:?}");
        }
    }
}

/// Keeps to the rules, and counts the proposals that it hears of blocks that were proposed before.
struct Listener {
    again: Arc<AtomicU64>,
}

impl EventTransformer for Listener {
    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        if let Message::Proposal(signed) = &message
            && signed.proposal.is_again()
        {
            self.again.fetch_add(1, Ordering::Relaxed);
        }
        puppet.hear(from, message);
    }
}

/// N7 epoch_boundary_stall: links so slow that last blocks are certified while their views are given up, and not final in them.
/// They are proposed again, and the chain goes on.
#[test]
fn epoch_boundary_stall() {
    let again = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&again);
    TestBuilder::new("epoch_boundary_stall", 4)
        .epochs(2)
        .network(SynchronousNetwork {
            delay: DelayMs { low: 0, high: 400 },
        })
        .parts(Parts::rough())
        .behaviour(move |member| match member {
            0 => Behaviour::byzantine(Listener {
                again: Arc::clone(&heard),
            }),
            _ => Behaviour::Standard,
        })
        .heals(10 * SECOND, 5, 30 * SECOND)
        .seeds(20)
        .check();
    assert!(
        again.load(Ordering::Relaxed) > 0,
        "no last block was proposed again"
    );
}

/// N7 epoch_change: many of them, over links that lose and delay, while committees change and machines crash.
#[test]
fn epoch_change() {
    TestBuilder::new("epoch_change", 6)
        .epochs(2)
        .stakes_by_epoch(|epoch| (0..6).map(|m| (m + epoch) % 6 / 2).collect())
        .network(AsynchronousNetwork {
            keep: Chance {
                numerator: 9,
                denominator: 10,
            },
            delay: DelayMs { low: 0, high: 60 },
        })
        .parts(Parts::rough())
        .partitions(SECOND, 2)
        .heals(6 * SECOND, 8, 30 * SECOND)
        .seeds(12)
        .check();
}

/// Two committees with nobody in both take turns at every block, and are often cut off from each other: the one that does not
/// know that its block is final certifies it again, in a view that the other has passed. No lock of the later epoch gives way.
#[test]
fn what_is_certified_again_does_not_displace_a_later_epochs_lock() {
    TestBuilder::new("what_is_certified_again_does_not_displace_a_later_epochs_lock", 6)
        .epochs(1)
        .stakes_by_epoch(|epoch| (0..6).map(|member| u64::from(member / 3 == epoch % 2)).collect())
        .network(AsynchronousNetwork {
            keep: Chance {
                numerator: 2,
                denominator: 3,
            },
            delay: DelayMs { low: 0, high: 60 },
        })
        .partitions(SECOND / 2, 2)
        .heals(8 * SECOND, 8, 30 * SECOND)
        .seeds(20)
        .check();
}

/// The disk, a crash and a hand-over: a restart before each output of a member that leaves, and of one that joins, while one
/// committee hands over to another.
#[test]
fn crash_between_any_two_outputs_of_a_hand_over() {
    let builder = TestBuilder::new("crash_between_any_two_outputs_of_a_hand_over", 5)
        .epochs(2)
        .stakes_by_epoch(|epoch| match epoch % 2 {
            0 => vec![1, 1, 1, 1, 0],
            _ => vec![0, 1, 1, 1, 1],
        })
        .views(6)
        .fails_anyhow();
    for machine in [0, 4] {
        let outputs = builder.run(0).unwrap().outputs[machine];
        assert!(outputs > 30, "{outputs}");
        for output in 0..outputs {
            let crash = builder.clone().with(|d| d.crash_before = Some((machine, output)));
            let run = crash.run(0);
            run.unwrap_or_else(|violation| panic!("machine {machine}, output {output}: {violation}"));
        }
    }
}
