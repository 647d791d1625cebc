//! The detector: what a series of looks at one heart means.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::seen::{Seen, SeenStamps};
use crate::{
    Assessment, BootTime, Evidence, Finding, Fingerprint, FlatlineCause, Look, Malformed, SignedSpan, Span,
    Stamp, Timing, UnknownCause, Verdict, Witness,
};

/// What to make of a heart that has never been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NeverSeen {
    /// It stays unknown, so a standby blocks until the first stamp: the default, since an empty folder also
    /// is what a share that is not mounted looks like.
    #[default]
    Wait,
    /// Silence counts from the first look that reached the store. Once a stamp was seen this is as `Wait`.
    Flatline,
}

/// When a heart counts as flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatchRule {
    /// `T`: silence that makes a heart flat whatever the wall clock says.
    pub flatline_after: Span,
    /// Silence that suffices where the stamp is also older than `T` by the wall clock: `T − p` unless
    /// configured. Zero asks for no watching: an old stamp is believed at first sight, as the classic monitor
    /// did.
    pub confirm: Span,
    /// `p`: time from one look to the next.
    pub poll: Span,
    /// `g`: good looks further apart than this were no watch, and silence starts over.
    pub gap: Duration,
    /// What to make of a heart that has never been seen.
    pub never_seen: NeverSeen,
}

impl WatchRule {
    /// The rule that follows from `timing`, with a full confirmation, for a heart that must have been seen.
    pub fn new(timing: &Timing) -> Self {
        Self {
            flatline_after: timing.flatline_after,
            confirm: timing.watch(),
            poll: timing.poll,
            gap: timing.gap(),
            never_seen: NeverSeen::Wait,
        }
    }

    /// The same rule where the ownership record asks for a longer watch than this monitor was configured with: both
    /// sides of a takeover must stay safe while only one of them has new settings.
    #[must_use]
    pub fn at_least(self, watch: Span) -> Self {
        let with_poll = Span::try_from(watch.get() + self.poll.get()).unwrap_or(Span::MAX);
        Self { confirm: self.confirm.max(watch), flatline_after: self.flatline_after.max(with_poll), ..self }
    }

    /// The same rule believing an old stamp at first sight: how a single look is judged.
    #[must_use]
    pub fn at_first_sight(self) -> Self {
        Self { confirm: Span::ZERO, ..self }
    }
}

/// Watches one heart.
///
/// `handle_look` takes what a read found and when; `assess` answers with a verdict and its evidence;
/// `poll_wake` says when the detector wants the next look. The caller reads the clocks, reads the store and
/// sleeps.
///
/// A heart is flat when silence has reached `T`, or when silence is confirmed (`T − p`) and the stamp is older
/// than `T` by the wall clock. Silence runs on the slower of the local clocks ([`BootTime`]) from the *completion* of the read that
/// first saw the stamp to the *issue* of the last read that saw nothing newer: the time that was certainly
/// silent. So the wall clock, which may be skewed or step, can only sharpen the moment within the last poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detector {
    rule: WatchRule,
    seen: SeenStamps,
    /// Malformed bytes that were read, each with what stood beside them.
    debris: Seen<(Fingerprint, Witness)>,
    /// The stamp of the last beat.
    stamp: Option<Stamp>,
    /// Where silence started; set with the first good look.
    silent_since: Option<BootTime>,
    /// Whether a beat came in while this watch ran, as opposed to having been there when it began.
    beat_came_in: bool,
    last_look: Option<Look>,
    last_good_look: Option<Look>,
    /// Ages of the last beats that came in, when they were first seen.
    arrival_ages: VecDeque<SignedSpan>,
    looks: u64,
    failed_looks: u64,
    beats: u64,
    gaps: u64,
}

impl Detector {
    /// How many arrivals the skew is taken from: enough for a fast one among them, and few enough that a clock
    /// that was mended shows within half a minute of beats.
    const ARRIVALS: usize = 16;

    /// A detector that has seen nothing yet.
    pub fn new(rule: WatchRule) -> Self {
        Self {
            rule,
            seen: SeenStamps::default(),
            debris: Seen::default(),
            stamp: None,
            silent_since: None,
            beat_came_in: false,
            last_look: None,
            last_good_look: None,
            arrival_ages: VecDeque::new(),
            looks: 0,
            failed_looks: 0,
            beats: 0,
            gaps: 0,
        }
    }

    /// Takes what one read found. Looks must be handed over in the order in which they were made.
    pub fn handle_look(&mut self, look: Look) {
        self.looks += 1;
        self.last_look = Some(look);
        if !self.says_something_about_the_heart(look.finding) {
            self.failed_looks += 1;
            return;
        }
        let watched_since_last_look = self.note_good_look(look);
        match look.finding {
            Finding::Stamp(stamp) if self.seen.is_new(stamp) => {
                self.note_beat(stamp, look, watched_since_last_look);
            }
            // Somebody wrote them; that it was the last thing that a writer did takes a whole watch to tell.
            Finding::Malformed(Malformed::Torn { bytes, witness })
                if self.debris.is_new((bytes, witness)) =>
            {
                self.handle_life_sign(look.completed.boot);
            }
            Finding::Stamp(_) | Finding::Malformed(_) | Finding::Missing | Finding::Unreadable => {}
        }
    }

    /// Takes that this heart was alive, as somebody learned at that moment in another way than from its stamp. It is no
    /// beat, and silence starts over.
    pub fn handle_life_sign(&mut self, learned: BootTime) {
        self.silent_since = self.silent_since.map(|since| since.max(learned));
    }

    /// The verdict as of `now`, with its evidence. Only looks make a heart flat: time that passes without them
    /// turns any verdict into [`Verdict::Unknown`].
    pub fn assess(&self, now: BootTime) -> Assessment {
        Assessment { verdict: self.verdict(now), evidence: self.evidence() }
    }

    /// When the next look is due; `None` before the first one, which is due at once.
    ///
    /// One poll after the last look was issued, or earlier: at the very moment at which an unchanged stamp
    /// makes the heart flat, so that the overshoot is one read rather than one poll.
    pub fn poll_wake(&self) -> Option<BootTime> {
        let last_issued = self.last_look?.issued.boot;
        let poll = self.rule.poll.get();
        let next_poll = last_issued.after(poll);
        let wake = match self.flat_from() {
            // A wall clock that stands still puts the moment off for ever: no more than a hundred looks a poll.
            Some(flat_from) if flat_from > last_issued => {
                next_poll.min(flat_from.max(last_issued.after(poll / 100)))
            }
            Some(_) | None => next_poll,
        };
        Some(wake)
    }

    /// Judges by another rule from now on; what was seen stays seen.
    pub fn set_rule(&mut self, rule: WatchRule) {
        self.rule = rule;
    }

    /// When the last look that says something about the heart was issued.
    pub fn last_good_look(&self) -> Option<BootTime> {
        self.last_good_look.map(|look| look.issued.boot)
    }

    /// When the last look was issued, whatever it found.
    pub fn last_look_issued(&self) -> Option<BootTime> {
        self.last_look.map(|look| look.issued.boot)
    }

    /// Looks so far that said something about the heart.
    pub(crate) fn good_looks(&self) -> u64 {
        self.looks - self.failed_looks
    }

    /// Beats seen so far; the stamp that was there at first counts.
    pub fn beats(&self) -> u64 {
        self.beats
    }

    /// The rule by which this detector judges.
    pub fn rule(&self) -> &WatchRule {
        &self.rule
    }

    /// Whether a look counts as watching. Malformed bytes do where a writer may have died between truncating and
    /// writing, a good stamp was seen before, and the second witness can be heard. A missing stamp does not. Either does
    /// for a heart that was never seen and is to flatline; by default nobody is sure then: nobody removes stamps, and an
    /// empty folder is what a share that is not mounted looks like.
    fn says_something_about_the_heart(&self, finding: Finding) -> bool {
        let ever_seen = self.stamp.is_some();
        let never_seen_is_flat = !ever_seen && self.rule.never_seen == NeverSeen::Flatline;
        match finding {
            Finding::Stamp(_) => true,
            Finding::Malformed(Malformed::Torn { witness, .. }) => {
                witness != Witness::Unreadable && (ever_seen || never_seen_is_flat)
            }
            Finding::Missing => never_seen_is_flat,
            Finding::Malformed(Malformed::Foreign) | Finding::Unreadable => false,
        }
    }

    /// Starts silence over where this look does not continue a watch; says whether it does.
    fn note_good_look(&mut self, look: Look) -> bool {
        let last = self.last_good_look.replace(look);
        let apart = last.map(|last| look.completed.boot.since(last.completed.boot));
        match apart {
            Some(apart) if apart <= self.rule.gap => return true,
            Some(_) => self.gaps += 1,
            None => {}
        }
        self.silent_since = Some(look.completed.boot);
        self.beat_came_in = false;
        false
    }

    fn note_beat(&mut self, stamp: Stamp, look: Look, watched_since_last_look: bool) {
        self.beats += 1;
        self.stamp = Some(stamp);
        self.silent_since = Some(look.completed.boot);
        if watched_since_last_look {
            self.beat_came_in = true;
            self.arrival_ages.truncate(Self::ARRIVALS - 1);
            self.arrival_ages.push_front(stamp.tick().age_at(look.completed.wall));
        }
    }

    fn verdict(&self, now: BootTime) -> Verdict {
        let (Some(last), Some(good)) = (self.last_look, self.last_good_look) else {
            return Verdict::Unknown(self.why_nothing_is_known());
        };
        if now.since(good.completed.boot) > self.rule.gap {
            return Verdict::Unknown(match last.finding {
                Finding::Unreadable => UnknownCause::Unreadable,
                Finding::Missing => UnknownCause::Vanished,
                Finding::Malformed(_) if !self.says_something_about_the_heart(last.finding) => {
                    UnknownCause::Malformed
                }
                Finding::Stamp(_) | Finding::Malformed(_) => UnknownCause::NotWatching,
            });
        }
        match self.flat_by(good) {
            Some(cause) => Verdict::Flatlined(cause),
            None => self.verdict_of_a_heart_that_is_not_flat(good),
        }
    }

    fn why_nothing_is_known(&self) -> UnknownCause {
        match self.last_look.map(|look| look.finding) {
            None => UnknownCause::NotLooked,
            Some(Finding::Missing) => UnknownCause::NeverSeen,
            Some(Finding::Malformed(_)) => UnknownCause::Malformed,
            // A stamp is always a good look, so this arm stands for unreadable stores alone.
            Some(Finding::Unreadable | Finding::Stamp(_)) => UnknownCause::Unreadable,
        }
    }

    fn flat_by(&self, good: Look) -> Option<FlatlineCause> {
        let silence = self.silence_at(good);
        let old = self.stamp_age_at(good).is_some_and(|age| age.exceeds(self.rule.flatline_after.get()));
        if silence >= self.rule.flatline_after.get() {
            Some(FlatlineCause::Silence)
        } else if old && silence >= self.rule.confirm.get() {
            Some(FlatlineCause::StampAge)
        } else {
            None
        }
    }

    fn verdict_of_a_heart_that_is_not_flat(&self, good: Look) -> Verdict {
        let believes_at_first_sight = self.rule.confirm == Span::ZERO;
        match self.stamp_age_at(good) {
            _ if self.beat_came_in => Verdict::Beating,
            None if matches!(good.finding, Finding::Malformed(_)) => {
                Verdict::Unknown(UnknownCause::Malformed)
            }
            None => Verdict::Unknown(UnknownCause::NeverSeen),
            Some(_) if !believes_at_first_sight => Verdict::Unknown(UnknownCause::Watching),
            Some(age) if age < SignedSpan::ZERO && age.magnitude() > self.rule.flatline_after.get() => {
                Verdict::Unknown(UnknownCause::FutureStamp)
            }
            Some(_) => Verdict::Beating,
        }
    }

    /// The moment from which an unchanged stamp makes the heart flat.
    fn flat_from(&self) -> Option<BootTime> {
        let silent_since = self.silent_since?;
        let by_silence = silent_since.after(self.rule.flatline_after.get());
        let by_age = self.last_good_look.and_then(|good| {
            let missing = self.stamp_age_at(good)?.until_exceeds(self.rule.flatline_after.get());
            Some(good.issued.boot.after(missing).max(silent_since.after(self.rule.confirm.get())))
        });
        Some(by_age.map_or(by_silence, |by_age| by_age.min(by_silence)))
    }

    fn silence_at(&self, good: Look) -> Duration {
        self.silent_since.map_or(Duration::ZERO, |since| good.issued.boot.since(since))
    }

    fn stamp_age_at(&self, good: Look) -> Option<SignedSpan> {
        self.stamp.map(|stamp| stamp.tick().age_at(good.issued.wall))
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            stamp: self.stamp,
            stamp_age: self.last_good_look.and_then(|good| self.stamp_age_at(good)),
            silence: self.last_good_look.map(|good| self.silence_at(good)),
            skew: self.arrival_ages.iter().min().copied(),
            looks: self.looks,
            failed_looks: self.failed_looks,
            beats: self.beats,
            gaps: self.gaps,
        }
    }
}

/// Leaves out what only people look at (counts, and the skew), so that the exhaustive model does not tell states apart
/// that decide alike. Equal detectors still hash equal.
impl Hash for Detector {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.rule, &self.seen, &self.debris, self.stamp, self.silent_since, self.beat_came_in).hash(hasher);
        (self.last_look, self.last_good_look).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Now, Tick};

    fn rule() -> WatchRule {
        WatchRule::new(&Timing::default())
    }

    fn look(at: u64) -> Look {
        let stamp = Stamp::new(Tick::from_unix(Duration::from_secs(1000)).unwrap());
        let wall = Tick::from_unix(Duration::from_secs(1000 + at)).unwrap();
        let now = Now::in_step(Duration::from_secs(at), wall);
        Look { issued: now, completed: now, finding: Finding::Stamp(stamp) }
    }

    fn verdict(detector: &Detector, at: u64) -> Verdict {
        detector.assess(BootTime::from_boot(Duration::from_secs(at))).verdict
    }

    #[test]
    fn a_rule_that_asks_for_a_longer_watch_moves_both_halves_and_a_shorter_one_moves_nothing() {
        let table = [(0, 9, 10), (8, 9, 10), (9, 9, 10), (10, 10, 11), (34, 34, 35)];
        for (asked, confirm, flatline_after) in table {
            let rule = rule().at_least(Span::from_secs(asked));
            let is = (rule.confirm, rule.flatline_after);
            assert_eq!(is, (Span::from_secs(confirm), Span::from_secs(flatline_after)), "{asked}");
        }
        assert_eq!(rule().at_least(Span::MAX).flatline_after, Span::MAX, "cut off at the longest span");
    }

    #[test]
    fn another_rule_judges_what_was_seen_before_it() {
        let mut detector = Detector::new(rule());
        (0..=10).for_each(|at| detector.handle_look(look(at)));
        assert!(verdict(&detector, 10).is_flatlined());
        detector.set_rule(rule().at_least(Span::from_secs(19)));
        assert_eq!(verdict(&detector, 10), Verdict::Unknown(UnknownCause::Watching));
        (11..20).for_each(|at| detector.handle_look(look(at)));
        assert!(!verdict(&detector, 19).is_flatlined());
        detector.handle_look(look(20));
        assert!(verdict(&detector, 20).is_flatlined(), "silence went on counting");
        assert_eq!((detector.looks, detector.good_looks(), detector.beats()), (21, 21, 1));
    }

    #[test]
    fn looks_that_fail_are_looks_and_no_good_ones() {
        let mut detector = Detector::new(rule());
        detector.handle_look(look(0));
        detector.handle_look(Look { finding: Finding::Unreadable, ..look(1) });
        assert_eq!((detector.looks, detector.good_looks()), (2, 1));
        let at = |seconds| Some(BootTime::from_boot(Duration::from_secs(seconds)));
        assert_eq!((detector.last_look_issued(), detector.last_good_look()), (at(1), at(0)));
    }
}
