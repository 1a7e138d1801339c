//! The command `testnet slo` as CI runs it: a target that cannot be met is missed, and the report is signed.

use std::path::Path;
use std::process::{Command, Output};

fn testnet(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testnet"));
    command.args(args).output().expect("the binary runs")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn an_impossible_target_is_missed_and_the_report_says_so_under_its_signature() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (json, html, run) = (file("slo.json"), file("slo.html"), file("run"));
    let measured = testnet(&[
        "slo",
        "--quiet",
        "--duration",
        "5",
        "--tps",
        "20",
        "--data-dir",
        &run,
        "--json",
        &json,
        "--html",
        &html,
        "--target",
        "block_interval_p50_ms=1",
    ]);
    let said = String::from_utf8_lossy(&measured.stdout).into_owned();
    let complained = String::from_utf8_lossy(&measured.stderr);
    assert_eq!(measured.status.code(), Some(1), "{said}{complained}");
    assert!(
        said.contains("MISSED") && said.contains("block_interval_p50_ms"),
        "{said}"
    );
    assert!(text(Path::new(&html)).contains("<h1>Objectives missed</h1>"));

    let document: serde_json::Value = serde_json::from_str(&text(Path::new(&json))).unwrap();
    let objectives = document["report"]["objectives"].as_array().unwrap();
    let verdict = |name: &str| {
        let found = objectives.iter().find(|objective| objective["name"] == name);
        found.unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict("block_interval_p50_ms"), "missed");
    for kept in [
        "root_mismatches",
        "replaced_blocks",
        "undecided_transactions",
        "roots_compared_percent",
    ] {
        assert_eq!(verdict(kept), "met", "{said}");
    }
    for objective in objectives {
        assert!(objective["measured"].is_number(), "{objective} was not measured");
    }

    let verified = testnet(&["slo", "verify", &json]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert_eq!(
        verified.status.code(),
        Some(1),
        "signed, and still missed: {said}"
    );
    assert!(said.contains("signature        valid"), "{said}");
    let forged = text(Path::new(&json)).replace("\"missed\"", "\"met\"");
    std::fs::write(&json, forged).unwrap();
    let refused = testnet(&["slo", "verify", &json]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("the signature is not of this report"), "{said}");
}
