//! Partitions that are real: a process and a network namespace per member, joined by a bridge; links go down and come back.
//!
//! ```text
//!   the test's own namespace:   bridge whole ──┬── link0 ═ eth0 [member 0]     each member: a process in a namespace of
//!                               bridge apart   ├── link1 ═ eth0 [member 1]     its own; its storage: redb with fsync
//!                               (cut off) ◀────┴── link2 …
//! ```
//!
//! Needs `unshare` (util-linux) and `ip` (iproute2), and root or user namespaces. Nothing is left behind: the namespaces
//! have no names, so they go with the processes in them, and a member ends with its standard input.
//!
//! Not the usual harness: this binary is its own child.

mod member;
mod namespace;

use std::{
    env,
    os::unix::process::CommandExt,
    process::{Command, ExitCode, Stdio},
};

use hotshot_cluster::scenarios;
use namespace::{Namespaces, child};

/// Says that this process has a network namespace of its own, and may make more.
const INSIDE: &str = "HOTSHOT_NAMESPACES_INSIDE";
/// The ways into one, best first: as root, or as the root of a user namespace.
const WAYS: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];
const TESTS: [&str; 2] = ["minority_cut_off", "halves"];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "member") {
        return child::run(&arguments[1..]);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        if !arguments.iter().any(|argument| argument == "--ignored") {
            TESTS.iter().for_each(|test| println!("{test}: test"));
        }
        return ExitCode::SUCCESS;
    }
    if env::var_os(INSIDE).is_none() {
        return enter();
    }
    let named = |test: &&str| arguments.iter().any(|argument| argument == test);
    let any = TESTS.iter().any(&named);
    for test in TESTS.into_iter().filter(|test| !any || named(test)) {
        run(test);
        println!("{test}: ok");
    }
    ExitCode::SUCCESS
}

fn run(test: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let bed = Namespaces::new(4).await;
        match test {
            "minority_cut_off" => scenarios::minority_cut_off(bed).await,
            "halves" => scenarios::halves(bed).await,
            other => panic!("no test is named {other}"),
        }
    });
}

/// Runs this program again in a network namespace of its own.
fn enter() -> ExitCode {
    let mut reasons = Vec::new();
    for way in WAYS {
        // What the test needs to be allowed to do, once on trial.
        let trial = Command::new("unshare")
            .args(way)
            .args(["ip", "link", "add", "trial", "type", "bridge"])
            .stdin(Stdio::null())
            .output();
        match trial {
            Ok(output) if output.status.success() => {
                println!("namespaces by: unshare {}", way.join(" "));
                let error = Command::new("unshare")
                    .args(way)
                    .arg(env::current_exe().expect("this binary"))
                    .args(env::args_os().skip(1))
                    .env(INSIDE, "1")
                    .exec();
                reasons.push(format!("unshare: {error}"));
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                reasons.push(format!("unshare {}: {}", way.join(" "), said.trim()));
            }
            Err(error) => reasons.push(format!("unshare: {error}")),
        }
    }
    eprintln!("error: no network namespace can be made:");
    reasons.iter().for_each(|reason| eprintln!("  {reason}"));
    eprintln!("hint: install util-linux and iproute2; run as root, or allow user namespaces");
    ExitCode::FAILURE
}
