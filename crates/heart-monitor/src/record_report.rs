//! What people and programs are told about the ownership record and maintenance.

use anstyle::Style;
use failover_policy::{
    ClusterId, LeaseTiming, Letter, MaintenanceFinding, Now, OwnershipRecord, Phase, Verdict,
};
use heartbeat_store::{Store, StoreError};
use serde_json::{Value, json};

use crate::advice::Advice;
use crate::carrier::maintenance_of;
use crate::operator::found::{self, FoundRecord};
use crate::operator::words;
use crate::{paint, record_advice};

/// One read of each record.
#[derive(Debug)]
pub(crate) struct RecordReport {
    pub(crate) found: Result<FoundRecord, StoreError>,
    pub(crate) maintenance: MaintenanceFinding,
    /// Why maintenance could not be read.
    pub(crate) maintenance_error: Option<StoreError>,
}

impl RecordReport {
    /// Reads both. `now` is when, by the wall clock, maintenance is asked about.
    pub(crate) async fn read(store: &Store, now: Now) -> Self {
        let (found, maintenance) = futures::future::join(found::read(store), store.read_maintenance()).await;
        let (maintenance, maintenance_error) = maintenance_of(maintenance, now.wall);
        Self { found, maintenance, maintenance_error }
    }

    /// The record, where it can be used.
    pub(crate) fn record(&self) -> Option<&OwnershipRecord> {
        match &self.found {
            Ok(FoundRecord::Usable(record, _)) => Some(record),
            Ok(FoundRecord::Absent | FoundRecord::Unusable(..) | FoundRecord::Untouchable(_)) | Err(_) => {
                None
            }
        }
    }

    /// The clusters that the record names.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &ClusterId> {
        let other = self.record().and_then(|record| match &record.phase {
            Phase::Active { previous } => previous.as_ref(),
            Phase::Pending { previous } => Some(previous),
            Phase::Releasing { successor, .. } => Some(successor),
        });
        self.record().map(|record| &record.owner).into_iter().chain(other)
    }

    /// The record for JSON: its state, and the stored form, so that there is one spelling of each field.
    pub(crate) fn record_value(&self) -> Value {
        match &self.found {
            Ok(FoundRecord::Usable(record, _)) => stored_value(record),
            Ok(FoundRecord::Absent) => json!({"state": "absent"}),
            Ok(FoundRecord::Unusable(why, salvage, _)) => json!({
                "state": "unusable", "error": why.to_string(), "revision": salvage.revision, "term": salvage.term,
            }),
            Ok(FoundRecord::Untouchable(detail)) => json!({"state": "unusable", "error": detail}),
            Err(error) => json!({"state": "unreadable", "error": error.to_string()}),
        }
    }

    /// The lines for a person, each with how it is painted. `own` is what a monitor with the flags of this command
    /// promises.
    pub(crate) fn lines(
        &self,
        primary: Option<&ClusterId>,
        own: LeaseTiming,
        now: Now,
    ) -> Vec<(Style, String)> {
        let mut lines = self.record_lines(primary);
        lines.extend(self.record().and_then(|record| long_watch(record, own)));
        let style = match self.maintenance {
            MaintenanceFinding::Off => return lines,
            MaintenanceFinding::On(_) => paint::DOUBTFUL,
            MaintenanceFinding::Unusable(_) | MaintenanceFinding::Unreadable => paint::BAD,
        };
        lines.push((style, words::maintenance(&self.maintenance, now.wall)));
        lines
    }

    fn record_lines(&self, primary: Option<&ClusterId>) -> Vec<(Style, String)> {
        let nobody = "nobody takes over or is started under it";
        match (&self.found, primary) {
            (Ok(FoundRecord::Usable(record, _)), _) => {
                let exhausted = record.exhausted().map(|why| {
                    let mend = record_advice::exhausted();
                    (paint::BAD, format!("{why}, and nobody can take over; {mend}"))
                });
                let lines = [
                    (style_of(record), words::sentence(record)),
                    (Style::new(), format!("{}; {}", words::origin(record), words::promises(record))),
                ];
                lines.into_iter().chain(exhausted).collect()
            }
            (Ok(FoundRecord::Absent), _) => {
                let text = words::no_record(primary);
                vec![(Style::new(), format!("{text}: {}", record_advice::may_be_lost()))]
            }
            (Ok(FoundRecord::Unusable(why, ..)), _) => {
                vec![(paint::BAD, format!("{why}; {nobody}; {}", record_advice::unusable(why)))]
            }
            (Ok(FoundRecord::Untouchable(detail)), _) => {
                let mend = record_advice::untouchable();
                vec![(paint::BAD, format!("the ownership record is malformed: {detail}; {nobody}; {mend}"))]
            }
            (Err(error), _) => vec![(paint::BAD, format!("who owns the work is not known: {error}"))],
        }
    }
}

/// That takeovers wait far longer than they are configured to, where they do.
fn long_watch(record: &OwnershipRecord, own: LeaseTiming) -> Option<(Style, String)> {
    let watch = record.timing.watch;
    record.timing.asks_for_far_more_than(own).then(|| {
        let text = format!(
            "the record makes takeovers wait for {watch} of silence, and this command is set to {}: the next handover or \
             activation writes its own, see {}",
            own.watch,
            Advice::Doctor,
        );
        (paint::DOUBTFUL, text)
    })
}

/// A cluster's letter: by the record; by who is the primary where there is none; and without a guess where nobody
/// can tell who owns the work.
pub(crate) fn letter(
    found: &Result<FoundRecord, StoreError>,
    cluster: &ClusterId,
    verdict: Verdict,
    primary: Option<&ClusterId>,
) -> Option<Letter> {
    match (found, primary) {
        (Ok(FoundRecord::Usable(record, _)), _) => Letter::under(record, cluster, verdict),
        (Ok(FoundRecord::Absent), Some(primary)) => Letter::without_record(verdict, primary == cluster),
        _ => Letter::without_owner(verdict),
    }
}

/// A usable record for JSON.
pub(crate) fn stored_value(record: &OwnershipRecord) -> Value {
    let mut value: Value = serde_json::from_slice(&record.to_json()).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("state".to_owned(), "found".into());
    }
    value
}

/// Maintenance for JSON.
pub(crate) fn maintenance_value(finding: &MaintenanceFinding) -> Value {
    match finding {
        MaintenanceFinding::Off => json!({"state": "off"}),
        MaintenanceFinding::On(record) => json!({
            "state": "on", "until": record.until.to_string(), "by": record.by, "reason": record.reason,
        }),
        MaintenanceFinding::Unusable(why) => json!({"state": "unusable", "error": why}),
        MaintenanceFinding::Unreadable => json!({"state": "unreadable"}),
    }
}

fn style_of(record: &OwnershipRecord) -> Style {
    match record.phase {
        Phase::Active { .. } => paint::GOOD,
        Phase::Pending { .. } | Phase::Releasing { .. } => paint::DOUBTFUL,
    }
}

#[cfg(test)]
mod tests {
    use failover_policy::{FlatlineCause, Span, Timing, UnknownCause, UnusableRecord};
    use heartbeat_store::RecordVersion;

    use super::*;
    use crate::operator::found::Salvage;
    use crate::operator::testing::{ACTIVE, World, id, pending, releasing};

    fn usable(record: OwnershipRecord) -> FoundRecord {
        FoundRecord::Usable(Box::new(record), RecordVersion::Revision(7))
    }

    fn unusable() -> FoundRecord {
        let salvage = Salvage { revision: Some(7), term: None };
        FoundRecord::Unusable(UnusableRecord::Newer(2), salvage, RecordVersion::Revision(7))
    }

    fn away() -> Result<FoundRecord, StoreError> {
        let attempt = "read the ownership record in /mnt".to_owned();
        Err(StoreError::Unreachable { attempt, detail: "no answer within 1s".to_owned() })
    }

    fn report(found: Result<FoundRecord, StoreError>) -> RecordReport {
        RecordReport { found, maintenance: MaintenanceFinding::Off, maintenance_error: None }
    }

    #[test]
    fn letters_follow_the_record_then_the_primary_and_never_guess() {
        let (beating, flat) = (Verdict::Beating, Verdict::Flatlined(FlatlineCause::Silence));
        let unknown = Verdict::Unknown(UnknownCause::Unreadable);
        let refused = OwnershipRecord {
            reason: "claim contested: the heart beats".to_owned(),
            ..World::record("a", Phase::Active { previous: Some(id("b")) })
        };
        let active = || Ok(usable(World::record("b", ACTIVE)));
        let claimed = Ok(usable(World::record("b", pending("a"))));
        let table = [
            (active(), "b", beating, Some("O"), "the owner, whoever is the primary"),
            (active(), "a", beating, Some("S"), "the primary stands by"),
            (active(), "b", flat, Some("D"), "a dead owner"),
            (Ok(usable(refused)), "b", beating, Some("N"), "tried and refused"),
            (claimed, "b", beating, Some("S"), "a claimant owns nothing yet"),
            (Ok(FoundRecord::Absent), "a", beating, Some("O"), "the primary without a record"),
            (Ok(unusable()), "a", beating, None, "nobody can tell"),
            (Ok(unusable()), "a", flat, Some("D"), "dead all the same"),
            (away(), "a", beating, None, "nobody can tell"),
            (active(), "b", unknown, None, "an unknown heart"),
        ];
        for (found, cluster, verdict, expected, why) in table {
            let found_letter = letter(&found, &id(cluster), verdict, Some(&id("a")));
            assert_eq!(found_letter.map(Letter::as_str), expected, "{why}");
        }
        assert_eq!(letter(&Ok(FoundRecord::Absent), &id("a"), beating, None), None, "no primary is known");
    }

    #[tokio::test]
    async fn every_state_of_the_record_has_its_lines_and_its_json() {
        let world = World::new();
        let own = LeaseTiming::of(&Timing::default());
        let slip = LeaseTiming { watch: Span::from_millis(29_800), ..own };
        let longer = LeaseTiming { watch: Span::from_secs(17), ..own };
        let reports = [
            report(Ok(usable(OwnershipRecord { timing: slip, ..World::record("b", ACTIVE) }))),
            report(Ok(usable(OwnershipRecord { timing: longer, ..World::record("b", ACTIVE) }))),
            report(Ok(usable(OwnershipRecord { term: u64::MAX, ..World::record("b", ACTIVE) }))),
            report(Ok(usable(World::record("b", ACTIVE)))),
            report(Ok(usable(World::record("b", pending("a"))))),
            report(Ok(usable(World::record("a", releasing("b", 30))))),
            report(Ok(FoundRecord::Absent)),
            report(Ok(unusable())),
            report(Ok(FoundRecord::Untouchable("it is longer than 65536 bytes".to_owned()))),
            report(away()),
        ];
        let now = flatline_shell::Clock::now(&world.clock);
        let shown = reports.iter().map(|report| {
            let lines =
                report.lines(Some(&id("a")), own, now).into_iter().map(|(_, line)| format!("{line}\n"));
            format!("{}{}\n", lines.collect::<String>(), report.record_value())
        });
        insta::assert_snapshot!("records", shown.collect::<String>());
    }
}
