//! The record in sentences, the same in every command.

use std::time::Duration;

use failover_policy::{ClusterId, MaintenanceFinding, OwnershipRecord, Phase, Tick};

use crate::advice::Advice;

/// Who owns the work, or is about to.
pub(crate) fn sentence(record: &OwnershipRecord) -> String {
    let OwnershipRecord { term, owner, since, .. } = record;
    match &record.phase {
        Phase::Active { .. } => format!("cluster {owner} owns the work: term {term} since {since}"),
        Phase::Pending { previous } => {
            format!("cluster {owner} claims the work of cluster {previous}: term {term}, claimed at {since}")
        }
        Phase::Releasing { successor, .. } => {
            format!(
                "cluster {owner} hands the work over to cluster {successor}: term {term}, released at {since}"
            )
        }
    }
}

/// Which change made the record what it is.
pub(crate) fn origin(record: &OwnershipRecord) -> String {
    format!("revision {}, {}, by {}", record.revision, record.reason, record.by)
}

/// What claimants and guards rely on under this record.
pub(crate) fn promises(record: &OwnershipRecord) -> String {
    let drain = match record.phase {
        Phase::Releasing { drain, .. } => format!(", drain {drain}"),
        Phase::Active { .. } | Phase::Pending { .. } => String::new(),
    };
    format!("watch {}, stop {}{drain}", record.timing.watch, record.timing.stop)
}

/// What it may mean that there is no record. Whoever looks once cannot tell which.
pub(crate) fn no_record(primary: Option<&ClusterId>) -> String {
    let owner = match primary {
        Some(primary) => format!("cluster {primary} owns the work as the primary"),
        None => "the primary owns the work (which cluster that is, --primary says)".to_owned(),
    };
    format!("no ownership record: on a new store {owner}; where there ever was one it is lost")
}

/// Whole seconds, rounded up: for people who wait.
pub(crate) fn seconds_left(span: Duration) -> String {
    let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    format!("{whole} s")
}

/// Whether takeovers are automatic, and if not, until when and why not.
pub(crate) fn maintenance(finding: &MaintenanceFinding, now: Tick) -> String {
    match finding {
        MaintenanceFinding::Off => "maintenance is off: takeovers are automatic".to_owned(),
        MaintenanceFinding::On(record) if record.is_over_long(now) => format!(
            "maintenance is on until {}, more than the 30 days that it may last: {} (by {}); no automatic takeover for 30 \
             days from when a gate first read it; {} ends it",
            record.until,
            record.reason,
            record.by,
            Advice::MaintenanceOff,
        ),
        MaintenanceFinding::On(record) => format!(
            "maintenance is on until {}, for {} more: {} (by {}); no automatic takeover",
            record.until,
            minutes(now.age_at(record.until).magnitude()),
            record.reason,
            record.by,
        ),
        MaintenanceFinding::Unusable(why) => format!(
            "maintenance counts as on, since its record cannot be understood ({why}); no automatic takeover; {} replaces it",
            Advice::MaintenanceOff,
        ),
        MaintenanceFinding::Unreadable => {
            "whether maintenance is on cannot be read; no automatic takeover".to_owned()
        }
    }
}

/// A long time for people: hours and minutes to the nearest minute, or seconds below two minutes.
fn minutes(span: Duration) -> String {
    let whole = (span.as_secs() + 30) / 60;
    match (whole / 60, whole % 60) {
        _ if span.as_secs() < 120 => seconds_left(span),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_and_a_long_time_is_told_in_hours() {
        let table = [(0, "0 s"), (1, "1 s"), (1000, "1 s"), (1001, "2 s"), (119_000, "119 s")];
        for (millis, text) in table {
            assert_eq!(seconds_left(Duration::from_millis(millis)), text);
            assert_eq!(minutes(Duration::from_millis(millis)), text);
        }
        assert_eq!(minutes(Duration::from_secs(149)), "2 min");
        assert_eq!(minutes(Duration::from_secs(7199)), "2 h 0 min");
        assert_eq!(minutes(Duration::from_hours(720)), "720 h 0 min");
    }
}
