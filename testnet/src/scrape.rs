//! A validator's metrics as it serves them, read back.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use crate::http;

/// One reading of a page of metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape(BTreeMap<String, f64>);

/// The prefix that the names here are given without.
const PREFIX: &str = telemetry::PREFIX;

impl Scrape {
    /// Asks a validator.
    ///
    /// # Errors
    /// It does not answer, or not with metrics.
    pub async fn of(health: SocketAddr) -> io::Result<Self> {
        let (status, page) = http::get(health, "/metrics").await?;
        if status == 200 {
            Ok(Self::parse(&page))
        } else {
            Err(io::Error::other(format!("HTTP {status}")))
        }
    }

    /// Reads Prometheus' text format: a series and its value on each line. What is neither is passed over.
    pub fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let series = lines.filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        });
        Self(series.collect())
    }

    /// The value of a series, named without the prefix but with its labels.
    pub fn get(&self, series: &str) -> Option<f64> {
        self.0.get(&format!("{PREFIX}{series}")).copied()
    }

    /// The same, of a count or a gauge that holds a whole number; 0 if it is not there.
    pub fn count(&self, series: &str) -> u64 {
        // Prometheus' numbers are floats; ours are whole and far below 2⁵³. The cast saturates.
        self.get(series).unwrap_or(0.0) as u64
    }

    /// All series with their values.
    pub fn series(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(series, value)| (series.as_str(), *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_back() {
        let metrics = telemetry::Metrics::new();
        metrics.decided_height.set(7);
        metrics.posts.add(telemetry::metrics::PostOutcome::Noop, 3);
        let scrape = Scrape::parse(&metrics.render());
        assert_eq!(scrape.count("decided_height"), 7);
        assert_eq!(scrape.get("posts_total{outcome=\"noop\"}"), Some(3.0));
        assert_eq!(scrape.get("nothing"), None);
        assert_eq!(Scrape::parse("# HELP a b\nnonsense\nx y\n"), Scrape::default());
    }
}
