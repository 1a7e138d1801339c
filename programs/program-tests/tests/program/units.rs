//! Compute units and transaction lengths by committee size, printed as the table that docs/program.md shows.

use program_tests::acts::with_budget;
use program_tests::{Chain, Landed, Post, Rig};
use rollup_abi::committee::quorum;
use rollup_abi::instruction::MAX_TRANSACTION;
use solana_signer::Signer;

const SIZES: [usize; 6] = [4, 5, 7, 16, 64, 100];

/// Signers of a committee of equal stakes: all, and as few as a quorum needs.
fn signer_sets(members: usize) -> [Vec<usize>; 2] {
    let fewest = quorum(members as u64) as usize;
    [(0..members).collect(), (0..fewest).collect()]
}

/// Posts `blocks` blocks certified by `signers`.
fn post(rig: &mut Rig, signers: &[usize], blocks: usize) -> Landed {
    let (header, roots) = rig.chain.advance(blocks);
    let post = rig.chain.certify(&header, signers, roots);
    rig.submit(&post).expect("an honest post")
}

/// Roots that one transaction carries beside a certificate of `members`.
fn most_roots(rig: &Rig, certificate: &[u8]) -> usize {
    let bytes = |roots: usize| {
        let post = Post {
            view: 0,
            header: vec![0; 330],
            certificate: certificate.to_vec(),
            roots: vec![[0; 32]; roots - 1],
        };
        let poster = &rig.roles.poster;
        let instructions = with_budget(rig.submit_instruction(poster.pubkey(), &post));
        program_tests::rig::transaction_len(&rig.transaction(&instructions, &[poster]))
    };
    (1..100)
        .take_while(|roots| bytes(*roots) <= MAX_TRANSACTION)
        .last()
        .expect("one root fits")
}

#[test]
fn table() {
    println!(
        "| members (signers) | verification CU | transaction CU, 1 root | bytes, 1 root | roots that fit | CU with them |"
    );
    println!("|---|---|---|---|---|---|");
    for members in SIZES {
        let mut rig = Rig::active(&vec![10; members]);
        for signers in signer_sets(members) {
            let one = post(&mut rig, &signers, 1);
            let certificate = rig
                .chain
                .certify(&rig.chain.clone().advance(1).0, &signers, Vec::new())
                .certificate;
            let most = most_roots(&rig, &certificate);
            let many = post(&mut rig, &signers, most);
            let verification = one.verification_units().expect("two lines in the log");
            println!(
                "| {members} ({}) | {verification} | {} | {} | {most} | {} |",
                signers.len(),
                one.units,
                one.bytes,
                many.units
            );
            assert!(one.bytes <= MAX_TRANSACTION && many.bytes <= MAX_TRANSACTION);
            if members == 5 {
                assert!(one.units <= 58_000 && one.bytes <= 700, "what a post may cost");
            }
            // A block every 250 ms and a slot every 400 ms: two roots a post, ten leave room for five missed slots.
            assert!(most >= 10, "{members}: {most}");
            // What the poster asks for, and what a transaction gets without asking.
            assert!(many.units < 200_000, "{members}: {}", many.units);
        }
    }
}

#[test]
fn registration_and_activation_fit_the_default_budget() {
    let mut rig = Rig::registered(&[]);
    println!("| step | CU | bytes |");
    println!("|---|---|---|");
    for number in 0..128 {
        let args = rig.membership(number, 10);
        let landed = rig.register(&args).expect("register");
        if [0, 3, 6, 63, 127].contains(&number) {
            println!(
                "| register_member, member {} | {} | {} |",
                number + 1,
                landed.units,
                landed.bytes
            );
        }
        assert!(landed.units < 200_000);
    }
    let landed = rig.seal(0).expect("seal 128 members");
    println!(
        "| seal_committee, 128 members | {} | {} |",
        landed.units, landed.bytes
    );
    assert!(landed.units < 200_000);
    rig.activate().expect("activate");
    rig.chain = Chain {
        keys: (0..128).map(program_tests::Key::numbered).collect(),
        ..rig.chain
    };
    let fewest: Vec<usize> = (0..86).collect();
    let landed = post(&mut rig, &fewest, 1);
    println!(
        "| submit_roots, 86 of 128, 1 root | {} | {} |",
        landed.units, landed.bytes
    );
}
