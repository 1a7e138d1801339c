//! The real binary: help, errors, precedence, keys; and what an operator asks and tells a running one.

mod live;
mod process;
mod signing;

use process::run;
use serde_json::Value;

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
    let commands = [
        "",
        "keygen",
        "keys",
        "keys inspect",
        "signer",
        "signer run",
        "init",
        "run",
        "status",
        "peers",
        "poster",
        "log-filter",
        "exit",
        "db",
        "verify",
        "config",
        "completions",
        "man",
    ];
    for command in commands {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let ended = run(dir.path(), &arguments, &[]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{command}");
        assert!(ended.stdout.contains("Examples:"), "{command} has no examples");
        let name = if command.is_empty() { "sequencer" } else { command };
        let name = format!("help_{}", name.replace(' ', "_"));
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
        &["keys", "inspect", "--dir", "keys", "--chain-id", &chain, "--json"],
        &[],
    );
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(shown["node"], made["node"]);
    assert_eq!(shown["possession"].as_str().map(str::len), Some(128));
    let again = run(dir.path(), &["keygen", "--out", "keys"], &[]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("never overwritten"), "{}", again.stderr);
}

#[test]
fn each_value_says_where_it_comes_from() {
    let dir = temporary();
    assert_eq!(run(dir.path(), INIT, &[]).code, 0);
    let arguments = [
        "config",
        "print",
        "--config",
        "sequencer.toml",
        "--explain",
        "--posting-rank",
        "2",
    ];
    let variables = [("ASSET_L2_POSTING", "true")];
    let shown = run(dir.path(), &arguments, &variables);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let line = |name: &str| {
        let mut lines = shown.stdout.lines();
        lines
            .find(|line| line.starts_with(name))
            .expect("every setting")
            .to_owned()
    };
    for (name, value, source) in [
        ("posting_rank", " = 2 ", "# flag --posting-rank"),
        ("posting ", " = true ", "# environment ASSET_L2_POSTING"),
        ("program_id", "\"11111111111111111111111111111111\"", "# file"),
        ("block_interval_ms", " = 250 ", "# default"),
    ] {
        let line = line(name);
        assert!(line.contains(value) && line.ends_with(source), "{line}");
    }
    let json = run(dir.path(), &[&arguments[..], &["--json"]].concat(), &variables).json();
    assert_eq!(
        json["posting"],
        serde_json::json!({"value": true, "source": "environment"})
    );
    let plain = run(
        dir.path(),
        &["config", "print", "--config", "sequencer.toml"],
        &[],
    );
    std::fs::write(dir.path().join("again.toml"), &plain.stdout).expect("written");
    let again = run(dir.path(), &["config", "print", "--config", "again.toml"], &[]);
    assert_eq!(
        again.stdout, plain.stdout,
        "what is printed is a configuration file"
    );
}

#[test]
fn shells_and_man_know_every_command() {
    let dir = temporary();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(dir.path(), &["completions", shell], &[]);
        assert!(script.stdout.contains("log-filter"), "{shell}");
    }
    assert!(run(dir.path(), &["man"], &[]).stdout.starts_with(".ie"));
    assert_eq!(run(dir.path(), &["man", "--out", "pages"], &[]).code, 0);
    for page in ["sequencer.1", "sequencer-status.1", "sequencer-db.1"] {
        assert!(dir.path().join("pages").join(page).is_file(), "{page}");
    }
}

#[test]
fn sealed_keys_open_with_their_passphrase_only() {
    let dir = temporary();
    std::fs::write(dir.path().join("passphrase"), "correct horse\nnot this").expect("written");
    let sealed = [
        "keygen",
        "--out",
        "keys",
        "--seal",
        "--passphrase-file",
        "passphrase",
        "--json",
    ];
    let made = run(dir.path(), &sealed, &[]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let text = std::fs::read_to_string(dir.path().join("keys/bls.key")).expect("written");
    assert!(text.contains("chacha20-poly1305"), "{text}");
    let inspect = ["keys", "inspect", "--dir", "keys", "--json"];
    let shown = run(dir.path(), &inspect, &[]);
    assert_eq!(shown.stdout, made.stdout, "no passphrase is needed to look");
    let chain = "07".repeat(32);
    let prove = [&inspect[..], &["--chain-id", &chain]].concat();
    let none = run(dir.path(), &prove, &[]);
    assert!(
        none.stderr.contains("is sealed: a passphrase is needed"),
        "{}",
        none.stderr
    );
    let wrong = run(dir.path(), &prove, &[("ASSET_L2_PASSPHRASE", "wrong horse")]);
    assert!(
        wrong.stderr.contains("the passphrase does not open it"),
        "{}",
        wrong.stderr
    );
    let proven = run(dir.path(), &prove, &[("ASSET_L2_PASSPHRASE", "correct horse")]);
    assert_eq!(proven.code, 0, "{}", proven.stderr);
    assert_eq!(proven.json()["node"], made.json()["node"]);
    assert_eq!(proven.json()["possession"].as_str().map(str::len), Some(128));
}
