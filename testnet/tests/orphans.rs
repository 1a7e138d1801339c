//! No validator outlives its testnet, not even one that is killed without warning.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);

/// Parent and state of a process, if it is there.
fn stat(pid: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

fn children_of(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|(of, state)| of == parent && state != 'Z'))
        .collect()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(POLL);
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn validators_end_with_a_testnet_that_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_testnet"))
        .args(["--validators", "4", "--quiet", "--data-dir"])
        .arg(dir.path().join("run"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut testnet = Killed(child);
    let pid = testnet.0.id();
    until("four validators run", || {
        let ended = testnet.0.try_wait().unwrap();
        assert!(ended.is_none(), "the testnet ended by itself: {ended:?}");
        children_of(pid).len() == 4
    });
    let validators = children_of(pid);
    drop(testnet);
    // A process that nobody waits for stays listed as a zombie: it has ended all the same.
    until("all of them have ended", || {
        validators
            .iter()
            .all(|pid| stat(*pid).is_none_or(|(_, state)| state == 'Z'))
    });
}
