//! The inequalities that make a set of durations safe.

#![expect(clippy::many_single_char_names, reason = "the contract writes these durations as single letters")]

use std::fmt;
use std::time::Duration;

use crate::timing::ticks;
use crate::{SignedSpan, Span, Tick, Timing};

/// Which process asks: each is refused only for what it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `heartbeat-writer`.
    Beacon,
    /// A monitor that watches a heart.
    Gate,
    /// A monitor that fences a running workload.
    Guard,
}

impl Role {
    /// The role in one word, for JSON and for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Beacon => "beacon",
            Self::Gate => "gate",
            Self::Guard => "guard",
        }
    }
}

const BEACON: &[Role] = &[Role::Beacon, Role::Gate, Role::Guard];
const GATE: &[Role] = &[Role::Gate, Role::Guard];
const GUARD: &[Role] = &[Role::Guard];
/// The formula about pauses of a host.
const PAUSES: &str = "T ≥ 35s";
/// The shortest interval or poll, in ticks: 10 ms.
const SHORTEST: i64 = 100_000;

/// What a broken inequality leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The process does not start.
    Refused,
    /// `timing` and `doctor` say so.
    Warned,
}

/// One line of the budget: `left ≥ right`, where a strict formula has one tick added to its right side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inequality {
    /// The formula in the contract's letters.
    pub formula: &'static str,
    /// What a broken line leads to.
    pub severity: Severity,
    /// The roles that depend on it.
    roles: &'static [Role],
    /// The side that must be large.
    pub left: SignedSpan,
    /// The side that must be small.
    pub right: SignedSpan,
    /// What holds as long as the line does.
    pub meaning: &'static str,
    /// What to change where it does not.
    pub remedy: &'static str,
}

impl Inequality {
    /// How much room there is; negative where the line is broken.
    pub fn slack(&self) -> SignedSpan {
        SignedSpan::from_ticks(self.left.ticks() - self.right.ticks())
    }

    /// Whether the line holds.
    pub fn holds(&self) -> bool {
        self.left >= self.right
    }

    /// The first role that depends on the line; later ones do too.
    pub fn role(&self) -> Role {
        // Every line concerns somebody; a guard depends on all of them.
        self.roles.first().copied().unwrap_or(Role::Guard)
    }

    /// Whether the line is about pauses of a host, which two beacons on two nodes outlast as well.
    pub fn is_about_pauses(&self) -> bool {
        self.formula == PAUSES
    }

    /// Whether a process of this role depends on the line.
    pub fn concerns(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// All inequalities of one set of durations, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget(Vec<Inequality>);

impl Budget {
    /// The lines that concern a role.
    pub fn lines(&self, role: Role) -> impl Iterator<Item = &Inequality> {
        self.0.iter().filter(move |line| line.concerns(role))
    }

    /// The lines of a role that are broken but only warned about.
    pub fn warnings(&self, role: Role) -> impl Iterator<Item = &Inequality> {
        self.lines(role).filter(|line| line.severity == Severity::Warned && !line.holds())
    }
}

/// The first inequality that a set of durations breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct UnsafeTiming(pub Inequality);

impl fmt::Display for UnsafeTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inequality { formula, left, right, meaning, remedy, .. } = self.0;
        let needs = if formula.contains('>') { "more than" } else { "at least" };
        write!(
            f,
            "unsafe timing: {formula} fails ({left}, needs {needs} {right}), so nothing ensures that {meaning}; {remedy}"
        )
    }
}

impl Timing {
    /// Every inequality with its two sides, for `timing`, `doctor` and the start-up check.
    pub fn budget(&self) -> Budget {
        let mut lines = self.beacon_lines();
        lines.extend(self.gate_lines());
        lines.extend(self.guard_lines());
        Budget(lines)
    }

    /// Refuses a set of durations that is unsafe for this role.
    pub fn check(&self, role: Role) -> Result<(), UnsafeTiming> {
        let budget = self.budget();
        let broken = budget.lines(role).find(|line| line.severity == Severity::Refused && !line.holds());
        broken.map_or(Ok(()), |line| Err(UnsafeTiming(*line)))
    }

    fn beacon_lines(&self) -> Vec<Inequality> {
        let [i, w] = [self.interval, self.write_deadline].map(|span| ticks(span.get()));
        let line = |formula, left, right, meaning, remedy| {
            Inequality::new(BEACON, Severity::Refused, formula, (left, right), meaning, remedy)
        };
        vec![
            line("i ≥ 10ms", i, SHORTEST, "beats do not load the store for nothing", "raise --interval"),
            line("1h ≥ i", ticks(Duration::from_hours(1)), i, "a pause is not the rule", "lower --interval"),
            line("w > 0", w, 1, "a write can succeed", "raise --write-deadline"),
            line(
                "i ≥ w",
                i,
                w,
                "two writes are never in flight",
                "lower --write-deadline or raise --interval",
            ),
        ]
    }

    fn gate_lines(&self) -> Vec<Inequality> {
        let [t, p, r, i] =
            [self.flatline_after, self.poll, self.read_deadline, self.interval].map(|span| ticks(span.get()));
        let g = ticks(self.gap());
        let line = |severity, formula, left, right, meaning, remedy| {
            Inequality::new(GATE, severity, formula, (left, right), meaning, remedy)
        };
        vec![
            line(
                Severity::Refused,
                "p ≥ 10ms",
                p,
                SHORTEST,
                "looks do not load the store for nothing",
                "raise --poll",
            ),
            line(Severity::Refused, "r > 0", r, 1, "a read can succeed", "raise --read-deadline"),
            line(
                Severity::Refused,
                "g ≥ p + r",
                g,
                p + r,
                "a read that takes its whole deadline does not interrupt the watch",
                "lower --read-deadline to at most 1.5 times --poll",
            ),
            line(
                Severity::Warned,
                "g ≥ p + r + 250ms",
                g,
                p + r + ticks(Duration::from_millis(250)),
                "a short stall of the process does not interrupt the watch as well",
                "raise --poll or lower --read-deadline",
            ),
            line(
                Severity::Refused,
                "T − p > 2i + g + r",
                t - p,
                2 * i + g + r + 1,
                "a lost beat or a shared outage is not a death",
                "raise --flatline-after, or lower the beacon's --interval or --poll",
            ),
            line(
                Severity::Refused,
                "T − p ≥ ⌈(i + w + g)/i⌉·i + w",
                t - p,
                self.longest_wait_for_a_beat(),
                "a shared outage between two slow writes is not a death",
                "raise --flatline-after, or lower the beacon's --write-deadline",
            ),
            line(
                Severity::Warned,
                PAUSES,
                t,
                ticks(Duration::from_secs(35)),
                "a host's maintenance pause (up to 10 s, rarely 30 s) is not a death",
                "run two beacons on two nodes, or raise --flatline-after",
            ),
        ]
    }

    /// The longest time from a beat's first sight to the landing of the next one, in ticks, with one outage in
    /// between that the watch survives: the next write, at `i`, dies just before it would land at `i + w`; the
    /// store may then stay away for `g`; the first tick of the steady beat after that lands `w` later.
    fn longest_wait_for_a_beat(&self) -> i64 {
        let [i, w] = [self.interval, self.write_deadline].map(|span| ticks(span.get()));
        let outage_ends = i + w + ticks(self.gap());
        let beats = (outage_ends + i - 1).checked_div(i).unwrap_or(0);
        beats * i + w
    }

    /// How long it takes, beyond the beats themselves, from the issue of the last read that did not show one beat to the
    /// answer of the record that confirms the next one, where answers take up to `takes`. In ticks.
    ///
    /// The read that shows the first beat is issued a period after that one, and looks at the store as late as it is
    /// answered; the store was just looked at for a read of a moment before when the next beat lands; then come the
    /// next own read, which is a period later, and the record.
    fn beats_late_by(&self, takes: Duration) -> i64 {
        let period = self.poll.get().max(takes);
        2 * ticks(period) + 3 * ticks(takes)
    }

    /// Whether answers that take up to `takes` stop no workload while every beat is written in time.
    pub fn survives_answers_of(&self, takes: Duration) -> bool {
        self.hold().ticks() >= self.answers_need(takes)
    }

    fn answers_need(&self, takes: Duration) -> i64 {
        let [i, w] = [self.interval, self.write_deadline].map(|span| ticks(span.get()));
        i + w + self.beats_late_by(takes)
    }

    /// Durations that suit a store whose reads take up to `takes`: a deadline of twice that, a poll to go with it, and a
    /// threshold with which no answer stops a workload. What is longer already stays.
    #[must_use]
    pub fn suited_to_answers_of(&self, takes: Duration) -> Self {
        const TENTH: Duration = Duration::from_millis(100);
        let tenths = |at_least: Duration| {
            let tenths = at_least.as_nanos().div_ceil(TENTH.as_nanos());
            Span::try_from(TENTH * u32::try_from(tenths).unwrap_or(u32::MAX)).unwrap_or(Span::MAX)
        };
        let read_deadline = self.read_deadline.max(tenths(2 * takes));
        // So that a stall of 250 ms does not interrupt a watch either.
        let poll = self.poll.max(tenths((read_deadline.get() + Duration::from_millis(250)) * 2 / 3));
        let mut suited = Self { poll, read_deadline, ..*self };
        if !suited.survives_answers_of(takes) {
            let least = suited.answers_need(takes) + ticks(suited.stop()) + ticks(poll.get());
            let least = Duration::from_secs(least.unsigned_abs() / Tick::PER_SECOND.unsigned_abs());
            suited.flatline_after = suited.flatline_after.max(Span::try_from(least).unwrap_or(Span::MAX));
        }
        while suited.flatline_after < Span::MAX
            && (suited.check(Role::Guard).is_err() || !suited.survives_answers_of(takes))
        {
            let longer = suited.flatline_after.get().saturating_add(Duration::from_secs(1));
            suited.flatline_after = Span::try_from(longer).unwrap_or(Span::MAX);
        }
        suited
    }

    fn guard_lines(&self) -> Vec<Inequality> {
        let [p, r, i, w] =
            [self.poll, self.read_deadline, self.interval, self.write_deadline].map(|span| ticks(span.get()));
        let l = self.hold().ticks();
        let at_slowest = self.beats_late_by(self.read_deadline.get()) + w;
        let line = |severity, formula, right, meaning, remedy| {
            Inequality::new(GUARD, severity, formula, (l, right), meaning, remedy)
        };
        vec![
            line(
                Severity::Refused,
                "L ≥ 2i + p + r",
                2 * i + p + r,
                "one lost beat does not stop the workload",
                "raise --flatline-after, or lower the beacon's --interval or --stop-grace",
            ),
            Inequality::new(
                GUARD,
                Severity::Warned,
                "0.9·L ≥ 2i + p + r",
                (l / 10 * 9, 2 * i + p + r),
                "one lost beat does not stop the workload while a time daemon slews a clock",
                "raise --flatline-after, or lower the beacon's --interval or --stop-grace",
            ),
            line(
                Severity::Warned,
                "L ≥ i + w + 2·max(p, r) + 3r",
                i + at_slowest,
                "reads and writes at their slowest do not stop the workload",
                "raise --flatline-after, or lower the beacon's --interval",
            ),
            line(
                Severity::Warned,
                "L ≥ 2i + w + 2·max(p, r) + 3r",
                2 * i + at_slowest,
                "one lost beat does not stop the workload with every read and write at its slowest",
                "raise --flatline-after, or lower the beacon's --interval",
            ),
        ]
    }
}

impl Inequality {
    fn new(
        roles: &'static [Role],
        severity: Severity,
        formula: &'static str,
        (left, right): (i64, i64),
        meaning: &'static str,
        remedy: &'static str,
    ) -> Self {
        let (left, right) = (SignedSpan::from_ticks(left), SignedSpan::from_ticks(right));
        Self { formula, severity, roles, left, right, meaning, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    fn line(timing: &Timing, formula: &str) -> Inequality {
        *timing.budget().lines(Role::Guard).find(|line| line.formula == formula).unwrap()
    }

    #[test]
    fn the_defaults_are_safe_for_every_role_and_warn_where_they_are_tight() {
        let timing = Timing::default();
        for role in [Role::Beacon, Role::Gate, Role::Guard] {
            assert_eq!(timing.check(role), Ok(()), "{role:?}");
        }
        let warnings: Vec<_> = timing.budget().warnings(Role::Guard).map(|line| line.formula).collect();
        let slow_answers = ["L ≥ i + w + 2·max(p, r) + 3r", "L ≥ 2i + w + 2·max(p, r) + 3r"];
        assert_eq!(warnings, ["T ≥ 35s", slow_answers[0], slow_answers[1]]);
    }

    #[test]
    fn every_inequality_has_the_slack_that_its_formula_gives() {
        let table = [
            ("i ≥ w", "0.500s"),
            ("g ≥ p + r", "0.500s"),
            ("g ≥ p + r + 250ms", "0.250s"),
            ("T − p > 2i + g + r", "1.499s"),
            ("T − p ≥ ⌈(i + w + g)/i⌉·i + w", "1.500s"),
            ("T ≥ 35s", "-25.000s"),
            ("L ≥ 2i + p + r", "0.982s"),
            ("0.9·L ≥ 2i + p + r", "0.283s"),
            ("L ≥ i + w + 2·max(p, r) + 3r", "-1.518s"),
            ("L ≥ 2i + w + 2·max(p, r) + 3r", "-3.518s"),
        ];
        for (formula, slack) in table {
            assert_eq!(line(&Timing::default(), formula).slack().to_string(), slack, "{formula}");
        }
    }

    #[test]
    fn start_is_refused_at_the_first_step_past_each_limit_and_only_for_the_roles_it_concerns() {
        let base = Timing::default();
        let ms = Span::from_millis;
        let table = [
            (Timing { interval: ms(9), write_deadline: ms(5), ..base }, "i ≥ 10ms", Role::Beacon),
            (Timing { interval: ms(3_600_001), ..base }, "1h ≥ i", Role::Beacon),
            (Timing { write_deadline: Span::ZERO, ..base }, "w > 0", Role::Beacon),
            (Timing { write_deadline: ms(2001), ..base }, "i ≥ w", Role::Beacon),
            (Timing { poll: ms(9), read_deadline: ms(5), ..base }, "p ≥ 10ms", Role::Gate),
            (Timing { read_deadline: Span::ZERO, ..base }, "r > 0", Role::Gate),
            (Timing { read_deadline: ms(1501), ..base }, "g ≥ p + r", Role::Gate),
            (Timing { flatline_after: ms(8500), ..base }, "T − p > 2i + g + r", Role::Gate),
            (
                Timing { interval: ms(3000), flatline_after: ms(10_501), write_deadline: ms(2000), ..base },
                "T − p ≥ ⌈(i + w + g)/i⌉·i + w",
                Role::Gate,
            ),
            (Timing { stop_grace: ms(2483), ..base }, "L ≥ 2i + p + r", Role::Guard),
        ];
        for (timing, formula, role) in table {
            assert_eq!(timing.check(role).unwrap_err().0.formula, formula);
            let others = [Role::Beacon, Role::Gate, Role::Guard].map(|other| timing.check(other).is_err());
            let concerned =
                [Role::Beacon, Role::Gate, Role::Guard].map(|other| line(&timing, formula).concerns(other));
            assert_eq!(others, concerned, "{formula}");
        }
        assert_eq!(
            Timing { flatline_after: ms(8501), stop_grace: Span::ZERO, ..base }.check(Role::Gate),
            Ok(())
        );
        assert_eq!(Timing { stop_grace: ms(2482), ..base }.check(Role::Guard), Ok(()));
    }

    #[test]
    fn durations_that_suit_a_slow_store_are_accepted_and_no_longer_than_they_have_to_be() {
        let table =
            [(100, 1000, 1000, 10), (494, 1000, 1000, 10), (900, 1800, 1400, 13), (3000, 6000, 4200, 28)];
        for (takes, read_deadline, poll, flatline_after) in table {
            let takes = Duration::from_millis(takes);
            let suited = Timing::default().suited_to_answers_of(takes);
            assert_eq!(suited.check(Role::Guard), Ok(()), "{takes:?}");
            assert!(suited.survives_answers_of(takes), "{takes:?}");
            let is = (suited.read_deadline, suited.poll, suited.flatline_after);
            let expected =
                (Span::from_millis(read_deadline), Span::from_millis(poll), Span::from_secs(flatline_after));
            assert_eq!(is, expected, "{takes:?}");
        }
        let ends = Timing::default().suited_to_answers_of(Duration::from_hours(24 * 365));
        assert_eq!(ends.flatline_after, Span::MAX, "absurd latencies end as well");
        assert!(!Timing::default().survives_answers_of(Duration::from_millis(500)));
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_what_to_change_in_one_line() {
        let timing = Timing { flatline_after: Span::from_secs(5), ..Timing::default() };
        let text = timing.check(Role::Gate).unwrap_err().to_string();
        assert_eq!(
            text,
            "unsafe timing: T − p > 2i + g + r fails (4.000s, needs more than 7.500s), so nothing ensures that a lost beat or \
             a shared outage is not a death; raise --flatline-after, or lower the beacon's --interval or --poll"
        );
    }

    #[test]
    fn absurd_durations_do_not_overflow() {
        let timing = Timing {
            flatline_after: Span::MAX,
            poll: Span::MAX,
            read_deadline: Span::MAX,
            interval: Span::MAX,
            write_deadline: Span::MAX,
            stop_grace: Span::MAX,
        };
        assert!(timing.check(Role::Guard).is_err());
    }
}
