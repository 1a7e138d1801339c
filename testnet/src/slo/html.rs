//! The report as a page that needs nothing else.

use std::fmt::Write as _;

use super::objective::Verdict;
use super::plot::{Chart, Line};
use super::report::{Report, number};
use super::seal::Sealed;
use crate::load::Latency;
use crate::resources::Sample;

const STYLE: &str = include_str!("style.css");

/// The page.
pub fn page(sealed: &Sealed) -> String {
    let report = &sealed.report;
    let (class, verdict) = if report.met {
        ("met", "Every objective met")
    } else {
        ("missed", "Objectives missed")
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Asset L2: {verdict}</title>\n<style>{STYLE}</style>\n<main>\n\
         <header class=\"{class}\"><p>Asset L2 service levels</p><h1>{verdict}</h1><p>{}</p></header>\n",
        scenario(report)
    );
    objectives(report, &mut page);
    latencies(report, &mut page);
    page.push_str("<section class=\"charts\">\n");
    for chart in charts(report) {
        page.push_str(&chart.figure());
    }
    page.push_str("</section>\n");
    let _ = write!(
        page,
        "<footer><p>Signed with the run's key <code>{}</code>; <code>testnet slo verify</code> checks the JSON beside \
         this page.</p></footer>\n</main>\n</html>\n",
        sealed.key
    );
    page
}

fn scenario(report: &Report) -> String {
    let (scenario, load) = (&report.scenario, &report.load);
    format!(
        "{} validators on {} processors, a block every {} ms, {} transactions a second offered for {:.0} s; \
         {} build of version {}",
        scenario.validators,
        scenario.processors,
        scenario.block_interval_ms,
        load.tps,
        load.seconds,
        if scenario.release {
            "release"
        } else {
            "development"
        },
        scenario.software
    )
}

fn objectives(report: &Report, page: &mut String) {
    page.push_str("<section><table>\n<tr><th></th><th>Objective</th><th>Target</th><th>Measured</th></tr>\n");
    for objective in &report.objectives {
        let (class, mark) = match objective.verdict {
            Verdict::Met => ("met", "met"),
            Verdict::Missed => ("missed", "missed"),
        };
        let _ = writeln!(
            page,
            "<tr class=\"{class}\"><td><b>{mark}</b></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            objective.title,
            objective.target_text(),
            number(objective.measured, &objective.unit)
        );
    }
    for trouble in &report.troubles {
        let trouble = trouble.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            page,
            "<tr class=\"missed\"><td><b>missed</b></td><td colspan=\"3\">{trouble}</td></tr>"
        );
    }
    page.push_str("</table></section>\n");
}

fn latencies(report: &Report, page: &mut String) {
    let load = &report.load;
    page.push_str(
        "<section><table>\n<tr><th>From when a transaction was due, ms</th><th>p50</th><th>p95</th><th>p99</th><th>max</th></tr>\n",
    );
    let rows: [(&str, Latency); 3] = [
        ("until it was in a block", load.included),
        ("until it was final", load.decision),
        ("until its root was on Solana", load.settlement),
    ];
    for (name, l) in rows {
        let _ = writeln!(
            page,
            "<tr><td>{name}</td><td>{:.0}</td><td>{:.0}</td><td>{:.0}</td><td>{:.0}</td></tr>",
            l.p50_ms, l.p95_ms, l.p99_ms, l.max_ms
        );
    }
    page.push_str("</table></section>\n");
}

fn charts(report: &Report) -> Vec<Chart> {
    let by_second = |name: &str, value: fn(&super::report::Second) -> u64| {
        // Counts of one second, exact as floats.
        let points = report
            .seconds
            .iter()
            .map(|second| (second.at as f64, value(second) as f64));
        vec![Line {
            name: name.to_owned(),
            points: points.collect(),
        }]
    };
    let by_validator = |value: fn(&[Sample]) -> Vec<(f64, f64)>| {
        let lines = report.resources.iter().enumerate();
        let line = |(index, samples): (usize, &Vec<Sample>)| Line {
            name: format!("validator {index}"),
            points: value(samples),
        };
        lines.map(line).collect()
    };
    vec![
        Chart {
            title: "Longest block interval of each second, ms",
            lines: by_second("interval", |second| second.longest_interval_ms),
            target: Some((500.0, "95th percentile: 500 ms")),
        },
        Chart {
            title: "Transactions in blocks, a second",
            lines: by_second("transactions", |second| second.transactions),
            target: Some((f64::from(report.load.tps), "offered")),
        },
        Chart {
            title: "Decided blocks whose root is not on Solana yet",
            lines: by_second("blocks", |second| second.unsettled_blocks),
            target: None,
        },
        Chart {
            title: "Processor time of each validator, % of one processor",
            lines: by_validator(|samples| {
                let rate = |pair: &[Sample]| (pair[1].at, crate::resources::cpu_percent(pair));
                samples.windows(2).map(rate).collect()
            }),
            target: None,
        },
        Chart {
            title: "Memory of each validator, MiB",
            lines: by_validator(|samples| samples.iter().map(|s| (s.at, s.resident_mib)).collect()),
            target: None,
        },
        Chart {
            title: "Data of each validator on disk, MiB",
            lines: by_validator(|samples| samples.iter().map(|s| (s.at, s.disk_mib)).collect()),
            target: None,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_missed_and_needs_nothing_else() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let mut report = super::super::report::tests::report();
        report.troubles.push("validator 3 <ended>".into());
        let page = page(&Sealed::new(report, &key));
        assert!(page.contains("<h1>Objectives missed</h1>") && page.contains("not measured"));
        assert!(page.contains("validator 3 &lt;ended>"));
        assert_eq!(page.matches("<svg").count(), 6);
        for outside in ["http://", "https://", "src=", "<script", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
