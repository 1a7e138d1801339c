//! What is done with a testnet that runs: load from another process, the dashboard's frame, and a transaction's way.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use assetvm::{Action, Address, Amount};
use testnet::attach::Attached;
use testnet::live::Progress;
use testnet::monitor::{Health, Monitor};
use testnet::plan::Signed;
use testnet::trace::journey;
use testnet::{Testnet, TestnetConfig};

/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who is killed.
const VICTIM: usize = 3;

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

async fn start(dir: &Path) -> Testnet {
    let config = TestnetConfig::new(dir.to_owned(), binary());
    Testnet::start(config, &mut Progress::new(false)).await.unwrap()
}

fn binary() -> std::path::PathBuf {
    Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned()
}

/// Calls of a program, offered by another process.
async fn load(dir: &Path) {
    let mut load = tokio::process::Command::new(binary());
    load.args([
        "load",
        "--quiet",
        "--profile",
        "programs",
        "--tps",
        "20",
        "--duration",
        "4",
    ]);
    let done = load
        .arg("--attach")
        .arg(dir)
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
}

/// Every hop of a transaction's way is known in the end.
async fn trace(testnet: &Testnet, attached: &Attached) {
    let authority = testnet.mint_authority();
    let nonce = attached.nodes.get(0).nonce(authority.address()).await.unwrap();
    let mint = Action::Mint {
        to: Address::new([7; 32]),
        amount: Amount::from_base_units(1),
    };
    let mint = Signed::new(authority, attached.deployment.chain_id, nonce, Amount::ZERO, mint);
    attached.nodes.submit(&mint.bytes).await.unwrap();
    let told = within("every hop is known", async {
        loop {
            match journey(attached, mint.id).await {
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
}

/// A frame without an alert, and one that names the validator that was killed.
async fn watch(testnet: &mut Testnet, attached: &Attached) {
    let mut monitor = Monitor::start(attached).unwrap();
    within("a healthy frame", async {
        while !monitor
            .next()
            .await
            .is_some_and(|frame| frame.alerts.is_empty() && frame.settled > 0)
        {}
    })
    .await;
    testnet.kill(VICTIM).await;
    let frame = within("an alert of the killed validator", async {
        loop {
            let frame = monitor.next().await.expect("the monitor goes on");
            if frame.validators[VICTIM].health == Health::Down {
                return frame;
            }
        }
    })
    .await;
    let told = frame
        .alerts
        .iter()
        .any(|alert| alert.text == "validator 3: does not answer");
    assert!(told, "{:?}", frame.alerts);
    testnet.restart(VICTIM).unwrap();
    testnet.until_ready(&[VICTIM]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn load_trace_and_frames_of_a_running_testnet() {
    let dir = tempfile::tempdir().unwrap();
    let mut testnet = start(dir.path()).await;
    let attached = testnet.attached().unwrap();
    load(dir.path()).await;
    trace(&testnet, &attached).await;
    watch(&mut testnet, &attached).await;
    let troubles = testnet.stop().await;
    assert!(troubles.is_empty(), "{troubles:?}");
}
