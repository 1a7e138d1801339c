//! A member's process: says `here`, waits for its link, then says where it stands until its standard input ends.

use std::{
    io::{Write, stdout},
    process::ExitCode,
};

use hotshot_cluster::fixtures::impatient;
use tokio::process::Command;

use crate::member::{Member, Setup, input};

pub fn run(arguments: &[String]) -> ExitCode {
    let [index, addresses, directory] = arguments else {
        eprintln!("member INDEX ADDRESSES DIRECTORY");
        return ExitCode::FAILURE;
    };
    let addresses = addresses
        .split(',')
        .map(|address| address.parse().expect("an address"));
    let setup = Setup {
        index: index.parse().expect("a number"),
        addresses: addresses.collect(),
        directory: directory.into(),
        timing: impatient(),
        upgrade: None,
        payload: 100,
        observer: Box::new(|_, _| {}),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(serve(setup));
    ExitCode::SUCCESS
}

fn say(line: &str) {
    let mut out = stdout().lock();
    let said = writeln!(out, "{line}").and_then(|()| out.flush());
    said.expect("the test reads");
}

async fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status().await;
    assert!(status.is_ok_and(|status| status.success()), "ip {words}");
}

async fn serve(setup: Setup) {
    say("here");
    let mut lines = input();
    if lines.recv().await.is_none() {
        return;
    }
    let own = setup.addresses[setup.index].ip();
    ip(&format!("address add {own}/24 dev eth0")).await;
    ip("link set lo up").await;
    ip("link set eth0 up").await;
    let member = Member::start(setup).await;
    let mut status = member.engine.status();
    loop {
        let now = *status.borrow_and_update();
        say(&format!(
            "{} {} {}",
            now.view.get(),
            now.decided.get(),
            now.timeouts
        ));
        tokio::select! {
            changed = status.changed() => changed.expect("the engine runs"),
            _ = lines.recv() => break,
        }
    }
    member.stop().await;
}
