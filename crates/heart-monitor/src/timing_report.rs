//! `timing`: every duration, what follows from it, and every inequality with its slack.

use anstyle::Style;
use failover_policy::{LeaseTiming, Role, Severity, SignedSpan, Span, Timing};
use flatline_shell::{ConfigError, Exit};
use serde::Serialize;

use crate::cli::{Output, TimingReportArgs};
use crate::heart_report::whole_millis;
use crate::paint;

/// The JSON document of `timing`, format version 1.
#[derive(Debug, Serialize)]
struct TimingReport {
    version: u32,
    /// Whether a monitor that watches a heart starts with this.
    safe: bool,
    /// Whether a guard does.
    guard_safe: bool,
    durations: Vec<Duration>,
    inequalities: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Duration {
    symbol: &'static str,
    ms: i64,
    meaning: &'static str,
}

#[derive(Debug, Serialize)]
struct Line {
    /// The first role that depends on it: `beacon`, `gate` or `guard`.
    role: &'static str,
    formula: &'static str,
    left_ms: i64,
    right_ms: i64,
    slack_ms: i64,
    holds: bool,
    refused_where_broken: bool,
    meaning: &'static str,
    remedy: &'static str,
}

pub(crate) fn run(args: &TimingReportArgs) -> Result<Exit, ConfigError> {
    let timing = Timing { stop_grace: args.stop_grace, ..args.timing.timing() };
    let report = report(&timing);
    match args.output.output {
        Output::Human => paint::print(&human(&report))?,
        Output::Json => paint::print_json(&report)?,
    };
    Ok(if report.safe { Exit::Done } else { Exit::Refused })
}

fn report(timing: &Timing) -> TimingReport {
    let budget = timing.budget();
    let inequalities = budget.lines(Role::Guard).map(|line| Line {
        role: line.role().word(),
        formula: line.formula,
        left_ms: line.left.as_millis(),
        right_ms: line.right.as_millis(),
        slack_ms: line.slack().as_millis(),
        holds: line.holds(),
        refused_where_broken: line.severity == Severity::Refused,
        meaning: line.meaning,
        remedy: line.remedy,
    });
    TimingReport {
        version: 1,
        safe: timing.check(Role::Gate).is_ok(),
        guard_safe: timing.check(Role::Guard).is_ok(),
        durations: durations(timing),
        inequalities: inequalities.collect(),
    }
}

fn durations(timing: &Timing) -> Vec<Duration> {
    let duration =
        |symbol, span: std::time::Duration, meaning| Duration { symbol, ms: whole_millis(span), meaning };
    let hold = |span: SignedSpan, meaning| Duration { symbol: "L", ms: span.as_millis(), meaning };
    vec![
        duration("T", timing.flatline_after.get(), "--flatline-after: a heart is flat"),
        duration("p", timing.poll.get(), "--poll: from one look to the next"),
        duration("r", timing.read_deadline.get(), "--read-deadline: a read has failed"),
        duration("i", timing.interval.get(), "--interval: from one beat to the next"),
        duration("w", timing.write_deadline.get(), "--write-deadline: a write has failed"),
        duration("T − p", timing.watch().get(), "silence that a standby must have watched"),
        duration("g", timing.gap(), "2.5·p: good looks further apart were no watch"),
        duration("K", timing.stop(), "--stop-grace + 0.5s: a guard has stopped its workload"),
        hold(timing.hold(), "(T − p)·0.998 − K: how long a beat lets a guarded workload run"),
        duration(
            "takeover",
            timing.flatline_after.get(),
            "T, plus twice --cache-age and three answers of the store: from the last beat to the new owner",
        ),
        duration(
            "handover",
            LeaseTiming::of(timing).settle(Span::ZERO),
            "T − p, plus --drain and --cache-age: nobody runs, from releasing to the new owner",
        ),
    ]
}

fn human(report: &TimingReport) -> String {
    let heading = paint::HEADING;
    let mut text = format!("{heading}durations{heading:#}\n");
    for Duration { symbol, ms, meaning } in &report.durations {
        text += &format!("  {symbol:<8} {:>10}  {meaning}\n", SignedSpan::from_millis(*ms));
    }
    text += &format!("{heading}inequalities{heading:#}\n");
    for line in &report.inequalities {
        let (style, word) = match (line.holds, line.refused_where_broken) {
            (true, _) => (paint::GOOD, "ok"),
            (false, true) => (paint::BAD, "unsafe"),
            (false, false) => (paint::DOUBTFUL, "warn"),
        };
        let slack = SignedSpan::from_millis(line.slack_ms);
        text +=
            &format!("  {style}{word:<6}{style:#} {:<30} slack {slack:>9}  {}\n", line.formula, line.meaning);
        if !line.holds {
            text += &format!("         {}\n", line.remedy);
        }
    }
    let (style, starts) = who_starts(report);
    text + &format!("{style}{starts}{style:#}\n")
}

/// The last line: the exit code is about gates alone.
fn who_starts(report: &TimingReport) -> (Style, &'static str) {
    match (report.safe, report.guard_safe) {
        (true, true) => (paint::GOOD, "gates and guards start with this"),
        (true, false) => {
            (paint::BAD, "gates start with this, guards do not: 'heart-monitor run' exits with 2")
        }
        (false, _) => (paint::BAD, "neither gates nor guards start with this"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(timing: &Timing) -> String {
        anstream::adapter::strip_str(&human(&report(timing))).to_string()
    }

    #[test]
    fn the_default_budget_is_shown_with_every_slack() {
        insta::assert_snapshot!("default_budget", shown(&Timing::default()));
    }

    #[test]
    fn an_unsafe_set_is_shown_in_full_with_what_to_change() {
        let timing = Timing { flatline_after: Span::from_secs(5), ..Timing::default() };
        assert!(!report(&timing).safe);
        insta::assert_snapshot!("unsafe_budget", shown(&timing));
    }

    #[test]
    fn the_last_line_says_who_starts() {
        let grace = |millis| Timing { stop_grace: Span::from_millis(millis), ..Timing::default() };
        let short = Timing { flatline_after: Span::from_secs(5), ..Timing::default() };
        let table = [
            (grace(1500), "gates and guards start"),
            (grace(5000), "gates start with this, guards do not"),
            (short, "neither gates nor guards start"),
        ];
        for (timing, start) in table {
            let shown = shown(&timing);
            assert!(shown.lines().last().is_some_and(|last| last.starts_with(start)), "{start}: {shown}");
        }
    }
}
