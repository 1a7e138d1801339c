//! Order statistics.

/// The `percent`-th percentile by the nearest-rank method; `None` of nothing.
pub fn percentile(sorted: &[u64], percent: u8) -> Option<u64> {
    let percent = usize::from(percent.min(100));
    let rank = sorted.len().checked_mul(percent)?.div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Median and 95th percentile of a set of measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
}

impl Spread {
    /// Of values in any order; zeros of none.
    pub fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Self {
            p50: percentile(&values, 50).unwrap_or(0),
            p95: percentile(&values, 95).unwrap_or(0),
        }
    }

    /// Of the distances between neighbours of a rising series.
    pub fn of_intervals(times: &[u64]) -> Self {
        Self::of(
            times
                .windows(2)
                .map(|pair| pair[1].saturating_sub(pair[0]))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let hundred: Vec<u64> = (1..=100).collect();
        let cases: [(&[u64], u8, Option<u64>); 8] = [
            (&[], 50, None),
            (&[7], 0, Some(7)),
            (&[7], 50, Some(7)),
            (&[1, 2], 50, Some(1)),
            (&[1, 2, 3], 50, Some(2)),
            (&hundred, 50, Some(50)),
            (&hundred, 95, Some(95)),
            (&hundred, 100, Some(100)),
        ];
        for (values, percent, expected) in cases {
            assert_eq!(percentile(values, percent), expected, "{percent} of {values:?}");
        }
    }

    #[test]
    fn intervals() {
        assert_eq!(Spread::of_intervals(&[]), Spread::default());
        assert_eq!(Spread::of_intervals(&[5]), Spread::default());
        assert_eq!(
            Spread::of_intervals(&[0, 250, 500, 760]),
            Spread { p50: 250, p95: 260 }
        );
        assert_eq!(Spread::of(vec![9, 1, 5]), Spread { p50: 5, p95: 9 });
    }
}
