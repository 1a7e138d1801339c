//! The one table of metrics and its typed handles.

mod docs;
mod handles;
mod table;

pub use docs::markdown;
pub use handles::{Counter, CounterBy, Gauge, Histogram, HistogramBy, Label, Seconds, SecondsTotal};
pub use table::{Admission, Dropped, Hop, Metrics, PostOutcome, TABLE};

/// What every name starts with.
pub const PREFIX: &str = "asset_l2_";

/// What is counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; the name ends with `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, in seconds.
    Histogram,
}

/// The base unit, which ends the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number: a count, a height, a yes or no.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The full name.
    pub name: &'static str,
    /// What it says, one sentence.
    pub help: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// Its unit.
    pub unit: Unit,
    /// Its label, if it has one: name and all values.
    pub label: Option<(&'static str, &'static [&'static str])>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_convention() {
        for spec in TABLE {
            let bare = spec.name.strip_prefix(PREFIX).expect(spec.name);
            assert!(
                bare.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{}",
                spec.name
            );
            assert_eq!(
                bare.ends_with("_total"),
                spec.kind == Kind::Counter,
                "{}",
                spec.name
            );
            let base = bare.strip_suffix("_total").unwrap_or(bare);
            assert_eq!(
                base.ends_with("_seconds"),
                spec.unit == Unit::Seconds,
                "{}",
                spec.name
            );
            assert_eq!(
                base.ends_with("_bytes"),
                spec.unit == Unit::Bytes,
                "{}",
                spec.name
            );
            assert!(
                spec.help.ends_with('.') && spec.help.len() > 10,
                "{} has no help",
                spec.name
            );
            if let Some((label, values)) = spec.label {
                assert!(
                    !label.is_empty() && !values.is_empty() && values.len() <= 16,
                    "{}",
                    spec.name
                );
            }
        }
    }

    #[test]
    fn every_row_is_rendered_from_the_start() {
        let text = Metrics::new().render();
        for spec in TABLE {
            assert!(
                text.contains(&format!("# HELP {} {}", spec.name, spec.help)),
                "{} is missing",
                spec.name
            );
            for value in spec.label.map(|(_, values)| values).unwrap_or_default() {
                let (label, _) = spec.label.expect("it has values");
                let series = match spec.kind {
                    Kind::Histogram => format!("{}_count", spec.name),
                    Kind::Counter | Kind::Gauge => spec.name.to_owned(),
                };
                assert!(
                    text.contains(&format!("{series}{{{label}=\"{value}\"}} 0")),
                    "{} {value}",
                    spec.name
                );
            }
        }
    }

    #[test]
    fn a_counter_copied_from_a_total_never_falls() {
        let metrics = Metrics::new();
        metrics.view_timeouts.raise_to(5);
        metrics.view_timeouts.raise_to(3);
        metrics.view_timeouts.add(1);
        assert!(metrics.render().contains("asset_l2_view_timeouts_total 6"));
    }
}
