//! The table as a page of documentation.

use std::fmt::Write as _;

use super::{Kind, TABLE, Unit};

/// What the page says before the table.
const HEAD: &str = "\
# Metrics

What a validator serves at `/metrics` of `listen_metrics`, in Prometheus' text format. This page is made from
[`telemetry/src/metrics/table.rs`](../crates/telemetry/src/metrics/table.rs); a test compares it, and
`METRICS_DOC=write cargo nextest run -p telemetry` makes it anew. Rules and dashboards that use these names are in
[`deploy/monitoring`](../deploy/monitoring).

| name | type | unit | label | what it says |
|---|---|---|---|---|
";

/// The page.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for spec in TABLE {
        let kind = match spec.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let unit = match spec.unit {
            Unit::None => "",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
        };
        let label = spec.label.map_or(String::new(), |(name, values)| {
            format!("`{name}`: {}", values.join(", "))
        });
        writeln!(
            page,
            "| `{}` | {kind} | {unit} | {label} | {} |",
            spec.name, spec.help
        )
        .expect("writing to memory does not fail");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        if std::env::var("METRICS_DOC").is_ok_and(|value| value == "write") {
            std::fs::write(path, markdown()).expect("docs can be written");
        }
        let page = std::fs::read_to_string(path).expect("docs/metrics.md");
        assert!(
            page == markdown(),
            "docs/metrics.md is not what the table says: make it anew with METRICS_DOC=write"
        );
    }
}
