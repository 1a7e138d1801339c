//! A running validator and what its operator asks and tells it, each by the real binary.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
};

use crate::process::{PATIENCE, Validator, found, run};
use serde_json::{Value, json};

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[test]
fn the_live_commands_of_a_validator() {
    let dir = temporary();
    found(dir.path(), |_| {});
    let validator = Validator::start(dir.path(), &[], &[]);
    validator.until("decided");
    let status = validator.ask(&["status", "--json"]);
    assert_eq!(status.code, 0, "{}", status.stderr);
    let status = status.json();
    assert_eq!(status["pid"], validator.pid());
    assert!(status["height"].as_u64() > Some(0), "{status}");
    assert_eq!(status["readiness"]["ready"], true);
    assert_eq!(status["leading"], true, "it is the whole committee");
    let shown = validator.ask(&["status", "--data-dir", "data"]);
    assert!(
        shown.stdout.contains("0 of 0 others connected"),
        "{}",
        shown.stdout
    );

    let peers = validator.ask(&["peers", "--json"]).json();
    assert_eq!(peers.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&peers[0]["this"], &peers[0]["node"]),
        (&json!(true), &status["node"])
    );

    assert_eq!(validator.ask(&["log-filter"]).stdout, "info\n");
    let changed = validator.ask(&["log-filter", "warn,sequencer=debug"]);
    assert_eq!(changed.code, 0, "{}", changed.stderr);
    assert!(changed.stdout.contains("sequencer=debug"), "{}", changed.stdout);
    let wrong = validator.ask(&["log-filter", "sequencer=shout"]);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.stderr.contains("sequencer=shout") && wrong.stderr.contains("hint: directives are"),
        "{}",
        wrong.stderr
    );

    let poster = validator.ask(&["poster", "pause"]);
    assert!(
        poster.stderr.contains("this node does not post"),
        "{}",
        poster.stderr
    );

    let ended = validator.ask(&["exit"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(validator.join(), Some(0));
    let gone = run(dir.path(), &["status"], &[]);
    assert_eq!(gone.code, 1);
    assert!(gone.stderr.contains("no validator runs"), "{}", gone.stderr);
}

#[test]
fn a_data_directory_has_one_process_and_is_whole_after_a_kill() {
    let dir = temporary();
    found(dir.path(), |_| {});
    let validator = Validator::start(dir.path(), &[], &[]);
    validator.until("decided");
    let pid = validator.pid();
    for command in [&["db", "stats"][..], &["run", "--config", "sequencer.toml"]] {
        let refused = validator.ask(command);
        assert_eq!(refused.code, 1, "{command:?}");
        assert!(
            refused.stderr.contains(&format!("in use by process {pid}")),
            "{}",
            refused.stderr
        );
    }
    validator.kill();
    let stats = run(dir.path(), &["db", "stats", "--json"], &[]);
    assert_eq!(stats.code, 0, "{}", stats.stderr);
    let stats = stats.json();
    assert_eq!(
        (&stats[0]["file"], &stats[1]["file"]),
        (&json!("chain.redb"), &json!("consensus.redb"))
    );
    let checked = run(dir.path(), &["db", "check", "--json"], &[]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let checked = checked.json();
    assert_eq!(checked["oldest"], 0);
    assert!(checked["newest"].as_u64() > Some(0), "{checked}");
    let verify = ["verify", "--offline", "--json"];
    let verified = run(dir.path(), &verify, &[]);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    assert_eq!(verified.json()["height"], checked["newest"]);
    let online = run(dir.path(), &["verify"], &[]);
    assert_eq!(online.code, 1);
    assert!(online.stderr.contains("say --offline"), "{}", online.stderr);
    // A new one takes the place of the killed one.
    let validator = Validator::start(dir.path(), &[], &[]);
    assert_eq!(validator.ask(&["exit"]).code, 0);
}

#[test]
fn a_poster_is_paused_and_goes_on() {
    let dir = temporary();
    found(dir.path(), |settings| settings.posting = Some(true));
    let validator = Validator::start(dir.path(), &[], &[]);
    validator.until("decided");
    let told = |order: &str| validator.ask(&["poster", order, "--json"]).json();
    assert_eq!(told("pause")["paused"], true);
    assert_eq!(told("status")["paused"], true);
    assert_eq!(told("resume")["paused"], false);
    assert!(told("flush")["flush_to"].as_u64() > Some(0));
}

/// Sends lines, one after the other, and reads the answer to each; `None` where the connection ends.
fn converse(validator: &Validator, lines: &[&[u8]]) -> Vec<Option<Value>> {
    let mut stream = UnixStream::connect(validator.dir.join("data/admin.sock")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
    let mut answers = Vec::new();
    for line in lines {
        // The other side may have closed already.
        let _ = stream.write_all(line).and_then(|()| stream.write_all(b"\n"));
        let mut answer = String::new();
        let read = reader.read_line(&mut answer).unwrap_or(0);
        answers.push((read > 0).then(|| serde_json::from_str(&answer).expect("JSON")));
    }
    answers
}

#[test]
fn hostile_requests_are_refused_and_bounded() {
    let dir = temporary();
    found(dir.path(), |_| {});
    let validator = Validator::start(dir.path(), &[], &[]);
    let code = |answer: &Option<Value>| {
        answer
            .as_ref()
            .and_then(|answer| answer["error"]["code"].as_i64())
    };
    let answers = converse(
        &validator,
        &[
            b"nonsense",
            b"[]",
            br#"{"jsonrpc":"2.0","id":1,"method":"admin_poster","params":["explode"]}"#,
            br#"{"jsonrpc":"2.0","id":2,"method":"admin_nothing"}"#,
            br#"{"jsonrpc":"2.0","id":3,"method":"admin_status"}"#,
        ],
    );
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(
        codes,
        [Some(-32_700), Some(-32_700), Some(-32_602), Some(-32_601), None]
    );
    assert_eq!(answers[4].as_ref().expect("an answer")["id"], 3);
    let long = vec![b'['; sequencer::admin::MAX_REQUEST + 1];
    assert_eq!(
        converse(&validator, &[&long]),
        [None],
        "too long a line ends the connection"
    );
    let deep = vec![b'['; sequencer::admin::MAX_REQUEST - 1];
    assert_eq!(code(&converse(&validator, &[&deep])[0]), Some(-32_700));

    // Those who connect and say nothing take all the places, and give them back when they go.
    let idle: Vec<_> = (0..sequencer::admin::MAX_CONNECTIONS)
        .map(|_| UnixStream::connect(validator.dir.join("data/admin.sock")).expect("it listens"))
        .collect();
    let mut late = UnixStream::connect(validator.dir.join("data/admin.sock")).expect("it waits");
    late.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"admin_peers\"}\n")
        .expect("written");
    late.set_nonblocking(true).expect("a mode");
    assert!(late.read(&mut [0]).is_err(), "no place yet");
    late.set_nonblocking(false).expect("a mode");
    drop(idle);
    let mut answer = String::new();
    BufReader::new(late).read_line(&mut answer).expect("its turn");
    assert!(answer.contains("\"id\":4"), "{answer}");
}
