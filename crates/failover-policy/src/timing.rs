//! Every duration of the protocol, and what follows from them.

use std::time::Duration;

use crate::{LeaseTiming, SignedSpan, Span};

/// The configured durations. The defaults are the contract's; see `docs/timing.md` for the reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// `T`: a stamp older than this, or silence as long, makes a heart flat. Default 10 s, as the classic pair.
    pub flatline_after: Span,
    /// `p`: time from one look of a monitor to the next. Default 1 s.
    pub poll: Span,
    /// `r`: a read that takes longer has failed. Default 1 s.
    pub read_deadline: Span,
    /// `i`: time from one beat of a beacon to the next, 10 ms to 1 h. Default 2 s.
    pub interval: Span,
    /// `w`: a write that takes longer has failed. Default min(1.5 s, `i`).
    pub write_deadline: Span,
    /// How long a guarded workload has between SIGTERM and SIGKILL. Default 1.5 s.
    pub stop_grace: Span,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            flatline_after: Span::from_secs(10),
            poll: Span::from_secs(1),
            read_deadline: Span::from_secs(1),
            interval: Self::DEFAULT_INTERVAL,
            write_deadline: Self::default_write_deadline(Self::DEFAULT_INTERVAL),
            stop_grace: Span::from_millis(1500),
        }
    }
}

impl Timing {
    /// `i` unless configured.
    pub const DEFAULT_INTERVAL: Span = Span::from_secs(2);
    /// What `K` allows on top of the stop grace: noticing, signalling and reaping.
    const STOP_MARGIN: Duration = Duration::from_millis(500);
    /// `w` unless configured: min(1.5 s, `interval`), so that two writes are never in flight.
    pub fn default_write_deadline(interval: Span) -> Span {
        interval.min(Span::from_millis(1500))
    }

    /// The same durations with a beacon that beats at this interval and writes with its default deadline.
    #[must_use]
    pub fn with_interval(self, interval: Span) -> Self {
        Self { interval, write_deadline: Self::default_write_deadline(interval), ..self }
    }

    /// `T − p`: the silence that a standby must have watched before the wall clock may have a say.
    pub fn watch(&self) -> Span {
        let watch = self.flatline_after.get().saturating_sub(self.poll.get());
        Span::try_from(watch).unwrap_or(Span::MAX)
    }

    /// `g = 2.5·p`: good looks further apart were no watch.
    pub fn gap(&self) -> Duration {
        self.poll.get() * 5 / 2
    }

    /// `K`: the time in which a guard has stopped its workload, counted from noticing: stop grace plus 0.5 s.
    pub fn stop(&self) -> Duration {
        self.stop_grace.get() + Self::STOP_MARGIN
    }

    /// `L = (T − p)·(1 − 2ρ) − K`: how long one beat extends a guard's right to run; negative where nothing is
    /// left.
    pub fn hold(&self) -> SignedSpan {
        LeaseTiming::of(self).hold()
    }
}

/// Whole ticks of 100 ns. A [`Span`] has at most thirty days, so nothing is cut off.
pub(crate) fn ticks(span: Duration) -> i64 {
    i64::try_from(span.as_nanos() / 100).unwrap_or(i64::MAX / 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_contracts() {
        let timing = Timing::default();
        let derived =
            [timing.watch().to_string(), format!("{:?}", timing.gap()), format!("{:?}", timing.stop())];
        assert_eq!(derived, ["9s", "2.5s", "2s"]);
        assert_eq!(timing.hold().to_string(), "6.982s", "(10 − 1)·0.998 − 2");
        assert_eq!(Timing::default_write_deadline(Span::from_millis(200)), Span::from_millis(200));
    }
}
