//! Nothing is posted to a program that is not the one that the poster knows, or not recorded; once it is, posting goes on by itself.

use std::time::Duration;

use batch_poster::{Idle, PosterConfig, PosterPhase};
use localnet::LocalnetConfig;
use settlement::{KnownProgram, ProgramMismatch, Pubkey};

use crate::support::{Blocks, Rollup, Running, known};

/// The loader's account of the program's bytes.
fn program_data(rollup: &Rollup) -> Pubkey {
    let loader = Pubkey::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
    Pubkey::find_program_address(&[rollup.client.program().as_ref()], &loader).0
}

async fn refusal(poster: &mut Running) -> ProgramMismatch {
    let status = poster
        .until("the program is refused", |status| {
            matches!(status.phase, PosterPhase::Idle(Idle::Program(_)))
        })
        .await;
    assert_eq!(status.counters.posts_sent, 0, "nothing was sent");
    match status.phase {
        PosterPhase::Idle(Idle::Program(mismatch)) => mismatch,
        phase => panic!("{phase:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_a_record_waits_for_one() {
    let rollup = Rollup::start_unrecorded(1, LocalnetConfig::default().slot_time).await;
    let blocks = Blocks::new();
    blocks.push(&rollup.blocks(5, 0));
    let mut poster = rollup.poster(0, &blocks, 0);
    assert_eq!(refusal(&mut poster).await, ProgramMismatch::Unrecorded);
    rollup.record().await;
    rollup.until_height(5).await;
    poster.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_of_another_release_does_not_post_and_one_of_this_does() {
    let rollup = Rollup::start(1).await;
    let blocks = Blocks::new();
    blocks.push(&rollup.blocks(5, 0));
    let urls = [rollup.chain.rpc_url().to_owned()];
    let release = known();
    let newer = KnownProgram {
        version: release.version + 1,
        ..release
    };
    let mut poster = rollup.poster_of(newer, &urls, 0, &blocks, PosterConfig::default());
    let (got, expected) = (release.version, newer.version);
    assert_eq!(
        refusal(&mut poster).await,
        ProgramMismatch::Record { got, expected }
    );
    poster.kill().await;
    let right = rollup.poster(0, &blocks, 0);
    rollup.until_height(5).await;
    right.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_changed_stops_posting_until_it_is_right_again() {
    let rollup = Rollup::start_with(1, Duration::from_millis(100)).await;
    let (all, blocks) = (rollup.blocks(8, 0), Blocks::new());
    let code = program_data(&rollup);
    let right = rollup.chain.snapshot(&[code]).await.unwrap();
    // As the loader leaves it after an upgrade: another slot, other bytes.
    let upgrade = |data: &mut Vec<u8>| {
        data[4] ^= 1;
        let last = data.len() - 1;
        data[last] = 1;
    };
    rollup.chain.alter(&code, upgrade).await.unwrap();
    blocks.push(&all[..4]);
    let mut poster = rollup.poster(0, &blocks, 0);
    let mismatch = refusal(&mut poster).await;
    assert!(matches!(mismatch, ProgramMismatch::Code { .. }), "{mismatch}");
    rollup.chain.roll_back(&right).await.unwrap();
    rollup.until_height(4).await;

    rollup.chain.alter(&code, upgrade).await.unwrap();
    poster
        .until("the change is seen in the middle of its work", |status| {
            matches!(status.phase, PosterPhase::Idle(Idle::Program(_)))
        })
        .await;
    blocks.push(&all[4..]);
    let seen = poster.status.borrow().last_tick;
    let status = poster
        .until("it has looked again", |status| {
            status.last_tick > seen && status.tip == 8
        })
        .await;
    assert_eq!(status.chain_height, 4);
    rollup.chain.roll_back(&right).await.unwrap();
    rollup.until_height(8).await;
    poster.kill().await;
}
