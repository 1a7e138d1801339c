//! The scenarios of every network, with engines in one process, libp2p on loopback, and redb.

mod member;

use std::net::SocketAddr;

use hotshot_cluster::{Testbed, Upgrades, cross_tests, fixtures};
use hotshot_engine::Status;
use hotshot_types::Upgrade;
use member::{Member, Setup, chain, free_addresses};
use rollup_abi::Header;
use tempfile::TempDir;
use tokio::sync::watch;

struct Loopback {
    directory: TempDir,
    addresses: Vec<SocketAddr>,
    members: Vec<Option<Member>>,
    upgrades: Vec<Option<Upgrade>>,
}

impl Loopback {
    fn new(size: usize) -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            addresses: free_addresses(size),
            members: (0..size).map(|_| None).collect(),
            upgrades: vec![None; size],
        }
    }
}

impl Testbed for Loopback {
    fn size(&self) -> usize {
        self.members.len()
    }

    async fn start(&mut self, member: usize) {
        let setup = Setup {
            index: member,
            addresses: self.addresses.clone(),
            directory: self.directory.path().join(member.to_string()),
            timing: fixtures::impatient(),
            upgrade: self.upgrades[member],
            payload: 100,
            observer: Box::new(|_, _| {}),
        };
        self.members[member] = Some(Member::start(setup).await);
    }

    async fn stop(&mut self, member: usize) {
        if let Some(running) = self.members[member].take() {
            running.stop().await;
        }
    }

    fn status(&self, member: usize) -> watch::Receiver<Status> {
        self.members[member].as_ref().expect("it runs").engine.status()
    }

    fn chain(&self, member: usize) -> Vec<Header> {
        chain(&self.directory.path().join(member.to_string()))
    }
}

impl Upgrades for Loopback {
    fn install(&mut self, member: usize, upgrade: Upgrade) {
        self.upgrades[member] = Some(upgrade);
    }
}

cross_tests!(Loopback::new);
