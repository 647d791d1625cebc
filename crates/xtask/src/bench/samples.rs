//! Durations that were measured, and what is said of them.

use std::time::Duration;

/// Measured durations, sorted.
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    pub(super) fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    pub(super) fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// Median, 99th percentile and maximum in milliseconds.
    pub(super) fn millis(&self) -> String {
        let millis = [50, 99, 100].map(|percent| self.percentile(percent).as_secs_f64() * 1000.0);
        let decimals = usize::from(millis[2] < 100.0);
        format!("{:.decimals$} / {:.decimals$} / {:.decimals$} ms", millis[0], millis[1], millis[2])
    }

    /// The smallest sample that this share of all samples does not exceed; `percent` from 1 to 100.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let samples = Samples::new((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(samples.millis(), "100 / 198 / 200 ms");
        assert_eq!(Samples::new(vec![Duration::from_micros(4321)]).millis(), "4.3 / 4.3 / 4.3 ms");
        assert_eq!(Samples::new(Vec::new()).p99(), Duration::ZERO);
    }
}
