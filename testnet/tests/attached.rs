//! What is done with a testnet that runs: load from another process, the dashboard's frame, and a transaction's way.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use assetvm::{Action, Address, Amount};
use testnet::live::Progress;
use testnet::monitor::{Health, Monitor};
use testnet::plan::Signed;
use testnet::trace::journey;
use testnet::{Testnet, TestnetConfig};

/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn load_frame_and_trace_of_a_running_testnet() {
    let dir = tempfile::tempdir().unwrap();
    let exe = Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned();
    let config = TestnetConfig::new(dir.path().to_owned(), exe.clone());
    let mut testnet = Testnet::start(config, &mut Progress::new(false)).await.unwrap();
    let attached = testnet.attached().unwrap();

    let mut load = tokio::process::Command::new(exe);
    load.args([
        "load",
        "--quiet",
        "--profile",
        "programs",
        "--tps",
        "20",
        "--duration",
        "4",
        "--attach",
    ]);
    let done = load
        .arg(dir.path())
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(
        said.contains("all decided and settled") && said.contains("p99"),
        "{said}"
    );

    let authority = testnet.mint_authority();
    let nonce = attached.nodes.get(0).nonce(authority.address()).await.unwrap();
    let to = Address::new([7; 32]);
    let amount = Amount::from_base_units(1);
    let chain_id = attached.deployment.chain_id;
    let mint = Signed::new(
        authority,
        chain_id,
        nonce,
        Amount::ZERO,
        Action::Mint { to, amount },
    );
    attached.nodes.submit(&mint.bytes).await.unwrap();
    let told = within("every hop is known", async {
        loop {
            match journey(&attached, mint.id).await {
                Ok(journey) if journey.is_complete() => return journey.to_string(),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    })
    .await;
    for hop in [
        "submit",
        "block",
        "vote 1",
        "certificate 1",
        "vote 2",
        "decided",
        "posted",
        "seen on Solana",
    ] {
        assert!(told.contains(hop), "{hop} is missing:\n{told}");
    }

    let mut monitor = Monitor::start(&attached).unwrap();
    within("a healthy frame", async {
        while !monitor
            .next()
            .await
            .is_some_and(|frame| frame.alerts.is_empty() && frame.settled > 0)
        {}
    })
    .await;
    testnet.kill(3).await;
    let frame = within("an alert of the killed validator", async {
        loop {
            let frame = monitor.next().await.expect("the monitor goes on");
            if frame.validators[3].health == Health::Down {
                return frame;
            }
        }
    })
    .await;
    assert!(
        frame
            .alerts
            .iter()
            .any(|alert| alert.text == "validator 3: does not answer"),
        "{:?}",
        frame.alerts
    );
    testnet.restart(3).unwrap();
    testnet.until_ready(&[3]).await.unwrap();
    let troubles = testnet.stop().await;
    assert!(troubles.is_empty(), "{troubles:?}");
}
