//! Whether a thing that is tried again and again works, and the moments when that changes.

use std::collections::BTreeSet;
use std::time::Duration;

use failover_policy::BootTime;

/// Follows one repeated attempt. A log that speaks only of its changes says everything in a few lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streak(State);

#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Untried,
    Working,
    Failing(Outage),
}

/// A row of failures without a success between them.
#[derive(Debug, Clone)]
pub(crate) struct Outage {
    /// When the first of them was noticed.
    pub(crate) since: BootTime,
    /// How many there were, at least one.
    pub(crate) lost: u64,
    /// The kinds of failure that were seen; each is news once.
    reasons: BTreeSet<&'static str>,
}

/// What is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The first attempt of all succeeded.
    Works,
    /// It failed, after a success or at the first attempt.
    Fails,
    /// It still fails, for a reason not seen in this outage before.
    FailsOtherwise,
    /// It works again.
    Recovered {
        /// Time since the first failure was noticed, in whole milliseconds.
        after: Duration,
        /// Attempts that failed.
        lost: u64,
    },
}

impl Streak {
    /// Takes an attempt that succeeded at `now`.
    pub(crate) fn succeeded(&mut self, now: BootTime) -> Option<Change> {
        match std::mem::replace(&mut self.0, State::Working) {
            State::Untried => Some(Change::Works),
            State::Working => None,
            State::Failing(outage) => {
                let after = whole_millis(now.since(outage.since));
                Some(Change::Recovered { after, lost: outage.lost })
            }
        }
    }

    /// Takes an attempt that failed at `now` for a reason of this kind.
    pub(crate) fn failed(&mut self, reason: &'static str, now: BootTime) -> Option<Change> {
        match &mut self.0 {
            State::Failing(outage) => {
                outage.lost = outage.lost.saturating_add(1);
                outage.reasons.insert(reason).then_some(Change::FailsOtherwise)
            }
            State::Untried | State::Working => {
                self.0 = State::Failing(Outage { since: now, lost: 1, reasons: BTreeSet::from([reason]) });
                Some(Change::Fails)
            }
        }
    }

    /// The failures that have not ended, if it fails now.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        match &self.0 {
            State::Failing(outage) => Some(outage),
            State::Untried | State::Working => None,
        }
    }
}

/// What people want to read of a length of time.
pub(crate) fn whole_millis(span: Duration) -> Duration {
    Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_told_and_each_kind_of_failure_once() {
        let recovered = |seconds, lost| Change::Recovered { after: Duration::from_secs(seconds), lost };
        let table = [
            (Ok(()), Some(Change::Works), "the first success"),
            (Ok(()), None, "more of the same"),
            (Err("unreachable"), Some(Change::Fails), "the store goes away"),
            (Err("unreachable"), None, "and stays away"),
            (Err("denied"), Some(Change::FailsOtherwise), "another reason"),
            (Err("unreachable"), None, "back to a reason that was told"),
            (Ok(()), Some(recovered(4, 4)), "it is back"),
            (Err("denied"), Some(Change::Fails), "a new outage tells its reasons anew"),
            (Ok(()), Some(recovered(1, 1)), "a short one"),
        ];
        let mut streak = Streak::default();
        for (second, (outcome, expected, why)) in (0..).zip(table) {
            let now = BootTime::from_boot(Duration::from_secs(second));
            let change = match outcome {
                Ok(()) => streak.succeeded(now),
                Err(reason) => streak.failed(reason, now),
            };
            assert_eq!(change, expected, "{why}");
            assert_eq!(streak.outage().is_some(), outcome.is_err(), "{why}");
        }
    }

    #[test]
    fn a_failure_at_the_very_first_attempt_is_told() {
        assert_eq!(
            Streak::default().failed("no_store", BootTime::from_boot(Duration::ZERO)),
            Some(Change::Fails)
        );
    }
}
