//! A committee of processes, each in a network namespace of its own.

pub mod child;

use std::{net::SocketAddr, process::Stdio};

use hotshot_cluster::{PATIENCE, Partitions, Testbed};
use hotshot_engine::Status;
use hotshot_types::{Height, View};
use rollup_abi::Header;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::watch,
    time::timeout,
};

use crate::member::chain;

const PORT: u16 = 4000;
/// The bridge of the whole committee, and that of a side that is cut off.
const WHOLE: &str = "whole";
const APART: &str = "apart";

struct Process {
    child: Child,
    input: ChildStdin,
    status: watch::Receiver<Status>,
}

pub struct Namespaces {
    directory: TempDir,
    members: Vec<Option<Process>>,
    apart: Vec<usize>,
}

/// Runs `ip` with these words.
async fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().await;
    let output = output.expect("ip can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {words}: {said}");
}

fn address(member: usize) -> SocketAddr {
    SocketAddr::from(([10, 77, 0, member as u8 + 1], PORT))
}

fn link(member: usize) -> String {
    format!("link{member}")
}

impl Namespaces {
    pub async fn new(size: usize) -> Self {
        for bridge in [WHOLE, APART] {
            ip(&format!("link add {bridge} type bridge")).await;
            ip(&format!("link set {bridge} up")).await;
        }
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            members: (0..size).map(|_| None).collect(),
            apart: Vec::new(),
        }
    }

    /// Takes links down, and connects them with another bridge.
    async fn plug(&self, members: &[usize], bridge: &str) {
        for member in members {
            let link = link(*member);
            ip(&format!("link set {link} down")).await;
            ip(&format!("link set {link} master {bridge}")).await;
        }
    }

    async fn up(&self, members: &[usize]) {
        for member in members {
            ip(&format!("link set {} up", link(*member))).await;
        }
    }
}

impl Testbed for Namespaces {
    fn size(&self) -> usize {
        self.members.len()
    }

    async fn start(&mut self, member: usize) {
        let addresses: Vec<String> = (0..self.size())
            .map(|member| address(member).to_string())
            .collect();
        let mut child = Command::new("unshare")
            .arg("--net")
            .arg(std::env::current_exe().expect("this binary"))
            .args(["member", &member.to_string(), &addresses.join(",")])
            .arg(self.directory.path().join(member.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("unshare can be run");
        let mut input = child.stdin.take().expect("piped");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let said = timeout(PATIENCE, lines.next_line()).await.expect("it starts");
        assert_eq!(said.expect("text").as_deref(), Some("here"), "member {member}");
        let pid = child.id().expect("it has not been waited for");
        let link = link(member);
        ip(&format!("link add {link} type veth peer name eth0 netns {pid}")).await;
        ip(&format!("link set {link} master {WHOLE} up")).await;
        input.write_all(b"go\n").await.expect("it reads");
        let (sender, status) = watch::channel(Status::default());
        tokio::spawn(follow(lines, sender));
        self.members[member] = Some(Process { child, input, status });
    }

    async fn stop(&mut self, member: usize) {
        if let Some(Process { mut child, input, .. }) = self.members[member].take() {
            drop(input);
            let ended = timeout(PATIENCE, child.wait()).await.expect("it ends in order");
            let ended = ended.expect("it is our child");
            assert!(ended.success(), "member {member}: {ended}");
        }
    }

    fn status(&self, member: usize) -> watch::Receiver<Status> {
        self.members[member].as_ref().expect("it runs").status.clone()
    }

    fn chain(&self, member: usize) -> Vec<Header> {
        chain(&self.directory.path().join(member.to_string()))
    }
}

impl Partitions for Namespaces {
    async fn cut(&mut self, side: &[usize]) {
        self.plug(side, APART).await;
        // The link of who is alone stays down.
        if side.len() > 1 {
            self.up(side).await;
        }
        self.apart = side.to_vec();
    }

    async fn heal(&mut self) {
        let apart = std::mem::take(&mut self.apart);
        self.plug(&apart, WHOLE).await;
        self.up(&apart).await;
    }
}

/// Reads where a member stands until it ends.
async fn follow(mut lines: Lines<BufReader<ChildStdout>>, sender: watch::Sender<Status>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [view, decided, timeouts] = numbers[..] else {
            panic!("a member says where it stands, not {line:?}");
        };
        let status = Status {
            view: View::new(view),
            decided: Height::new(decided),
            timeouts,
        };
        sender.send_replace(status);
    }
}
