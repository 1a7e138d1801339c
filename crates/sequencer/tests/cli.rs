//! The real binary: help, errors, precedence, keys.

use std::{path::Path, process::Command};

use serde_json::Value;

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the binary in `dir` with these arguments and nothing but these variables.
fn run(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_sequencer"))
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the binary runs");
    Ended {
        code: output.status.code().expect("no signal"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

const INIT: &[&str] = &[
    "init",
    "--dir",
    ".",
    "--solana-rpc-url",
    "http://127.0.0.1:8899",
    "--solana-ws-url",
    "ws://127.0.0.1:8900",
    "--program-id",
    "11111111111111111111111111111111",
];

#[test]
fn help() {
    let dir = temporary();
    for command in ["", "keygen", "keys", "init", "run"] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let ended = run(dir.path(), &arguments, &[]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{command}");
        assert!(ended.stdout.contains("Examples:"), "{command} has no examples");
        let name = format!("help_{}", if command.is_empty() { "sequencer" } else { command });
        insta::assert_snapshot!(name, ended.stdout);
    }
}

#[test]
fn errors_say_what_and_what_to_do_and_json_always_parses() {
    let dir = temporary();
    let missing = run(dir.path(), &["--json", "run", "--config", "nowhere.toml"], &[]);
    assert_eq!(missing.code, 1);
    let value: Value = serde_json::from_str(&missing.stdout).expect("JSON");
    assert!(value["error"].as_str().expect("text").contains("nowhere.toml"));
    assert!(
        missing.stderr.starts_with("error: ") && missing.stderr.contains("\nhint: "),
        "{}",
        missing.stderr
    );
    let empty = run(dir.path(), &["run"], &[]);
    assert!(
        empty.stderr.contains("setting data_dir is missing"),
        "{}",
        empty.stderr
    );
    assert_eq!(run(dir.path(), &["run", "--no-such-flag"], &[]).code, 2);
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let dir = temporary();
    let made = run(dir.path(), &[INIT, &["--block-interval-ms", "400"]].concat(), &[]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let interval = |arguments: &[&str], variables: &[(&str, &str)]| {
        let base = ["--json", "run", "--config", "sequencer.toml", "--check"];
        let ended = run(dir.path(), &[&base, arguments].concat(), variables);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let value: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        value["block_interval_ms"].as_u64().expect("a number")
    };
    let variable = [("ASSET_L2_BLOCK_INTERVAL_MS", "500")];
    assert_eq!(interval(&[], &[]), 400);
    assert_eq!(interval(&[], &variable), 500);
    assert_eq!(interval(&["--block-interval-ms", "600"], &variable), 600);
    let text = std::fs::read_to_string(dir.path().join("sequencer.toml")).expect("written");
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("block_interval_ms"))
        .fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(dir.path().join("sequencer.toml"), without).expect("written");
    assert_eq!(interval(&[], &[]), 250);
    assert!(dir.path().join("data").is_dir());
}

#[test]
fn an_existing_configuration_is_not_overwritten() {
    let dir = temporary();
    assert_eq!(run(dir.path(), INIT, &[]).code, 0);
    let before = std::fs::read(dir.path().join("sequencer.toml")).expect("written");
    let again = run(dir.path(), INIT, &[]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("never overwritten"), "{}", again.stderr);
    assert_eq!(
        std::fs::read(dir.path().join("sequencer.toml")).expect("still there"),
        before
    );
}

#[test]
fn keys_are_made_shown_and_kept() {
    let dir = temporary();
    let made = run(dir.path(), &["keygen", "--out", "keys", "--json"], &[]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let made: Value = serde_json::from_str(&made.stdout).expect("JSON");
    assert_eq!(made["bls_pk1"].as_str().map(str::len), Some(128));
    assert!(
        made["peer_id"].as_str().expect("text").starts_with("12D3KooW"),
        "{made}"
    );
    assert!(made.get("possession").is_none());
    let chain = "07".repeat(32);
    let shown = run(
        dir.path(),
        &["keys", "--dir", "keys", "--chain-id", &chain, "--json"],
        &[],
    );
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(shown["node"], made["node"]);
    assert_eq!(shown["possession"].as_str().map(str::len), Some(128));
    let again = run(dir.path(), &["keygen", "--out", "keys"], &[]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("never overwritten"), "{}", again.stderr);
}
