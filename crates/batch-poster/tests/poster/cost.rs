//! What a post costs by committee and by the roots that it carries: docs/settlement.md shows these tables.

use rollup_abi::committee::quorum;
use rollup_abi::instruction::MAX_TRANSACTION;
use rollup_abi::{Digest, Header};
use settlement::{Budget, Keypair, Pubkey, Recent, Signer, Submission, SubmitBuilder};

const SIZES: [usize; 6] = [4, 5, 7, 16, 64, 100];
/// Of a committee of five.
const ROOTS: [usize; 6] = [1, 2, 4, 8, 16, 18];
/// Bytes of a certificate beside its bitmap.
const CERTIFICATE: usize = 66;
const ROOT: Digest = [5; 32];

/// Bytes and lamports of a post at the ladder's floor.
fn post(members: usize, roots: usize) -> (u64, u64) {
    let poster = Keypair::new();
    let submission = Submission {
        view: 1_000,
        header: Header {
            height: 1_000,
            state_root: ROOT,
            ..Header::default()
        },
        certificate: vec![1; CERTIFICATE + members.div_ceil(8)],
        roots: vec![ROOT; roots],
    };
    let budget = Budget {
        units: SubmitBuilder::units(members, roots, 0),
        micro_lamports: batch_poster::PosterConfig::default().micro_lamports,
    };
    let recent = Recent {
        blockhash: Default::default(),
        last_valid_block_height: 0,
    };
    let builder = SubmitBuilder::new(Pubkey::new_from_array([1; 32]), poster.pubkey());
    let committee = Pubkey::new_from_array([2; 32]);
    let transaction = builder
        .build(&poster, &committee, &submission, budget, recent)
        .unwrap();
    let bytes = 1 + 64 * transaction.signatures.len() + transaction.message.serialize().len();
    assert!(bytes <= MAX_TRANSACTION, "{bytes}");
    (bytes as u64, budget.fee())
}

/// The units of a post with one root, how many roots fit, and the units with them, as the program's tests measured.
fn measured(members: usize, signers: u64) -> (u64, u64, u64) {
    let start = format!("| {members} ({signers}) |");
    let table = include_str!("../../../../docs/program.md");
    let row = table.lines().find(|line| line.starts_with(&start)).unwrap();
    let cells: Vec<u64> = row
        .split('|')
        .skip(2)
        .filter_map(|cell| cell.trim().replace(',', "").parse().ok())
        .collect();
    (cells[1], cells[3], cells[4])
}

/// `12345` as `12,345`.
fn grouped(number: u64) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1_000),
    }
}

fn each(total: u64, roots: u64) -> String {
    grouped(total.div_ceil(roots))
}

#[test]
fn tables() {
    let mut sizes = String::new();
    for members in SIZES {
        let signers = quorum(members as u64);
        let (one, most, many) = measured(members, signers);
        let (bytes, lamports) = post(members, 1);
        let (all_bytes, all_lamports) = post(members, most as usize);
        sizes += &format!(
            "| {members} ({signers}) | {bytes} · {} · {} | {most} | {} · {} · {} |\n",
            grouped(one),
            grouped(lamports),
            each(all_bytes, most),
            each(many, most),
            each(all_lamports, most)
        );
    }
    let mut roots = String::new();
    for count in ROOTS {
        let (bytes, lamports) = post(5, count);
        let each = each(lamports, count as u64);
        roots += &format!(
            "| {count} | {} | {} | {each} |\n",
            grouped(bytes),
            grouped(lamports)
        );
    }
    println!("{sizes}\n{roots}");
    let shown = include_str!("../../../../docs/settlement.md");
    assert!(
        shown.contains(&sizes) && shown.contains(&roots),
        "docs/settlement.md shows other tables"
    );
}
