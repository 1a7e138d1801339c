//! The TypeScript client reads the root history of a real rollup on a local chain. `cargo xtask client` installs its packages, checks
//! that it is what the IDL gives, compiles it, and runs this.

use std::path::Path;
use std::process::Command;

use crate::stage::{self, Stage};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_root_history_is_read_from_typescript() {
    let mut stage = Stage::new().await;
    stage.begin().await;
    let mut roots = vec![hex::encode(stage::GENESIS_ROOT)];
    for _ in 0..5 {
        roots.push(hex::encode(stage.post().await));
    }
    let expected = json!({
        "url": stage.chain.rpc_url(),
        "program": stage.client().program().to_string(),
        "roots": roots,
    });
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/ts");
    let status = Command::new("npm")
        .args(["test", "--silent"])
        .current_dir(client)
        .env("EXPECTED", expected.to_string())
        .status()
        .expect("npm is installed: `.ci/install` does it");
    assert!(status.success(), "{status}");
    stage.chain.stop().await.unwrap();
}
