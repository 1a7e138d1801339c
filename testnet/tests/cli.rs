//! The command as a person or a script calls it, as far as nothing is started.

use std::path::Path;
use std::process::{Command, Output};

fn testnet(args: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_testnet"))
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_malformed_row_is_reported_with_its_line_and_nothing_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let good = text(&testnet(&["sample", "--rows", "3"], dir.path()).stdout);
    std::fs::write(dir.path().join("bad.csv"), format!("{good}nobody,1\n{good}")).unwrap();
    let output = testnet(&["--payments", "bad.csv", "--json"], dir.path());
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error: 2 malformed line(s)"), "{stderr}");
    assert!(
        stderr.contains("line 5: recipient \"nobody\"") && stderr.contains("line 6:"),
        "{stderr}"
    );
    assert!(stderr.contains("\nhint: "), "{stderr}");
    let failure: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(failure["error"].as_str().unwrap().contains("line 5"), "{failure}");
    assert!(!dir.path().join("data").exists(), "no run has begun");
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_started() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("full")).unwrap();
    std::fs::write(dir.path().join("full/file"), "somebody's").unwrap();
    let rich = format!("recipient,amount\n{},18000000000\n", "1".repeat(32));
    std::fs::write(dir.path().join("rich.csv"), rich).unwrap();
    for (args, expected) in [
        (&["--payments", "missing.csv"][..], "payments file missing.csv"),
        (&["--payments", "rich.csv"], "more than the supply cap"),
        (&["--data-dir", "full"], "is not empty"),
        (&["--summary", "nowhere/summary.json"], "cannot be written"),
        (&["--validators", "1"], "1 is not in 4..=32"),
        (&["--no-such-flag"], "unexpected argument"),
    ] {
        let output = testnet(args, dir.path());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(
            stderr.contains(expected) && output.stdout.is_empty(),
            "{args:?}: {stderr}"
        );
    }
    assert!(!dir.path().join("data").exists(), "no run has begun");
}

#[test]
fn the_sample_is_written_to_stdout() {
    let dir = tempfile::tempdir().unwrap();
    let output = testnet(&["sample"], dir.path());
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(text(&output.stdout), testnet::sample::SHIPPED);
}
