//! How long signing and verifying take: `cargo run --release -p hotshot-types --example bls_speed`.

use std::time::Instant;

use hotshot_types::{
    Certificate2, Committee, Epoch, Height, KeyPair, Member, NodeId, Phase2, Stake, View, VoteData,
    bls::hash_to_curve,
};

const CHAIN: [u8; 32] = [1; 32];

fn timed<T>(what: &str, rounds: u32, mut run: impl FnMut(u32) -> T) {
    let start = Instant::now();
    for round in 0..rounds {
        std::hint::black_box(run(round));
    }
    let mean = start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("{what:<28} {mean:>9.1} µs");
}

fn main() {
    let mut rng = rand::thread_rng();
    println!("{:<28} {:>12}", "operation", "mean");
    let key = KeyPair::generate(&mut rng);
    let digest = |n: u32| rollup_abi::sha256(&[&n.to_le_bytes()]);
    timed("hash to curve", 2000, |n| hash_to_curve(&digest(n)));
    timed("sign", 1000, |n| key.sign(&digest(n)));
    let signed: Vec<_> = (0..200).map(|n| (digest(n), key.sign(&digest(n)))).collect();
    timed("verify", 200, |n| {
        assert!(key.public().verify(&signed[n as usize].0, &signed[n as usize].1))
    });
    for members in [5, 7, 64, 100] {
        let keys: Vec<_> = (0..members).map(|_| KeyPair::generate(&mut rng)).collect();
        let member = |(i, key): (usize, &KeyPair)| Member {
            node: NodeId(rollup_abi::sha256(&[&i.to_le_bytes()])),
            key: key.public().clone(),
            stake: Stake::new(1),
        };
        let committee = Committee::new(CHAIN, Epoch::ZERO, keys.iter().enumerate().map(member).collect())
            .expect("a sound committee");
        let data = VoteData {
            epoch: Epoch::ZERO,
            view: View::new(1),
            height: Height::new(1),
            leaf: [2; 32],
        };
        let digest = data.digest::<Phase2>(&CHAIN);
        let quorum = usize::try_from(committee.quorum().get()).expect("small");
        let votes: Vec<_> = keys
            .iter()
            .enumerate()
            .take(quorum)
            .map(|(i, key)| (i, key.sign(&digest)))
            .collect();
        timed(&format!("assemble {quorum} of {members}"), 200, |_| {
            Certificate2::assemble(&committee, data, votes.iter().copied())
        });
        let certificate = Certificate2::assemble(&committee, data, votes).expect("votes");
        timed(&format!("verify certificate {quorum}/{members}"), 200, |_| {
            certificate.verify(&committee).expect("holds")
        });
    }
}
