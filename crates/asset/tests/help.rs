//! What every help text says, and what the command line refuses before anything is asked.

use std::process::{Command, Output};

use serde_json::Value;

const COMMANDS: [&str; 20] = [
    "keys",
    "keys new",
    "keys show",
    "faucet",
    "balance",
    "transfer",
    "mint",
    "burn",
    "deploy",
    "call",
    "view",
    "program",
    "receipt",
    "proof",
    "proof fetch",
    "proof verify",
    "watch",
    "block",
    "status",
    "completions",
];

/// The real process, in a home of its own.
fn asset(home: &std::path::Path, line: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_asset"))
        .args(line)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

macro_rules! assert_shows {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

#[test]
fn help_says_how() {
    let home = tempfile::tempdir().unwrap();
    let whole = asset(home.path(), &["--help"]);
    assert_eq!(whole.status.code(), Some(0));
    assert_shows!("help", text(&whole.stdout));
    for command in COMMANDS {
        let mut line: Vec<&str> = command.split(' ').collect();
        line.push("--help");
        let help = asset(home.path(), &line);
        assert_eq!(help.status.code(), Some(0), "{command}");
        assert_shows!(format!("help_{}", command.replace(' ', "_")), text(&help.stdout));
    }
    for generated in [&["completions", "bash"][..], &["completions", "zsh"], &["man"]] {
        let made = asset(home.path(), generated);
        assert!(made.status.success() && made.stdout.len() > 1000, "{generated:?}");
    }
}

/// Everything that can be wrong before a validator is asked, and what it says.
#[test]
fn mistakes_have_hints() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("wrong.json"), "[1,2]").unwrap();
    std::fs::write(
        home.path().join("wrong.curve"),
        "program wrong;\nview v() -> Count { true }\n",
    )
    .unwrap();
    std::fs::write(home.path().join("bytes.curvevm"), "CURV?").unwrap();
    let key = asset(home.path(), &["keys", "new", "--out", "key.json"]);
    let address = text(&key.stdout).trim().to_owned();
    let mut story = String::new();
    for line in [
        &["balance"][..],
        &["balance", "--key", "wrong.json"],
        &["balance", "--key", "key.json"],
        &["balance", "nobody"],
        &["--testnet", "balance"],
        &["--rpc", "nowhere", "status"],
        &["--rpc", "http://127.0.0.1:1", "status"],
        &["transfer", &address, "1.0000000001"],
        &["transfer", &address, "5 SOL"],
        &["transfer", &address, "1", "--wait", "someday"],
        &[
            "--rpc",
            "http://127.0.0.1:1",
            "--key",
            "key.json",
            "deploy",
            "wrong.curve",
        ],
        &[
            "--rpc",
            "http://127.0.0.1:1",
            "--key",
            "key.json",
            "deploy",
            "bytes.curvevm",
        ],
        &[
            "--rpc",
            "http://127.0.0.1:1",
            "--key",
            "key.json",
            "deploy",
            "missing.curve",
        ],
        &["proof", "verify", "wrong.json"],
        &["faucet", &address],
        &["keys", "new", "--out", "key.json"],
    ] {
        let ran = asset(home.path(), line);
        assert_eq!(ran.status.code(), Some(2), "{line:?}");
        let shown = text(&ran.stderr).replace(&home.path().display().to_string(), "~");
        let said = format!("$ asset {}\n{shown}\n", line.join(" "));
        story.push_str(&said.replace(&address, "<ADDRESS>"));
    }
    assert_shows!("mistakes", story);
}

#[test]
fn errors_are_json_if_that_is_wanted() {
    let home = tempfile::tempdir().unwrap();
    let ran = asset(home.path(), &["--rpc", "http://127.0.0.1:1", "status", "--json"]);
    assert_eq!(ran.status.code(), Some(2));
    let said: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert!(said["error"].is_string() && said["hint"].is_string());
}

#[test]
fn keys_are_made_once_and_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = tempfile::tempdir().unwrap();
    let made = asset(home.path(), &["keys", "new"]);
    let address = text(&made.stdout);
    assert!(made.status.success() && address.trim().parse::<assetvm::Address>().is_ok());
    let shown = asset(home.path(), &["keys", "show"]);
    assert_eq!(text(&shown.stdout), address);
    let file = home.path().join(".config/asset-l2/key.json");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = std::fs::read(&file).unwrap();
    assert_eq!(asset(home.path(), &["keys", "new"]).status.code(), Some(2));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
