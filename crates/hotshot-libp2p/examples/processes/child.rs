//! One member's process: says `ready`, hears `begin` and `end`, says what happened in between, and ends with its input.

use std::{
    error::Error,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotshot::Timing;
use hotshot_cluster::measure;

use crate::{
    WARM_UP,
    member::{Member, Setup, input, ledger::Moment},
};

/// As many as a validator has.
const WORKERS: usize = 2;

type Moments = Arc<Mutex<Vec<(Moment, u64, Duration)>>>;

pub fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [index, payload, interval, addresses, directory] = arguments else {
        return Err("member INDEX PAYLOAD INTERVAL ADDRESSES DIRECTORY".into());
    };
    let moments = Moments::default();
    let seen = Arc::clone(&moments);
    let setup = Setup {
        index: index.parse()?,
        addresses: addresses.split(',').map(str::parse).collect::<Result<_, _>>()?,
        directory: directory.into(),
        timing: Timing {
            block_interval: Duration::from_millis(interval.parse()?),
            ..Timing::default()
        },
        upgrade: None,
        payload: payload.parse()?,
        observer: Box::new(move |moment, header| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push((moment, header.view, measure::monotonic()));
        }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    runtime.block_on(serve(setup, moments))
}

fn say(lines: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes())?;
    Ok(out.flush()?)
}

async fn serve(setup: Setup, moments: Moments) -> Result<(), Box<dyn Error>> {
    let member = Member::start(setup).await;
    let mut status = member.engine.status();
    status.wait_for(|status| status.decided.get() >= WARM_UP).await?;
    say("ready\n")?;
    let mut lines = input();
    lines.recv().await.ok_or("told to begin")?;
    let (cpu, sent) = (measure::cpu(), member.network.sent());
    let timeouts = status.borrow().timeouts;
    let counters = member.engine.counters().all();
    lines.recv().await.ok_or("told to end")?;
    let cpu = measure::cpu().saturating_sub(cpu);
    let timeouts = status.borrow().timeouts - timeouts;
    let mut report = format!("cpu {}\ntimeouts {timeouts}\n", cpu.as_nanos());
    for ((name, before), (_, after)) in counters.into_iter().zip(member.engine.counters().all()) {
        report += &format!("count {name} {}\n", after.saturating_sub(before));
    }
    for (node, after) in member.network.sent() {
        let before = sent.get(&node).copied().unwrap_or_default();
        let [vote, proposal, sync]: [u64; 3] = std::array::from_fn(|class| after[class] - before[class]);
        report += &format!("sent {vote} {proposal} {sync}\n");
    }
    for (moment, view, at) in moments.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        report += &format!("{} {view} {}\n", name(*moment), at.as_nanos());
    }
    say(&(report + "done\n"))?;
    while lines.recv().await.is_some() {}
    member.stop().await;
    Ok(())
}

fn name(moment: Moment) -> &'static str {
    match moment {
        Moment::Built => "built",
        Moment::Final => "final",
        Moment::Durable => "durable",
    }
}
