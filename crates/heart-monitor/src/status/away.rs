//! What `status` says where the record cannot be read.

use failover_policy::{SignedSpan, Timing};

use crate::advice::Advice;
use crate::operator::words::seconds_left;
use crate::status::StatusReport;

/// What guards and standbys do while they cannot read the store either, under these durations.
pub(super) fn meanwhile(timing: &Timing) -> Vec<String> {
    let hold = timing.hold().max(SignedSpan::ZERO).magnitude();
    vec![
        format!(
            "guards that cannot read the store stop their workload within {}, but for those with --on-store-loss keep",
            seconds_left(hold)
        ),
        "nobody takes over while it is away for both clusters; a standby that still reads it takes over by itself"
            .to_owned(),
        "all resumes by itself when the store answers: activate nothing".to_owned(),
    ]
}

/// The same for a person; nothing where the record was read.
pub(super) fn lines(report: &StatusReport) -> String {
    let heads = std::iter::once("meanwhile").chain(std::iter::repeat(""));
    heads.zip(&report.meanwhile).map(|(head, line)| format!("{head:<10} {line}\n")).collect()
}

/// All that can be said where nothing could be read. The error stands on stderr.
pub(super) fn human(report: &StatusReport) -> String {
    let next = format!("{} says what is wrong with the way to {}", Advice::Doctor, report.store);
    format!("{}{:<10} {next}\n", lines(report), "next")
}

#[cfg(test)]
mod tests {
    use failover_policy::Span;

    use super::*;

    #[test]
    fn the_seconds_follow_from_the_timing_in_force() {
        let with = |flatline_after, stop_grace| {
            let grace = Span::try_from(std::time::Duration::from_millis(stop_grace)).unwrap();
            let timing = Timing {
                flatline_after: Span::from_secs(flatline_after),
                stop_grace: grace,
                ..Timing::default()
            };
            meanwhile(&timing).remove(0)
        };
        for (flatline_after, stop_grace, within) in
            [(10, 1500, "7 s"), (15, 1500, "12 s"), (20, 5000, "14 s")]
        {
            let line = with(flatline_after, stop_grace);
            assert!(line.contains(&format!("stop their workload within {within},")), "{line}");
        }
    }
}
