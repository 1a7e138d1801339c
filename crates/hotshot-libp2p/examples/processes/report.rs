//! What the members' reports come to.

use std::{collections::BTreeMap, time::Duration};

use hotshot_cluster::measure::Sample;

/// Column names of [`Run::row`].
pub const HEAD: &str = "members   payload | blocks/s | interval p50   p95 | leader p50   p95 | others p50   p95 |   last p50   p95 | durable p50 | CPU/block | cores | others' cores | given up";

/// What one member said.
#[derive(Default)]
pub struct MemberReport {
    cpu: Duration,
    timeouts: u64,
    /// What the engine counted.
    counts: BTreeMap<String, u64>,
    /// Bytes to each other member by class: vote, proposal, sync.
    sent: Vec<[u64; 3]>,
    built: BTreeMap<u64, Duration>,
    finals: BTreeMap<u64, Duration>,
    durable: BTreeMap<u64, Duration>,
}

impl MemberReport {
    /// Takes one line.
    pub fn read(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let what = words.next()?;
        if what == "count" {
            let name = words.next()?.to_owned();
            self.counts.insert(name, words.next()?.parse().ok()?);
            return Some(());
        }
        let numbers: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        match (what, numbers[..].as_ref()) {
            ("cpu", [nanos]) => self.cpu = Duration::from_nanos(*nanos),
            ("timeouts", [count]) => self.timeouts = *count,
            ("sent", [vote, proposal, sync]) => self.sent.push([*vote, *proposal, *sync]),
            ("built", [view, at]) => drop(self.built.insert(*view, Duration::from_nanos(*at))),
            ("final", [view, at]) => drop(self.finals.insert(*view, Duration::from_nanos(*at))),
            ("durable", [view, at]) => drop(self.durable.insert(*view, Duration::from_nanos(*at))),
            _ => return None,
        }
        Some(())
    }
}

/// One measurement.
pub struct Run {
    pub payload: usize,
    /// From when to when.
    pub window: (Duration, Duration),
    /// CPU time of all that the machine did in it.
    pub machine: Duration,
    pub members: Vec<MemberReport>,
}

impl Run {
    /// Views and times of the blocks built in the window and final everywhere, with the leader's index.
    fn blocks(&self) -> BTreeMap<u64, (Duration, usize)> {
        let (from, to) = self.window;
        let built = self.members.iter().enumerate().flat_map(|(leader, member)| {
            let blocks = member.built.range(..);
            blocks.map(move |(view, at)| (*view, (*at, leader)))
        });
        built
            .filter(|(view, (at, _))| {
                let is_final = self.members.iter().all(|member| member.finals.contains_key(view));
                (from..to).contains(at) && is_final
            })
            .collect()
    }

    fn seconds(&self) -> f64 {
        (self.window.1 - self.window.0).as_secs_f64()
    }

    /// One row under [`HEAD`]; times in milliseconds.
    pub fn row(&self) -> String {
        let blocks = self.blocks();
        let starts: Vec<Duration> = blocks.values().map(|(at, _)| *at).collect();
        let interval: Sample = starts
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .collect();
        let after = |member: &MemberReport, view: u64, at: Duration| member.finals[&view].saturating_sub(at);
        let (mut leader, mut others, mut last, mut durable) = (vec![], vec![], vec![], vec![]);
        for (view, (at, led)) in &blocks {
            let times: Vec<Duration> = self
                .members
                .iter()
                .map(|member| after(member, *view, *at))
                .collect();
            leader.push(times[*led]);
            last.extend(times.iter().max());
            others.extend(
                times
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| i != led)
                    .map(|(_, time)| *time),
            );
            durable.extend(
                self.members[*led]
                    .durable
                    .get(view)
                    .map(|end| end.saturating_sub(*at)),
            );
        }
        let [leader, others, last, durable] = [leader, others, last, durable].map(Sample::from_iter);
        let cpu: Duration = self.members.iter().map(|member| member.cpu).sum();
        let count = blocks.len() as f64;
        let given_up: u64 = self.members.iter().map(|member| member.timeouts).sum();
        format!(
            "{:>7} {:>9} | {:>8.1} | {:>12.1} {:>5.1} | {:>10.1} {:>5.1} | {:>10.1} {:>5.1} | {:>10.1} {:>5.1} | {:>11.1} | {:>6.1} ms | {:>5.2} | {:>13.2} | {:>8}",
            self.members.len(),
            self.payload,
            count / self.seconds(),
            interval.ms(50),
            interval.ms(95),
            leader.ms(50),
            leader.ms(95),
            others.ms(50),
            others.ms(95),
            last.ms(50),
            last.ms(95),
            durable.ms(50),
            cpu.as_secs_f64() * 1e3 / count,
            cpu.as_secs_f64() / self.seconds(),
            self.machine.saturating_sub(cpu).as_secs_f64() / self.seconds(),
            given_up,
        )
    }

    /// What the engines counted in the window, per block and member.
    pub fn counts(&self) -> String {
        let blocks = self.blocks().len() as f64;
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, count) in self.members.iter().flat_map(|member| &member.counts) {
            *sums.entry(name).or_default() += count;
        }
        let each = blocks * self.members.len() as f64;
        let counted = sums.into_iter().filter(|(_, sum)| *sum > 0);
        let rows = counted.map(|(name, sum)| format!("{name} {:.2}", sum as f64 / each));
        format!(
            "        per block and member: {}",
            rows.collect::<Vec<_>>().join(", ")
        )
    }

    /// What was sent in the window, from the networks' own counters.
    pub fn traffic(&self) -> String {
        let blocks = self.blocks().len() as f64;
        let classes = ["vote", "proposal", "sync"].into_iter().enumerate();
        let rows = classes.map(|(class, name)| {
            let links = || self.members.iter().flat_map(|member| &member.sent).map(move |sent| sent[class]);
            let per_block = links().sum::<u64>() as f64 / blocks;
            format!(
                "        {name:>8}: {per_block:>10.0} B per block, {:>6.2} payloads; over a link {:>9} to {:>9} B/s",
                per_block / self.payload.max(1) as f64,
                (links().min().unwrap_or(0) as f64 / self.seconds()) as u64,
                (links().max().unwrap_or(0) as f64 / self.seconds()) as u64,
            )
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}
