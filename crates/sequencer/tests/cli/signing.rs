//! A signer process that is killed over and over, and asked each time to contradict itself.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use hotshot_types::{Epoch, Height, Statement, View, VoteData};
use signer::{Refusal, Remote, RemoteError, Signs as _};

use crate::process::{PATIENCE, run};

const CHAIN: [u8; 32] = [7; 32];

fn start(dir: &Path, arguments: &[&str]) -> (Child, Remote) {
    let child = Command::new(env!("CARGO_BIN_EXE_sequencer"))
        .args([
            "signer",
            "run",
            "--keys",
            "keys",
            "--record",
            "record",
            "--socket",
            "signer.sock",
        ])
        .args(["--chain-id", &"07".repeat(32)])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let asked = Instant::now();
    loop {
        match Remote::connect(&dir.join("signer.sock")) {
            Ok(remote) => return (child, remote),
            Err(RemoteError::Io { .. }) if asked.elapsed() < PATIENCE => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

fn votes(view: u64, leaf: u8) -> [Statement; 2] {
    let data = VoteData {
        epoch: Epoch::ZERO,
        view: View::new(view),
        height: Height::new(view),
        leaf: [leaf; 32],
    };
    [Statement::Vote1(data), Statement::Vote2(data)]
}

#[test]
fn a_signer_that_is_killed_does_not_forget() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(run(dir.path(), &["keygen", "--out", "keys"], &[]).code, 0);
    let mut arguments: &[&str] = &["--new-record"];
    for view in 1..=5 {
        let (mut child, remote) = start(dir.path(), arguments);
        arguments = &[];
        let key = remote.keys().remove(0);
        for old in 1..view {
            for other in votes(old, 2) {
                let refusal = remote
                    .sign(&key, &CHAIN, &other)
                    .expect_err("it was signed otherwise");
                assert!(matches!(refusal, Refusal::Contradiction { .. }), "{refusal}");
            }
        }
        for vote in votes(view, 1) {
            let signature = remote
                .sign(&key, &CHAIN, &vote)
                .expect("nothing speaks against it");
            assert!(key.verify(&vote.digest(&CHAIN), &signature));
        }
        child.kill().expect("it runs");
        child.wait().expect("a child");
    }
    let lost = [
        "signer",
        "run",
        "--keys",
        "keys",
        "--record",
        "elsewhere",
        "--socket",
        "s",
        "--chain-id",
    ];
    let lost = run(dir.path(), &[&lost[..], &[&"07".repeat(32)]].concat(), &[]);
    assert_eq!(lost.code, 1);
    assert!(
        lost.stderr.contains("do not know what they have signed"),
        "{}",
        lost.stderr
    );
}
