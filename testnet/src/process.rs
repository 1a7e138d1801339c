//! A supervised child process.
//!
//! Its own task owns the child: signals go through it, so that none ever reaches a process id that has been given to
//! somebody else. The child is in a process group of its own, so that Ctrl-C reaches only the testnet, which then ends its
//! children in order. The write end of its stdin is the lifeline: when the testnet is gone, however it went, the child
//! reads the end of its stdin ([`crate::lifeline`]) and ends, too.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::sync::{mpsc, watch};

/// Signals that may wait for the child's task.
const MAX_SIGNALS: usize = 4;
/// Bytes of a log's end that are looked at for its last lines.
const TAIL_BYTES: u64 = 16 << 10;
/// Characters of a log line that are shown.
const MAX_LINE: usize = 300;

/// What to run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The binary.
    pub exe: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where its stdout and stderr go, appended.
    pub log: PathBuf,
}

/// How a process ended when it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, in time.
    Gracefully(ExitStatus),
    /// It had to be killed.
    Killed,
}

/// A running, or ended, child. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    log: PathBuf,
    signals: mpsc::Sender<Signal>,
    status: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts it. Must be called within a tokio runtime.
    pub fn spawn(spec: &Spec) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(&spec.log)?;
        let mut command = tokio::process::Command::new(&spec.exe);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        let mut child = command
            .args(&spec.args)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("the child is gone already"))?;
        let lifeline = child.stdin.take();
        let (signals, requests) = mpsc::channel(MAX_SIGNALS);
        let (ended, status) = watch::channel(None);
        tokio::spawn(async move {
            let status = supervise(child, requests).await;
            drop(lifeline);
            ended.send_replace(status);
        });
        Ok(Self {
            pid,
            log: spec.log.clone(),
            signals,
            status,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub fn status(&self) -> Option<ExitStatus> {
        *self.status.borrow()
    }

    /// Waits for its end. Does not end it.
    pub async fn ended(&self) -> Option<ExitStatus> {
        let mut status = self.status.clone();
        // The task that holds the sender ends only after it has sent, or with the runtime.
        status
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|status| *status)
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(&self) {
        // No receiver: it has ended.
        let _ = self.signals.send(Signal::SIGKILL).await;
        self.ended().await;
    }

    /// SIGSTOP: it does nothing until it is resumed, and its connections stay open.
    pub async fn pause(&self) {
        // No receiver: it has ended.
        let _ = self.signals.send(Signal::SIGSTOP).await;
    }

    /// SIGCONT.
    pub async fn resume(&self) {
        let _ = self.signals.send(Signal::SIGCONT).await;
    }

    /// SIGTERM, and SIGKILL if it is still there after `grace`.
    pub async fn stop(&self, grace: Duration) -> Ended {
        let _ = self.signals.send(Signal::SIGTERM).await;
        match tokio::time::timeout(grace, self.ended()).await {
            Ok(Some(status)) => Ended::Gracefully(status),
            Ok(None) | Err(_) => {
                self.kill().await;
                Ended::Killed
            }
        }
    }

    /// The last lines of its log.
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        last_lines(&self.log, count).unwrap_or_else(|error| vec![format!("(no log: {error})")])
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }
}

/// Whether an environment variable would override the child's configuration file. The log filter may.
fn is_setting(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("ASSET_L2_") && name != telemetry::logs::FILTER_ENV
}

async fn supervise(mut child: Child, mut requests: mpsc::Receiver<Signal>) -> Option<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status.ok(),
            signal = requests.recv() => {
                // Nobody is left who could end it: dropping it does.
                let signal = signal?;
                if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()) {
                    // It has not been waited for, so the id is still its own; an error means that it is ending.
                    let _ = kill(Pid::from_raw(pid), signal);
                }
            }
        }
    }
}

fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.chars().take(MAX_LINE).collect())
        .collect();
    Ok(lines[lines.len().saturating_sub(count)..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    fn shell(script: &str, dir: &Path) -> Process {
        let spec = Spec {
            exe: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            log: dir.join("log"),
        };
        Process::spawn(&spec).unwrap()
    }

    async fn says(process: &Process, word: &str) {
        let said = async {
            while process.last_lines(1) != [word] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), said).await.unwrap();
    }

    #[tokio::test]
    async fn an_exit_is_seen_with_its_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("echo one; echo two >&2; echo three; exit 7", dir.path());
        assert_eq!(process.ended().await.and_then(|s| s.code()), Some(7));
        assert_eq!(process.last_lines(2), ["two", "three"]);
        assert_eq!(
            process.stop(Duration::ZERO).await,
            Ended::Gracefully(process.status().unwrap())
        );
    }

    #[tokio::test]
    async fn stopped_gracefully_or_killed() {
        let dir = tempfile::tempdir().unwrap();
        // `read` ends when the lifeline closes or a signal comes; the trap turns SIGTERM into an orderly end.
        let graceful = shell("trap 'exit 0' TERM; echo up; read line", dir.path());
        says(&graceful, "up").await;
        let ended = graceful.stop(Duration::from_secs(10)).await;
        assert!(
            matches!(ended, Ended::Gracefully(status) if status.code() == Some(0)),
            "{ended:?}"
        );

        let stubborn = shell("trap '' TERM; echo deaf; while :; do sleep 1; done", dir.path());
        says(&stubborn, "deaf").await;
        assert_eq!(stubborn.stop(Duration::ZERO).await, Ended::Killed);
        assert_eq!(stubborn.status().and_then(|s| s.signal()), Some(9));
    }

    #[tokio::test]
    async fn dropped_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("read line", dir.path());
        let mut status = process.status.clone();
        assert_eq!(process.status(), None);
        drop(process);
        let gone = status.wait_for(Option::is_some);
        let gone = tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
        assert!(gone.is_err() || gone.is_ok_and(|status| status.is_none()));
    }
}
