//! How fast a committee of real processes is: one process per member, libp2p on loopback, real signatures, redb with fsync.
//!
//! `cargo run --release -p hotshot-libp2p --example processes`
//!
//! | option | meaning | default |
//! |---|---|---|
//! | `--members N,…` | sizes of the committee | 5 |
//! | `--payload BYTES,…` | sizes of a block | 16,100000 |
//! | `--interval MS` | time between two blocks; 0: as fast as consensus gets | 0 |
//! | `--seconds S` | how long is measured, after everybody has decided some blocks | 10 |
//! | `--data DIR` | where the stores are; on a tmpfs such as `/dev/shm` an fsync costs nothing | the system's temporary directory |
//! | `--detail` | also prints what each class of messages costs on the wire, and what the engines counted | |
//!
//! Times run from the moment in which the leader's application has built the block, before it is signed and written, to
//! the moment in which a member's core hands the block out as final, that is with its Certificate2 verified: at the
//! `leader`, at one of the `others`, at the `last` member. `durable`: until the leader's store has the block, too. All
//! processes read the same monotonic clock.

mod child;
#[path = "../../tests/member/mod.rs"]
mod member;
mod report;

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use hotshot_cluster::measure;
use report::{MemberReport, Run};

/// Blocks that a member has decided before anything is measured.
pub const WARM_UP: u64 = 50;

/// What is to be measured.
struct Options {
    members: Vec<usize>,
    payloads: Vec<usize>,
    interval_ms: u64,
    seconds: u64,
    data: PathBuf,
    detail: bool,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            members: vec![5],
            payloads: vec![16, 100_000],
            interval_ms: 0,
            seconds: 10,
            data: std::env::temp_dir(),
            detail: false,
        };
        while let Some(name) = arguments.next() {
            if name == "--detail" {
                options.detail = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--members" => options.members = numbers(&value)?,
                "--payload" => options.payloads = numbers(&value)?,
                "--interval" => options.interval_ms = value.parse()?,
                "--seconds" => options.seconds = value.parse()?,
                "--data" => options.data = value.into(),
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(options)
    }
}

fn numbers(list: &str) -> Result<Vec<usize>, Box<dyn Error>> {
    Ok(list.split(',').map(str::parse).collect::<Result<_, _>>()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("member").is_some() {
        return child::run(&arguments.collect::<Vec<_>>());
    }
    let options = Options::parse(arguments)?;
    println!("{}", measure::machine());
    println!("{}", report::HEAD);
    for size in &options.members {
        for payload in &options.payloads {
            let run = measure(&options, *size, *payload)?;
            println!("{}", run.row());
            if options.detail {
                println!("{}\n{}", run.traffic(), run.counts());
            }
        }
    }
    Ok(())
}

/// A member's process. It ends with its standard input, so with this process at the latest.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(
        options: &Options,
        index: usize,
        payload: usize,
        addresses: &[SocketAddr],
        directory: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["member", &index.to_string(), &payload.to_string()])
            .args([&options.interval_ms.to_string(), &addresses.join(",")])
            .arg(directory.join(index.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Ok(Self {
            input: input.ok_or("no standard input")?,
            output: BufReader::new(output.ok_or("no standard output")?),
            child,
        })
    }

    fn say(&mut self, word: &str) -> Result<(), Box<dyn Error>> {
        writeln!(self.input, "{word}")?;
        Ok(self.input.flush()?)
    }

    fn hear(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("a member ended by itself".into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn measure(options: &Options, size: usize, payload: usize) -> Result<Run, Box<dyn Error>> {
    let directory = tempfile::tempdir_in(&options.data)?;
    let addresses = member::free_addresses(size);
    let start = |index| Process::start(options, index, payload, &addresses, directory.path());
    let mut processes = (0..size).map(start).collect::<Result<Vec<_>, _>>()?;
    for process in &mut processes {
        while process.hear()? != "ready" {}
    }
    for process in &mut processes {
        process.say("begin")?;
    }
    let (begin, machine) = (measure::monotonic(), measure::machine_cpu());
    std::thread::sleep(Duration::from_secs(options.seconds));
    for process in &mut processes {
        process.say("end")?;
    }
    let (end, machine) = (measure::monotonic(), measure::machine_cpu() - machine);
    let mut members = Vec::new();
    for process in &mut processes {
        let mut report = MemberReport::default();
        loop {
            let line = process.hear()?;
            if line == "done" {
                break;
            }
            report.read(&line).ok_or_else(|| format!("unexpected: {line}"))?;
        }
        members.push(report);
    }
    Ok(Run {
        payload,
        window: (begin, end),
        machine,
        members,
    })
}
