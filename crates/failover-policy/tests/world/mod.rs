//! A store, its beacons and one monitor on virtual time, driven by a seed.
//!
//! The world is adversarial within the contract's limits: a write lands anywhere between its start and the
//! deadline `w`, a read shows the store as it was when it was *issued* and comes back up to `r` later, and an
//! operation that meets an outage fails and takes its whole deadline. The detector under test is the
//! production one; the world only carries out what it asks for.

use std::time::Duration;

use failover_policy::{
    BootTime, Detector, Finding, Look, Now, SignedSpan, Stamp, Tick, Timing, Verdict, WatchRule,
};

/// Nanoseconds of true time.
pub(crate) type Nanos = i64;

pub(crate) const SECOND: Nanos = 1_000_000_000;
const EPOCH: i64 = 639_000_000_000_000_000;

/// How one machine's wall clock differs from true time: an offset from each moment on, in order of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct WallClock(pub(crate) Vec<(Nanos, Nanos)>);

impl WallClock {
    pub(crate) fn off_by(offset: Nanos) -> Self {
        Self(vec![(Nanos::MIN, offset)])
    }

    fn at(&self, time: Nanos) -> Tick {
        let offset = self.0.iter().rev().find(|(from, _)| *from <= time).map_or(0, |(_, offset)| *offset);
        Tick::from_count(EPOCH).unwrap().saturating_add(SignedSpan::from_ticks((time + offset) / 100))
    }
}

/// One beacon: it beats every `i` from `phase` on until `dies`.
#[derive(Debug, Clone)]
pub(crate) struct Beacon {
    pub(crate) clock: WallClock,
    pub(crate) phase: Nanos,
    pub(crate) dies: Nanos,
}

/// Spans of true time in which nobody reaches the store, or the monitor stands still. They do not overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outages(pub(crate) Vec<(Nanos, Nanos)>);

impl Outages {
    /// The first moment from `time` on that lies outside of all spans.
    fn after(&self, time: Nanos) -> Nanos {
        self.0.iter().find(|(start, end)| (*start..*end).contains(&time)).map_or(time, |(_, end)| *end)
    }

    fn meets(&self, from: Nanos, to: Nanos) -> bool {
        self.0.iter().any(|(start, end)| from < *end && *start <= to)
    }
}

/// Everything that is given before the run starts.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) timing: Timing,
    pub(crate) beacons: Vec<Beacon>,
    pub(crate) monitor_clock: WallClock,
    pub(crate) outages: Outages,
    /// Spans in which the monitor stands still; a read under way has its answer, and nobody looks at it.
    pub(crate) freezes: Outages,
    /// Stamps that land at a moment although nobody alive wrote them just then: late writes.
    pub(crate) late_writes: Vec<(Nanos, Stamp)>,
    pub(crate) starts: Nanos,
    pub(crate) ends: Nanos,
    /// How slow operations are: 0 all instant, 1 anything up to the deadlines, 2 mostly at either end.
    pub(crate) slowness: u8,
    pub(crate) seed: u64,
    /// Switches a rule off: silence is counted up to the completion of the last read instead of its issue.
    pub(crate) judge_at_completion: bool,
}

/// One look and what the detector made of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    pub(crate) issued: Nanos,
    pub(crate) completed: Nanos,
    pub(crate) finding: Finding,
    pub(crate) verdict: Verdict,
    /// How long before the look was issued the last stamp had landed: what the detector cannot know.
    pub(crate) truly_silent: Nanos,
}

impl World {
    /// Runs the monitor from `starts` until `ends` and reports every look. Fails where the detector asks for
    /// looks without end: each poll may bring one more, at the moment the heart would be flat.
    pub(crate) fn run(&self) -> Vec<Judged> {
        let mut dice = Dice(self.seed);
        let store = self.landings(&mut dice);
        let mut detector = Detector::new(WatchRule::new(&self.timing));
        let mut judged = Vec::new();
        let mut time = self.freezes.after(self.starts);
        while time < self.ends {
            let look = self.look(&store, time, &mut dice);
            detector.handle_look(look);
            let completed = nanos(look.completed.boot);
            let landed = store.iter().rev().map(|(lands, _)| *lands).find(|lands| *lands <= time);
            assert!(judged.len() < self.most_looks(), "the detector spins: {self:#?}");
            judged.push(Judged {
                issued: time,
                completed,
                finding: look.finding,
                verdict: detector.assess(look.completed.boot).verdict,
                truly_silent: time - landed.unwrap_or(0),
            });
            time = nanos(detector.poll_wake().expect("a look was made")).max(completed);
            time = self.freezes.after(time);
        }
        judged
    }

    fn most_looks(&self) -> usize {
        let polls = (self.ends - self.starts) / span(self.timing.poll.get());
        usize::try_from(2 * polls + 2).expect("the run is not that long")
    }

    /// Every stamp with the moment at which it lands, in order of time.
    fn landings(&self, dice: &mut Dice) -> Vec<(Nanos, Stamp)> {
        let (interval, deadline) = (span(self.timing.interval.get()), span(self.timing.write_deadline.get()));
        let mut landings = self.late_writes.clone();
        for beacon in &self.beacons {
            let mut tick = beacon.phase;
            while tick < self.ends.min(beacon.dies) {
                let lands = tick + dice.latency(deadline, self.slowness);
                if !self.outages.meets(tick, lands) && lands < beacon.dies {
                    landings.push((lands, Stamp::new(beacon.clock.at(tick))));
                }
                tick += interval;
            }
        }
        landings.sort_by_key(|(lands, _)| *lands);
        landings
    }

    fn look(&self, store: &[(Nanos, Stamp)], issued: Nanos, dice: &mut Dice) -> Look {
        let deadline = span(self.timing.read_deadline.get());
        let answers = issued + dice.latency(deadline, self.slowness);
        let (completed, finding) = if self.outages.meets(issued, answers) {
            (issued + deadline, Finding::Unreadable)
        } else {
            let stamp = store.iter().take_while(|(lands, _)| *lands <= issued).last();
            (answers, stamp.map_or(Finding::Missing, |(_, stamp)| Finding::Stamp(*stamp)))
        };
        let completed = self.freezes.after(completed);
        let judged_as_of = if self.judge_at_completion { completed } else { issued };
        Look { issued: self.now(judged_as_of), completed: self.now(completed), finding }
    }

    fn now(&self, time: Nanos) -> Now {
        let since_boot = Duration::from_nanos(u64::try_from(time).expect("true time is positive"));
        Now::in_step(since_boot, self.monitor_clock.at(time))
    }
}

/// A small repeatable source of randomness (`SplitMix64`), so that a seed names a run.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: Nanos, high: Nanos) -> Nanos {
        let width = u64::try_from(high - low).expect("low is not above high");
        low + Nanos::try_from(self.roll() % (width + 1)).expect("within the width")
    }

    fn latency(&mut self, deadline: Nanos, slowness: u8) -> Nanos {
        match (slowness, self.roll() % 4) {
            (0, _) | (2, 0) => 0,
            (2, 1 | 2) => deadline,
            _ => self.between(0, deadline),
        }
    }
}

pub(crate) fn span(span: Duration) -> Nanos {
    Nanos::try_from(span.as_nanos()).expect("a span of the test fits")
}

fn nanos(boot: BootTime) -> Nanos {
    span(boot.since_boot())
}
