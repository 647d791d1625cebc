//! When failing reads are worth a line, and when it is worth one that they are over.

use std::time::Duration;

use failover_policy::BootTime;

/// How reading one thing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ReadJournal {
    #[default]
    Fine,
    Failing {
        since: BootTime,
        logged: Option<&'static str>,
    },
}

/// What of a read is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadNews {
    /// Nothing.
    Nothing,
    /// That reads fail, or fail for another reason than before.
    Fails,
    /// That they work again, after they failed for so long.
    Works(Duration),
}

impl ReadJournal {
    /// Takes a read that was issued and came back at these moments and, where it failed, why. Reads that fail for no
    /// longer than `tolerated` are not worth a line.
    pub(crate) fn note(
        &mut self,
        failed: Option<&'static str>,
        issued: BootTime,
        completed: BootTime,
        tolerated: Duration,
    ) -> ReadNews {
        let Some(reason) = failed else {
            return match std::mem::take(self) {
                Self::Failing { since, logged: Some(_) } => ReadNews::Works(completed.since(since)),
                Self::Failing { logged: None, .. } | Self::Fine => ReadNews::Nothing,
            };
        };
        let (since, logged) = match *self {
            Self::Fine => (issued, None),
            Self::Failing { since, logged } => (since, logged),
        };
        let lasts = tolerated.is_zero() || completed.since(since) > tolerated;
        let tell = lasts && logged != Some(reason);
        *self = Self::Failing { since, logged: if tell { Some(reason) } else { logged } };
        if tell { ReadNews::Fails } else { ReadNews::Nothing }
    }

    /// For how long reads have failed without a good one in between; zero where the last one was good.
    pub(crate) fn failing_for(&self, now: BootTime) -> Duration {
        match self {
            Self::Fine => Duration::ZERO,
            Self::Failing { since, .. } => now.since(*since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERATED: Duration = Duration::from_millis(500);

    #[test]
    fn a_failure_now_and_then_is_no_line_and_a_lasting_one_is_a_line_per_reason() {
        let mut reads = ReadJournal::default();
        let table = [
            (0, None, ReadNews::Nothing, "fine"),
            (1, Some("denied"), ReadNews::Nothing, "one failure"),
            (2, None, ReadNews::Nothing, "nobody was told of it"),
            (3, Some("denied"), ReadNews::Nothing, "another one"),
            (4, Some("denied"), ReadNews::Fails, "it lasts"),
            (5, Some("denied"), ReadNews::Nothing, "it was told"),
            (6, Some("unreachable"), ReadNews::Fails, "another reason"),
            (9, None, ReadNews::Works(Duration::from_secs(6)), "since the first failure"),
            (10, None, ReadNews::Nothing, "fine"),
        ];
        for (second, failed, news, why) in table {
            let at = BootTime::from_boot(Duration::from_secs(second));
            assert_eq!(reads.note(failed, at, at, TOLERATED), news, "{why}");
        }
    }
}
