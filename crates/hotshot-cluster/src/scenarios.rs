//! What happens to a committee, and what must come of it. Each function is one scenario.
//!
//! | scenario | what happens | what must hold besides agreement |
//! |---|---|---|
//! | [`success`] | nothing | all decide 50 blocks |
//! | [`one_down`] | a member stops | the others go on, and give up the views that it leads |
//! | [`restart`] | a member stops and comes back | it decides what it missed, and what comes then |
//! | [`all_restart`] | all stop and come back, twice | they go on where they were |
//! | [`late_joiner`] | a member starts last, from nothing | it decides all from height 1 |
//! | [`rolling_upgrade`] | new software with a plan is installed, one member after the other | the chain goes on by the new rules, once; all keep the same one |
//! | [`committees_rotate`] | in each epoch another member leaves and one joins; one is away over several hand-overs | the chain goes on from epoch to epoch; all follow |
//! | [`minority_cut_off`] | a member's links go and come back | it decides nothing alone; the others go on; it catches up |
//! | [`halves`] | the committee falls in two | nobody decides anything; all go on after the heal |

use std::{collections::BTreeMap, time::Duration};

use hotshot_engine::Status;
use hotshot_types::{Height, Upgrade};
use rollup_abi::{Digest, header::FIRST_VERSION};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{PATIENCE, Partitions, Testbed, Upgrades};

/// Blocks that show that a committee works.
const SOME: u64 = 10;
/// Blocks after which whoever missed them lags behind.
const MANY: u64 = 30;
/// How long a committee in two halves is watched.
const OUTAGE: Duration = Duration::from_secs(3);

/// Declares a test for each scenario that `$new`, an expression that makes a [`Testbed`] of a size, can run; those after
/// `partitions` need [`Partitions`].
#[macro_export]
macro_rules! cross_tests {
    ($new:expr) => {
        $crate::cross_tests! {
            $new => success(5) one_down(4) restart(4) all_restart(4) late_joiner(4) rolling_upgrade(4)
        }
    };
    ($new:expr, partitions) => {
        $crate::cross_tests! { $new }
        $crate::cross_tests! { $new => minority_cut_off(4) halves(4) }
    };
    ($new:expr => $($scenario:ident($size:literal))+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                $crate::scenarios::$scenario($new($size)).await;
            }
        )+
    };
}

/// Nothing is wrong.
pub async fn success(mut bed: impl Testbed) {
    start_all(&mut bed).await;
    all_decide(&bed, 50).await;
    end(&mut bed).await;
}

/// A member stops. The others need none of its votes, and give up the views that it leads.
pub async fn one_down(mut bed: impl Testbed) {
    start_all(&mut bed).await;
    all_decide(&bed, SOME).await;
    let dead = bed.size() - 1;
    bed.stop(dead).await;
    let (before, given_up) = (height(&bed, 0), timeouts(&bed, 0));
    decided(&bed, 0, before + SOME).await;
    assert!(timeouts(&bed, 0) > given_up, "its turn came");
    for member in 1..dead {
        decided(&bed, member, before + SOME).await;
    }
    end(&mut bed).await;
}

/// A member stops and comes back.
pub async fn restart(mut bed: impl Testbed) {
    start_all(&mut bed).await;
    let away = bed.size() - 1;
    decided(&bed, away, SOME).await;
    bed.stop(away).await;
    let missed = height(&bed, 0) + MANY;
    decided(&bed, 0, missed).await;
    bed.start(away).await;
    // Further than it could have known when it came back: it takes part again.
    let seen = height(&bed, 0);
    decided(&bed, away, seen + SOME).await;
    end(&mut bed).await;
}

/// All stop and come back, twice.
pub async fn all_restart(mut bed: impl Testbed) {
    for round in 1..=3 {
        start_all(&mut bed).await;
        all_decide(&bed, round * SOME).await;
        end(&mut bed).await;
    }
}

/// A member starts when the others have come far.
pub async fn late_joiner(mut bed: impl Testbed) {
    let late = bed.size() - 1;
    for member in 0..late {
        bed.start(member).await;
    }
    decided(&bed, 0, MANY).await;
    bed.start(late).await;
    let seen = height(&bed, 0);
    decided(&bed, late, seen + SOME).await;
    end(&mut bed).await;
    assert_eq!(bed.chain(late).first().map(|header| header.height), Some(1));
}

/// New software with a plan is installed, one member after the other. All of four have to agree.
pub async fn rolling_upgrade(mut bed: impl Upgrades) {
    let (first, last) = (Height::new(SOME), Height::new(u64::MAX));
    let upgrade = Upgrade::new(FIRST_VERSION, FIRST_VERSION + 1, first, last).expect("a later version");
    start_all(&mut bed).await;
    for member in 0..bed.size() {
        all_decide(&bed, SOME).await;
        bed.stop(member).await;
        bed.install(member, upgrade);
        bed.start(member).await;
        let seen = height(&bed, (member + 1) % bed.size());
        decided(&bed, member, seen + SOME).await;
    }
    let seen = height(&bed, 0);
    all_decide(&bed, seen + MANY).await;
    end(&mut bed).await;
    let versions = bed.chain(0).into_iter().map(|header| header.version);
    let mut distinct: Vec<u16> = versions.collect();
    distinct.dedup();
    assert_eq!(distinct, [upgrade.from(), upgrade.to()]);
}

/// Epochs of a few blocks, in each of which another member of the testbed's is no member. One stops, misses several hand-overs,
/// and comes back.
pub async fn committees_rotate(mut bed: impl Testbed) {
    start_all(&mut bed).await;
    all_decide(&bed, SOME).await;
    let away = bed.size() - 1;
    bed.stop(away).await;
    let missed = height(&bed, 0) + MANY;
    decided(&bed, 0, missed).await;
    bed.start(away).await;
    let seen = height(&bed, 0);
    all_decide(&bed, seen + MANY).await;
    end(&mut bed).await;
    let chain = bed.chain(0);
    let mut epochs: Vec<u64> = chain.iter().map(|header| header.epoch).collect();
    epochs.dedup();
    let count = epochs.len() as u64;
    assert_eq!(
        epochs,
        (0..count).collect::<Vec<u64>>(),
        "each epoch once, in order"
    );
    let handed_over = chain.iter().filter(|header| header.next_committee != [0; 32]);
    let mut committees: Vec<Digest> = handed_over.map(|header| header.next_committee).collect();
    assert!(
        committees.len() as u64 + 1 >= count,
        "each epoch that is over has named the next committee"
    );
    committees.sort_unstable();
    committees.dedup();
    assert!(committees.len() >= bed.size(), "everybody has been out");
}

/// A member's links go and come back.
pub async fn minority_cut_off(mut bed: impl Partitions) {
    start_all(&mut bed).await;
    all_decide(&bed, SOME).await;
    let alone = bed.size() - 1;
    let given_up = timeouts(&bed, alone);
    bed.cut(&[alone]).await;
    // What was on its way has arrived by then.
    gives_up(&bed, alone, given_up).await;
    let (stuck, others) = (height(&bed, alone), height(&bed, 0));
    decided(&bed, 0, others + MANY).await;
    assert_eq!(height(&bed, alone), stuck, "it decided alone");
    bed.heal().await;
    let seen = height(&bed, 0);
    all_decide(&bed, seen + SOME).await;
    end(&mut bed).await;
}

/// The committee falls in two halves, neither of which is a quorum.
pub async fn halves(mut bed: impl Partitions) {
    start_all(&mut bed).await;
    all_decide(&bed, SOME).await;
    let half: Vec<usize> = (0..bed.size() / 2).collect();
    let given_up: Vec<u64> = (0..bed.size()).map(|member| timeouts(&bed, member)).collect();
    bed.cut(&half).await;
    for (member, before) in given_up.into_iter().enumerate() {
        gives_up(&bed, member, before).await;
    }
    // Who is behind may still hear of what was decided before.
    let highest = (0..bed.size()).map(|member| height(&bed, member)).max();
    let highest = highest.expect("a committee has members");
    nobody_decides_above(&bed, highest).await;
    bed.heal().await;
    all_decide(&bed, highest + SOME).await;
    end(&mut bed).await;
}

async fn start_all(bed: &mut impl Testbed) {
    for member in 0..bed.size() {
        bed.start(member).await;
    }
}

async fn until(bed: &impl Testbed, member: usize, what: &str, reached: impl Fn(&Status) -> bool) {
    let mut status = bed.status(member);
    let came = timeout(PATIENCE, status.wait_for(|status| reached(status))).await;
    let came = came.map(|status| status.is_ok());
    let at = *status.borrow();
    // `Ok(false)`: the member has ended.
    assert_eq!(came, Ok(true), "member {member}: {what}; it is at {at:?}");
}

async fn decided(bed: &impl Testbed, member: usize, height: u64) {
    let what = format!("has not decided height {height}");
    until(bed, member, &what, |status| status.decided.get() >= height).await;
}

async fn all_decide(bed: &impl Testbed, height: u64) {
    for member in 0..bed.size() {
        decided(bed, member, height).await;
    }
}

/// Without a quorum a member cannot even leave the view that it has given up: it comes to one.
async fn gives_up(bed: &impl Testbed, member: usize, before: u64) {
    let what = "has not given its view up";
    until(bed, member, what, |status| status.timeouts > before).await;
}

/// Watches that for a while nobody gets above `height`.
async fn nobody_decides_above(bed: &impl Testbed, height: u64) {
    let end = Instant::now() + OUTAGE;
    for member in 0..bed.size() {
        let mut status = bed.status(member);
        let above = timeout_at(end, status.wait_for(|status| status.decided.get() > height)).await;
        assert!(above.is_err(), "half of a committee decided: {above:?}");
    }
}

fn height(bed: &impl Testbed, member: usize) -> u64 {
    bed.status(member).borrow().decided.get()
}

fn timeouts(bed: &impl Testbed, member: usize) -> u64 {
    bed.status(member).borrow().timeouts
}

/// Stops whoever runs, and compares what the storages hold.
async fn end(bed: &mut impl Testbed) {
    for member in 0..bed.size() {
        bed.stop(member).await;
    }
    let mut agreed: BTreeMap<u64, Digest> = BTreeMap::new();
    for member in 0..bed.size() {
        for (expected, header) in (1..).zip(bed.chain(member)) {
            let (height, leaf) = (header.height, header.commitment());
            assert_eq!(height, expected, "member {member} has a gap");
            let first = *agreed.entry(height).or_insert(leaf);
            assert_eq!(
                first, leaf,
                "member {member} decided another block at height {height}"
            );
        }
        bed.check(member);
    }
}
