//! What dispersal costs: `cargo run --release -p hotshot-types --example dispersal`.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use hotshot_types::{
    Committee, Epoch, KeyPair, Member, NodeId, Stake, VerifiedShare,
    dispersal::{commit, disperse, reconstruct},
};

const CHAIN: [u8; 32] = [1; 32];

/// The median of some runs.
fn timed<T>(mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn committee(members: &[Member], stakes: impl Iterator<Item = u64>) -> Committee {
    let with = |(member, stake): (&Member, u64)| Member {
        stake: Stake::new(stake),
        ..member.clone()
    };
    Committee::new(CHAIN, Epoch::ZERO, members.iter().zip(stakes).map(with).collect())
        .expect("a sound committee")
}

/// Shares of members in this order, as many as recover.
fn enough<'a>(
    committee: &Committee,
    order: impl Iterator<Item = &'a VerifiedShare>,
) -> Vec<&'a VerifiedShare> {
    let mut shards = 0;
    let missing = |share: &&VerifiedShare| {
        let missing = shards < committee.layout().k();
        shards += share.share().range().len();
        missing
    };
    order.take_while(missing).collect()
}

fn row(name: &str, committee: &Committee, payload: &[u8]) {
    let dispersal = disperse(committee, payload).expect("a payload to disperse");
    let commitment = dispersal.commitment();
    let shares: Vec<_> = dispersal.shares().collect();
    let check = || {
        shares
            .iter()
            .enumerate()
            .map(|(i, share)| share.verify(committee, i, &commitment))
    };
    let verified: Vec<_> = check().collect::<Result<_, _>>().expect("sound shares");
    let sent: usize = shares[1..]
        .iter()
        .map(|share| borsh::to_vec(share).expect("encodes").len())
        .sum();
    let (first, last) = (
        enough(committee, verified.iter()),
        enough(committee, verified.iter().rev()),
    );
    let cut = timed(|| {
        let dispersal = disperse(committee, payload).expect("a payload to disperse");
        dispersal.shares().count()
    });
    let verify = timed(|| check().filter(Result::is_ok).count());
    let data = timed(|| reconstruct(committee, &commitment, first.iter().copied()).expect("the payload"));
    let parity = timed(|| reconstruct(committee, &commitment, last.iter().copied()).expect("the payload"));
    println!(
        "{name:<12} {:>8} {:>4}/{:<4} {:>9.3} {:>12.4} {:>9.3} {:>9.3} {:>11.3} {:>9}",
        payload.len(),
        committee.layout().k(),
        committee.layout().n(),
        ms(cut),
        ms(verify) / shares.len() as f64,
        ms(data),
        ms(parity),
        sent as f64 / payload.len() as f64,
        shares.len() - 1,
    );
}

/// Where shares begin to pay: what they add to a view's computation, and what they take off its wires. A member sends
/// the payload to the others, or the leader a share to each and each its own to all.
fn threshold(name: &str, committee: &Committee, size: usize) {
    let payload = payload(size);
    let others = committee.members().len() - 1;
    let whole = timed(|| commit(committee, &payload[..1 << 10]));
    let dispersal = disperse(committee, &payload).expect("a payload to disperse");
    let commitment = dispersal.commitment();
    let shares: Vec<_> = dispersal.shares().collect();
    let verified: Vec<_> = shares
        .iter()
        .enumerate()
        .filter_map(|(i, share)| share.verify(committee, i, &commitment).ok())
        .collect();
    let needed = enough(committee, verified.iter().rev());
    let added = timed(|| {
        let dispersal = disperse(committee, &payload).expect("a payload to disperse");
        dispersal.shares().count()
    }) + timed(|| {
        for share in &needed {
            black_box(
                share
                    .share()
                    .verify(committee, share.member(), &commitment)
                    .is_ok(),
            );
        }
        reconstruct(committee, &commitment, needed.iter().copied()).expect("the payload")
    }) - whole;
    let share = borsh::to_vec(&shares[1]).expect("encodes").len();
    let saved = (others * size) as f64 - (2 * others * share) as f64;
    println!(
        "{name:<12} {size:>8} {:>9} {:>9} {:>9} {:>9.3} {:>12.3} {:>12.3}",
        others * size,
        others * share,
        2 * others * share,
        ms(added),
        saved * 8.0 / 1e9 * 1e3,
        saved * 8.0 / 1e8 * 1e3,
    );
}

fn payload(size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i.wrapping_mul(2654435761) >> 7) as u8)
        .collect()
}

fn main() {
    let mut rng = rand::thread_rng();
    let member = |i: u8| Member {
        node: NodeId([i; 32]),
        key: KeyPair::generate(&mut rng).public().clone(),
        stake: Stake::new(1),
    };
    let members: Vec<Member> = (0..100).map(member).collect();
    let equal = |count| committee(&members, std::iter::repeat_n(1, count));
    let uneven = |count| committee(&members, (1..=count).map(|i| 1_000_003 * i * i + 17));
    println!(
        "{:<12} {:>8} {:>9} {:>9} {:>12} {:>9} {:>9} {:>11} {:>9}",
        "members", "payload", "k/n", "cut ms", "verify 1 ms", "data ms", "parity ms", "leader sends", "whole"
    );
    for size in [100_000, 1 << 20] {
        for count in [4, 5, 7, 16, 64, 100] {
            row(&format!("{count}"), &equal(count), &payload(size));
        }
        for count in [7, 100] {
            row(&format!("{count} uneven"), &uneven(count), &payload(size));
        }
    }
    println!(
        "\n{:<12} {:>8} {:>9} {:>9} {:>9} {:>9} {:>12} {:>12}",
        "members", "payload", "whole B", "shares B", "+votes B", "+cpu ms", "-1Gb/s ms", "-100Mb/s ms"
    );
    for count in [4, 7, 16, 64] {
        for size in [17 << 10, 32 << 10, 64 << 10, 256 << 10] {
            threshold(&format!("{count}"), &equal(count), size);
        }
    }
}
