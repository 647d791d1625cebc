//! What happens where a rule is broken: the checker must find out.

use std::time::Duration;

use super::child::Child;
use super::promise::Promise;
use super::setting::Setting;

/// A rule that is switched off at the seam between machine and world. The machines stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ablation {
    /// A claim is verified with what was read before it.
    NoVerify,
    /// The record is read before the beat that it is to confirm.
    RecordThenStamp,
    /// A right counts from the read that showed the beat, not from the one before.
    FromTheBeatsOwnRead,
    /// A read that takes a tick counts from its answer, not from its issue: a record that was read while the beat came in
    /// confirms it.
    FromTheAnswer,
    /// The workload outlives `K` by half a second.
    SlowChild,
    /// Clocks drift ten times as fast as is allowed for.
    FastDrift,
    /// Whoever waits goes by the kernel's clock, slewed or not.
    WaitsByTheSlewed,
    /// Whoever holds the work goes by the kernel's clock, slewed or not.
    HoldsByTheSlewed,
    /// Reads are a tick old where the machines were told that they are not.
    HiddenCache,
    /// Each side goes by its own timing, not by the record's.
    OwnTiming,
    /// A handover writes its own timing when it begins, not when it ends.
    ShrinkWhileHeld,
    /// A claimant becomes the owner under the term that the owner before had.
    SameTerm,
    /// A standby sees the owner's first stamp for ever.
    DeafStandby,
    /// A claim is verified by malformed bytes as by the stamp that was read before them.
    BlindVerify,
    /// Malformed bytes are silence also where writes are atomic.
    DebrisOfAtomicWrites,
    /// A refusal is a change of the record like any other.
    DeafToRefusals,
    /// The survivors get less time than a takeover takes.
    Hurry,
}

impl Ablation {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::NoVerify,
        Self::RecordThenStamp,
        Self::FromTheBeatsOwnRead,
        Self::FromTheAnswer,
        Self::SlowChild,
        Self::FastDrift,
        Self::WaitsByTheSlewed,
        Self::HoldsByTheSlewed,
        Self::HiddenCache,
        Self::OwnTiming,
        Self::ShrinkWhileHeld,
        Self::SameTerm,
        Self::DeafStandby,
        Self::BlindVerify,
        Self::DebrisOfAtomicWrites,
        Self::DeafToRefusals,
        Self::Hurry,
    ];

    /// The promises of which one at least is broken without the rule.
    pub fn breaks(self) -> &'static [Promise] {
        match self {
            Self::NoVerify
            | Self::RecordThenStamp
            | Self::FromTheBeatsOwnRead
            | Self::FromTheAnswer
            | Self::SlowChild
            | Self::FastDrift
            | Self::WaitsByTheSlewed
            | Self::HoldsByTheSlewed
            | Self::HiddenCache
            | Self::OwnTiming
            | Self::BlindVerify
            | Self::ShrinkWhileHeld => &[Promise::NeverTwo],
            Self::SameTerm => &[Promise::TermForOne],
            Self::DeafStandby | Self::DebrisOfAtomicWrites => &[Promise::LivingHeart],
            Self::DeafToRefusals => &[Promise::NoClaimAfterRefusal],
            Self::Hurry => &[Promise::SomebodyRuns, Promise::NothingOpen],
        }
    }

    /// The smallest setting in which it shows.
    pub fn setting(self) -> Setting {
        let upset = Setting { ablation: Some(self), ..Setting::new("ablation", 1, 0) };
        let slip = Setting { slips: 1, ..upset.clone() };
        match self {
            Self::NoVerify | Self::RecordThenStamp => slip,
            Self::FromTheBeatsOwnRead
            | Self::SlowChild
            | Self::FastDrift
            | Self::SameTerm
            | Self::DeafStandby => upset,
            Self::FromTheAnswer => upset.with_slow_reads([true, false]),
            Self::WaitsByTheSlewed => upset.with_slews(1).with_orders(1..2),
            Self::HoldsByTheSlewed => upset.with_slews(1).with_orders(0..1),
            Self::HiddenCache => slip.with_cache(vec![[true, true]]),
            Self::OwnTiming => Setting { watches: [9, 6], ..upset },
            Self::ShrinkWhileHeld => Setting { watches: [9, 6], upsets: 2, ..upset }.with_orders(0..1),
            Self::BlindVerify | Self::DeafToRefusals => upset.with_damage(false).with_orders(0..1),
            Self::DebrisOfAtomicWrites => upset.with_damage(true).with_orders(0..1),
            Self::Hurry => Setting { quiet_from: 1, quiet_ticks: 5, ..upset },
        }
    }

    /// Whether nothing comes of it as long as nothing goes wrong, so that it may be in force from the start.
    pub(crate) fn is_harmless_in_peace(self) -> bool {
        self != Self::DeafStandby
    }

    /// How long a SIGKILL takes to do its work.
    pub(crate) fn reaped_after(ablation: Option<Self>) -> Duration {
        let slower =
            if ablation == Some(Self::SlowChild) { Duration::from_millis(500) } else { Duration::ZERO };
        Child::REAPED_AFTER + slower
    }
}
