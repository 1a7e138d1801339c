//! Rules, alerts and dashboards of `deploy/monitoring`: they name metrics that exist, Prometheus takes them, and every
//! expression has an answer on a running testnet.
//!
//! Needs `prometheus` and `promtool` (Debian's package `prometheus`).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use testnet::live::Progress;
use testnet::load::{Load, Profile, Shape};
use testnet::ports::Reservation;
use testnet::{Testnet, TestnetConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(90);

fn monitoring() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(monitoring().join(name)).unwrap()
}

/// The values of `key: value` lines of a rules file.
fn values(text: &str, key: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ").map(str::to_owned))
        .collect()
}

fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("grafana/dashboards/asset-l2.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect()
}

/// The names of metrics and recorded rules in an expression.
fn names(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.filter(|word| word.starts_with("asset_l2")).collect()
}

#[test]
fn every_name_is_a_metric_or_a_recorded_rule() {
    let (rules, alerts) = (read("rules.yml"), read("alerts.yml"));
    let recorded: BTreeSet<String> = values(&rules, "record").into_iter().collect();
    let table: BTreeSet<&str> = telemetry::TABLE.iter().map(|spec| spec.name).collect();
    let mut expressions = dashboard();
    expressions.extend(values(&rules, "expr"));
    expressions.extend(values(&alerts, "expr"));
    assert!(recorded.len() >= 5 && expressions.len() >= 30);
    for expression in &expressions {
        for name in names(expression) {
            let metric = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let known =
                table.contains(name) || recorded.contains(name) || metric.is_some_and(|m| table.contains(m));
            assert!(known, "{name} in {expression}");
        }
    }
}

#[test]
fn promtool_takes_the_configuration() {
    let checked = Command::new("promtool")
        .args(["check", "config"])
        .arg(monitoring().join("prometheus.yml"))
        .output()
        .expect("promtool: install Debian's package prometheus");
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(
        checked.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

/// `GET` with HTTP/1.0, which Prometheus answers in one piece.
async fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

/// How many series an expression has now; an error in it fails the test.
async fn series(prometheus: SocketAddr, expression: &str) -> Option<usize> {
    let encoded: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = get(prometheus, &format!("/api/v1/query?query={encoded}")).await?;
    let answer: Value = serde_json::from_str(&answer).ok()?;
    assert_ne!(answer["errorType"], "bad_data", "{expression}: {answer}");
    answer["data"]["result"].as_array().map(Vec::len)
}

struct Prometheus(std::process::Child);

impl Prometheus {
    /// The real one, with this directory's rules, asking these validators.
    fn start(dir: &Path, address: SocketAddr, targets: &[SocketAddr]) -> Self {
        let targets: Vec<String> = targets.iter().map(|target| format!("\"{target}\"")).collect();
        let here = |name: &str| monitoring().join(name).canonicalize().unwrap();
        let config = read("prometheus.yml")
            .replace(
                "- localhost:9845",
                &format!("- {}", targets.join("\n          - ")),
            )
            .replace("- rules.yml", &format!("- {}", here("rules.yml").display()))
            .replace("- alerts.yml", &format!("- {}", here("alerts.yml").display()))
            .replace("5s", "1s");
        let file = dir.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                dir.join("prometheus").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus: install Debian's package prometheus");
        Self(child)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It is a child of this process that has not been waited for: the signal reaches no other.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_has_an_answer_on_a_running_testnet() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let exe = Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned();
    let config = TestnetConfig::new(run, exe);
    let testnet = Testnet::start(config, &mut Progress::new(false)).await.unwrap();
    let port = Reservation::take(1).unwrap().ports().next().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let targets: Vec<SocketAddr> = testnet.nodes().iter().map(testnet::node::Node::health).collect();
    let _prometheus = Prometheus::start(dir.path(), address, &targets);
    let shape = Shape {
        profile: Profile::Steady,
        tps: 50,
        length: Duration::from_secs(10),
        seed: 1,
    };
    let load = Load::prepare(testnet.attached().unwrap(), shape).await.unwrap();
    let report = load.start().await.unwrap().finish().await;
    assert!(report.is_good(), "{report}");
    let recorded = values(&read("rules.yml"), "record");
    for expression in dashboard().iter().chain(&recorded) {
        let answered = async {
            while series(address, expression).await.unwrap_or(0) == 0 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, answered).await;
        assert!(waited.is_ok(), "{expression}: no series within {PATIENCE:?}");
    }
    let critical = "ALERTS{severity=\"critical\", alertstate=\"firing\"}";
    assert_eq!(
        series(address, critical).await,
        Some(0),
        "nothing critical on a healthy testnet"
    );
    for expression in values(&read("alerts.yml"), "expr") {
        let answer = series(address, &expression).await;
        assert!(answer.is_some(), "{expression}: no answer");
    }
    let troubles = testnet.stop().await;
    assert!(troubles.is_empty(), "{troubles:?}");
}
