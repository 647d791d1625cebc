//! Every sentence of the flatline rule as a table or a short story, with the defaults `T` 10 s, `p` 1 s,
//! `g` 2.5 s.

#![expect(clippy::unwrap_used, reason = "a test that cannot tell its story must fail")]

use std::time::Duration;

use failover_policy::{
    BootTime, Detector, Evidence, Finding, Fingerprint, FlatlineCause, Look, Malformed, NeverSeen, Now,
    SignedSpan, Span, Stamp, Tick, Timing, UnknownCause, Verdict, WatchRule, Witness,
};

/// Milliseconds on the boot-time clock; the wall clock starts at the same zero plus [`EPOCH`].
type Millis = i64;

const HOUR: Millis = 3_600_000;
const EPOCH: i64 = 639_000_000_000_000_000;

fn wall(at: Millis) -> Tick {
    Tick::from_count(EPOCH + at * 10_000).unwrap()
}

fn boot(at: Millis) -> BootTime {
    BootTime::from_boot(Duration::from_millis(1_000_000 + u64::try_from(at).unwrap()))
}

/// The stamp of a beacon whose clock is in step.
fn stamp(at: Millis) -> Finding {
    Finding::Stamp(Stamp::new(wall(at)))
}

/// Malformed bytes of a place where writes are atomic.
const FOREIGN: Finding = Finding::Malformed(Malformed::Foreign);

/// Malformed bytes of a place where a writer can be caught in the middle.
fn torn(bytes: &[u8], witness: Witness) -> Finding {
    Finding::Malformed(Malformed::Torn { bytes: Fingerprint::of(bytes), witness })
}

/// A story told look by look. Reads take no time unless a test says otherwise.
struct Story {
    detector: Detector,
    last: Millis,
    /// How far the reader's wall clock is off.
    wall_offset: Millis,
}

impl Story {
    fn new(rule: WatchRule) -> Self {
        Self { detector: Detector::new(rule), last: 0, wall_offset: 0 }
    }

    fn default() -> Self {
        Self::new(WatchRule::new(&Timing::default()))
    }

    fn look(&mut self, at: Millis, finding: Finding) -> Verdict {
        self.slow_look(at, at, finding)
    }

    fn slow_look(&mut self, issued: Millis, completed: Millis, finding: Finding) -> Verdict {
        self.last = completed;
        let now = |at| Now::in_step(boot(at).since_boot(), wall(at + self.wall_offset));
        self.detector.handle_look(Look { issued: now(issued), completed: now(completed), finding });
        self.verdict(completed)
    }

    /// A look every second from `from` to `to`, both included.
    fn look_every_second(&mut self, from: Millis, to: Millis, finding: Finding) -> Verdict {
        let mut verdict = self.verdict(self.last);
        for at in (from..=to).step_by(1000) {
            verdict = self.look(at, finding);
        }
        verdict
    }

    fn verdict(&self, at: Millis) -> Verdict {
        self.detector.assess(boot(at)).verdict
    }

    fn evidence(&self) -> Evidence {
        self.detector.assess(boot(self.last)).evidence
    }

    fn wake(&self) -> Option<BootTime> {
        self.detector.poll_wake()
    }
}

const BY_SILENCE: Verdict = Verdict::Flatlined(FlatlineCause::Silence);
const BY_AGE: Verdict = Verdict::Flatlined(FlatlineCause::StampAge);

fn unknown(cause: UnknownCause) -> Verdict {
    Verdict::Unknown(cause)
}

#[test]
fn before_the_first_look_nothing_is_known_and_a_look_is_due_at_once() {
    let story = Story::default();
    assert_eq!((story.verdict(0), story.wake()), (unknown(UnknownCause::NotLooked), None));
}

#[test]
fn a_heart_that_beats_while_watched_is_beating() {
    let mut story = Story::default();
    assert_eq!(
        story.look(0, stamp(0)),
        unknown(UnknownCause::Watching),
        "one stamp may be a dead writer's last"
    );
    assert_eq!(story.look(1000, stamp(0)), unknown(UnknownCause::Watching));
    assert_eq!(story.look(2000, stamp(2000)), Verdict::Beating);
    assert_eq!(story.look(3000, stamp(2000)), Verdict::Beating, "silence is short");
}

#[test]
fn with_clocks_in_step_the_verdict_falls_as_the_stamp_turns_ten_seconds_old() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    assert_eq!(story.look_every_second(1000, 9000, stamp(0)), unknown(UnknownCause::Watching));
    assert_eq!(story.look(10_000, stamp(0)), BY_SILENCE, "silence and age are ten seconds at once here");

    let mut story = Story::default();
    story.look(500, stamp(0));
    assert_eq!(story.look_every_second(1500, 9500, stamp(0)), unknown(UnknownCause::Watching), "9.5 s old");
    assert_eq!(story.look(10_001, stamp(0)), BY_AGE, "9.501 s of silence, 10.001 s old");
}

#[test]
fn the_detector_wakes_at_the_very_moment_and_one_read_decides() {
    let mut story = Story::default();
    story.look(500, stamp(0));
    story.look_every_second(1500, 9500, stamp(0));
    let wake = story.wake().unwrap();
    assert_eq!(
        wake,
        boot(10_000).after(Duration::from_nanos(100)),
        "one tick past ten seconds, not the poll at 10.5"
    );
    assert_eq!(story.look(10_001, stamp(0)), BY_AGE);
    assert_eq!(story.wake(), Some(boot(11_001)), "then it goes on polling");
}

#[test]
fn it_wakes_for_silence_where_the_clocks_hide_the_age_and_never_before_silence_is_confirmed() {
    let table = [
        (HOUR, 500, 9500, 10_500, "a stamp from the future: T after it was first seen"),
        (-HOUR, 500, 8500, 9500, "an old stamp: T − p after it was first seen"),
    ];
    for (written, first, last, wake, why) in table {
        let mut story = Story::default();
        story.look_every_second(first, last, stamp(written));
        story.look(last + 400, stamp(written));
        assert_eq!(story.wake(), Some(boot(wake)), "{why}");
    }
}

#[test]
fn a_wall_clock_that_stands_still_does_not_make_it_spin() {
    let mut story = Story::default();
    story.look_every_second(0, 8000, stamp(-1999));
    let mut at = 9000;
    let mut looks = 0;
    while at < 9990 {
        story.wall_offset = 8000 - at;
        story.look(at, stamp(-1999));
        let wake = story.wake().unwrap().since(boot(0));
        at = Millis::try_from(wake.as_millis()).unwrap();
        looks += 1;
    }
    assert!(looks <= 100, "{looks} looks in a second");
}

#[test]
fn a_look_is_due_one_poll_after_the_last_was_issued_however_long_it_took() {
    let mut story = Story::default();
    story.slow_look(0, 700, stamp(0));
    assert_eq!(story.wake(), Some(boot(1000)));
    story.slow_look(1000, 2000, Finding::Unreadable);
    assert_eq!(
        story.wake(),
        Some(boot(2000)),
        "after a read that ran into its deadline the next is due at once"
    );
}

#[test]
fn skewed_clocks_cannot_hasten_death_below_the_watched_silence_nor_hold_it_off_beyond_t() {
    let table = [
        (-HOUR, 9000, BY_AGE, "a stamp that looks an hour old"),
        (HOUR, 10_000, BY_SILENCE, "a stamp from an hour ahead"),
        (80 * 365 * 24 * HOUR, 10_000, BY_SILENCE, "a stamp eighty years ahead"),
    ];
    for (writer_clock, flat_at, verdict, why) in table {
        let mut story = Story::default();
        story.look(0, stamp(writer_clock));
        let before = story.look_every_second(1000, flat_at - 1000, stamp(writer_clock));
        assert_eq!(before, unknown(UnknownCause::Watching), "{why}");
        assert_eq!(story.look(flat_at, stamp(writer_clock)), verdict, "{why}");
    }
}

#[test]
fn silence_runs_from_the_completion_of_the_first_sight_to_the_issue_of_the_last_look() {
    let mut story = Story::default();
    story.slow_look(0, 900, stamp(-HOUR));
    for at in (1000..=9000).step_by(1000) {
        story.slow_look(at, at + 900, stamp(-HOUR));
    }
    assert_eq!(story.evidence().silence, Some(Duration::from_millis(8100)), "9000 − 900, not 9900 − 900");
    assert_eq!(story.verdict(9900), unknown(UnknownCause::Watching));
    assert_eq!(story.slow_look(9900, 10_000, stamp(-HOUR)), BY_AGE);
}

#[test]
fn good_looks_more_than_the_gap_apart_start_silence_over() {
    let table = [
        (2500, BY_SILENCE, 0, "at the gap it is still one watch"),
        (2501, unknown(UnknownCause::Watching), 1, "past the gap nobody was watching"),
    ];
    for (apart, verdict, gaps, why) in table {
        let mut story = Story::default();
        story.look_every_second(0, 9000, stamp(0));
        story.look(9500, Finding::Unreadable);
        assert_eq!(story.look(9000 + apart, stamp(0)), verdict, "{why}");
        assert_eq!(story.evidence().gaps, gaps, "{why}");
    }
}

#[test]
fn a_frozen_monitor_was_not_watching() {
    let mut story = Story::default();
    story.look_every_second(0, 3000, stamp(0));
    let verdict = story.slow_look(4000, 604_000, stamp(0));
    assert_eq!(verdict, unknown(UnknownCause::Watching), "frozen inside the read, silence starts over");
    assert_eq!(story.verdict(700_000), unknown(UnknownCause::NotWatching), "frozen between two looks");
    assert_eq!(story.look_every_second(700_000, 709_000, stamp(0)), BY_AGE, "then it watches again in full");
}

#[test]
fn what_a_frozen_read_brings_is_old_and_the_next_look_does_not_take_it_for_silence() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    story.look(1000, stamp(0));
    story.slow_look(2000, 602_000, stamp(0));
    assert_eq!(
        story.look(602_100, stamp(0)),
        unknown(UnknownCause::Watching),
        "ten minutes were not watched"
    );
    assert_eq!(story.evidence().silence, Some(Duration::from_millis(100)));
}

#[test]
fn a_beat_from_before_a_gap_does_not_make_a_heart_beat_after_it() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    assert_eq!(story.look(2000, stamp(2000)), Verdict::Beating);
    assert_eq!(
        story.look(62_000, stamp(50_000)),
        unknown(UnknownCause::Watching),
        "its writer may be dead by now"
    );
    assert_eq!(story.look(63_000, stamp(63_000)), Verdict::Beating);
}

#[test]
fn a_step_of_the_wall_clock_is_no_death() {
    for step in [-HOUR, -11_000, 11_000, HOUR] {
        let mut story = Story::default();
        story.look(0, stamp(0));
        for at in (1000..=8000).step_by(1000) {
            story.wall_offset = if at < 4000 { 0 } else { step };
            let verdict = story.look(at, stamp(0));
            assert_eq!(verdict, unknown(UnknownCause::Watching), "stepped by {step}, at {at}");
        }
        assert_eq!(story.look(9500, stamp(9000)), Verdict::Beating, "stepped by {step}");
    }
}

#[test]
fn time_without_looks_never_makes_a_heart_flat() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    story.look(2000, stamp(2000));
    assert_eq!(story.verdict(4500), Verdict::Beating, "within the gap");
    assert_eq!(story.verdict(4501), unknown(UnknownCause::NotWatching));
}

#[test]
fn a_store_that_cannot_be_read_is_unknown_and_never_flat() {
    let mut story = Story::default();
    assert_eq!(story.look_every_second(0, 60_000, Finding::Unreadable), unknown(UnknownCause::Unreadable));
    story.look(61_000, stamp(0));
    story.look(62_000, stamp(62_000));
    assert_eq!(
        story.look_every_second(63_000, 90_000, Finding::Unreadable),
        unknown(UnknownCause::Unreadable)
    );
    assert_eq!(story.evidence().failed_looks, 61 + 28);
}

#[test]
fn a_heart_that_was_never_seen_blocks_unless_told_to_flatline() {
    use NeverSeen::{Flatline, Wait};
    let table = [
        (Wait, Finding::Missing, unknown(UnknownCause::NeverSeen), "an empty folder may be no share at all"),
        (Wait, torn(b"", Witness::Absent), unknown(UnknownCause::Malformed), "what is there is no stamp"),
        (Wait, Finding::Unreadable, unknown(UnknownCause::Unreadable), "nothing is known"),
        (Flatline, Finding::Missing, BY_SILENCE, "silence counts from the first look that reached the store"),
        (Flatline, torn(b"\0\0", Witness::Absent), BY_SILENCE, "what a crash left, and nobody mends"),
        (
            Flatline,
            torn(b"", Witness::Unreadable),
            unknown(UnknownCause::Malformed),
            "a witness that is not heard",
        ),
        (Flatline, FOREIGN, unknown(UnknownCause::Malformed), "no crash of a writer leaves that"),
        (Flatline, Finding::Unreadable, unknown(UnknownCause::Unreadable), "nothing reached the store"),
    ];
    for (never_seen, finding, verdict, why) in table {
        let mut story = Story::new(WatchRule { never_seen, ..WatchRule::new(&Timing::default()) });
        assert!(!story.look_every_second(0, 9000, finding).is_flatlined(), "{why}");
        assert_eq!(story.look(10_000, finding), verdict, "{why}");
    }
}

#[test]
fn a_heart_that_was_seen_is_judged_alike_whatever_never_seen_says() {
    let rule = WatchRule { never_seen: NeverSeen::Flatline, ..WatchRule::new(&Timing::default()) };
    let mut story = Story::new(rule);
    story.look(0, Finding::Missing);
    story.look(1000, stamp(1000));
    assert_eq!(story.look_every_second(2000, 60_000, Finding::Missing), unknown(UnknownCause::Vanished));
}

#[test]
fn bytes_that_a_dying_writer_may_have_left_are_silence_from_when_they_were_first_seen() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    let left = torn(b"", Witness::Absent);
    assert_eq!(
        story.look_every_second(1000, 10_000, left),
        unknown(UnknownCause::Watching),
        "somebody wrote them"
    );
    assert_eq!(story.look(11_000, left), BY_SILENCE, "it was the last thing that the writer did");
}

#[test]
fn malformed_bytes_where_writes_are_atomic_are_never_silence() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    assert_eq!(story.look_every_second(1000, 60_000, FOREIGN), unknown(UnknownCause::Malformed));
    assert_eq!(story.evidence().failed_looks, 60);
}

#[test]
fn malformed_bytes_that_change_or_whose_witness_goes_on_show_somebody_who_lives() {
    let witness = |at: Millis| Witness::Details(Fingerprint::of(&(at / 2000).to_be_bytes()));
    for kind in 0..2 {
        let mut story = Story::default();
        story.look(0, stamp(0));
        for at in (1000..=60_000_i64).step_by(1000) {
            let torn = match kind {
                0 => torn(&(at / 2000).to_be_bytes(), Witness::Absent),
                _ => torn(b"", witness(at)),
            };
            assert!(!story.look(at, torn).is_flatlined(), "{kind} {at}");
        }
    }
}

#[test]
fn a_dead_heart_is_flat_although_every_other_read_of_it_is_damaged() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    for at in (1000..=10_000).step_by(1000) {
        let half = if at % 2000 == 0 { stamp(0) } else { torn(b"639000000", Witness::Absent) };
        assert!(!story.look(at, half).is_flatlined(), "{at}");
    }
    assert_eq!(story.look(11_000, stamp(0)), BY_SILENCE, "damage of one kind restarts silence once");
}

#[test]
fn whoever_cannot_hear_the_second_witness_knows_nothing() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    let mute = torn(b"", Witness::Unreadable);
    assert_eq!(story.look_every_second(1000, 60_000, mute), unknown(UnknownCause::Malformed));
}

#[test]
fn a_life_sign_from_elsewhere_starts_silence_over_and_is_no_beat() {
    let mut story = Story::default();
    story.look_every_second(0, 9000, stamp(0));
    story.detector.handle_life_sign(boot(9500));
    assert_eq!(story.look_every_second(10_000, 18_000, stamp(0)), unknown(UnknownCause::Watching));
    story.detector.handle_life_sign(boot(5000));
    assert_eq!(
        story.look(18_500, stamp(0)),
        BY_AGE,
        "nine seconds after it; one from before it changes nothing"
    );
    assert_eq!(story.evidence().beats, 1);
}

#[test]
fn a_stamp_that_vanished_leaves_the_verdict_unknown() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    story.look(2000, stamp(2000));
    assert_eq!(story.look_every_second(3000, 60_000, Finding::Missing), unknown(UnknownCause::Vanished));
}

#[test]
fn a_stamp_read_before_is_not_a_beat_even_if_it_comes_back() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    story.look(1000, stamp(1000));
    for at in (2000..=10_000).step_by(1000) {
        let verdict = story.look(at, stamp(if at % 2000 == 0 { 0 } else { 1000 }));
        assert!(!verdict.is_flatlined(), "{at}");
    }
    assert_eq!(story.look(11_000, stamp(0)), BY_SILENCE, "ten seconds after the last new stamp");
}

#[test]
fn stamps_are_compared_for_change_and_never_for_order() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    for at in (1000..=60_000).step_by(1000) {
        assert_eq!(story.look(at, stamp(-at)), Verdict::Beating, "a clock that runs backwards still beats");
    }
}

#[test]
fn a_late_write_restarts_silence_once() {
    let mut story = Story::default();
    story.look(0, stamp(0));
    story.look_every_second(1000, 8000, stamp(0));
    assert_eq!(
        story.look(9000, stamp(-500)),
        Verdict::Beating,
        "a write that hung since before the last stamp"
    );
    assert_eq!(story.look_every_second(10_000, 17_000, stamp(-500)), Verdict::Beating);
    assert_eq!(story.look(18_000, stamp(-500)), BY_AGE, "nine seconds of silence later, and old");
}

#[test]
fn a_beat_after_flatline_is_a_beating_heart_again() {
    let mut story = Story::default();
    assert_eq!(story.look_every_second(0, 10_000, stamp(0)), BY_SILENCE);
    assert_eq!(story.look(11_000, stamp(11_000)), Verdict::Beating);
}

#[test]
fn with_no_confirmation_an_old_stamp_is_believed_at_first_sight() {
    let table = [
        (-10_001, BY_AGE, "older than ten seconds"),
        (-10_000, Verdict::Beating, "ten seconds old is not more than ten seconds"),
        (0, Verdict::Beating, "fresh"),
        (10_000, Verdict::Beating, "ten seconds ahead"),
        (10_001, unknown(UnknownCause::FutureStamp), "further ahead than any skew that could be believed"),
    ];
    for (written, verdict, why) in table {
        let mut story = Story::new(WatchRule::new(&Timing::default()).at_first_sight());
        assert_eq!(story.look(0, stamp(written)), verdict, "{why}");
    }
}

#[test]
fn with_no_confirmation_silence_still_outlasts_a_stamp_from_the_future() {
    let mut story = Story::new(WatchRule::new(&Timing::default()).at_first_sight());
    assert_eq!(story.look_every_second(0, 9000, stamp(HOUR)), unknown(UnknownCause::FutureStamp));
    assert_eq!(story.look(10_000, stamp(HOUR)), BY_SILENCE);
}

#[test]
fn skew_is_the_smallest_age_of_a_beat_that_came_in_and_decides_nothing() {
    let mut story = Story::default();
    story.look(0, stamp(-5000));
    assert_eq!(story.evidence().skew, None, "the first stamp may have lain there for days");
    story.slow_look(1000, 1200, stamp(700));
    assert_eq!(story.evidence().skew, Some(SignedSpan::from_ticks(5_000_000)), "0.5 s old when first seen");
    story.look(2000, stamp(1900));
    assert_eq!(story.evidence().skew, Some(SignedSpan::from_ticks(1_000_000)));
    story.look(3000, stamp(4000));
    assert_eq!(story.evidence().skew, Some(SignedSpan::from_ticks(-10_000_000)), "signed");
    story.look_every_second(4000, 19_000, torn(b"", Witness::Absent));
    for beat in 20..36 {
        story.look(beat * 1000, stamp(beat * 1000 - 3000));
    }
    assert_eq!(story.evidence().skew, Some(SignedSpan::from_ticks(30_000_000)), "of the last sixteen beats");
}

#[test]
fn a_shorter_confirmation_is_honoured_but_needs_an_old_stamp() {
    let rule = WatchRule { confirm: Span::from_secs(3), ..WatchRule::new(&Timing::default()) };
    let mut story = Story::new(rule);
    assert_eq!(story.look_every_second(0, 2000, stamp(-HOUR)), unknown(UnknownCause::Watching));
    assert_eq!(story.look(3000, stamp(-HOUR)), BY_AGE);
}
