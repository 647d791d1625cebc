//! Decides whether a cluster's heart is beating, flatlined or unknown, and which cluster may run.
//!
//! Everything here is a pure function of what was read and when: callers pass what they saw in the store
//! together with [`Now`], and get back a [`Verdict`] with the [`Evidence`] behind it and the moment at which
//! they should look again. Follow a beat through the modules in this order: [`Stamp`] (what a beacon wrote),
//! [`Look`] (what one read found), [`Detector`] (what a series of looks means), [`Verdict`] (the answer).
//! [`Timing`] holds every duration and the inequalities that make a set of them safe. On top of it stand the
//! ownership record and its machines: [`Gate`], [`Guard`], [`Handover`].
//!
//! What this crate does not do: it reads no clock, no file and no environment, spawns nothing and sleeps
//! never. `clippy.toml` beside the manifest bans the calls, and the dependency list shows it.

mod budget;
mod clock;
mod cluster_id;
mod detector;
mod letter;
mod look;
mod ownership;
mod seen;
mod signed_span;
mod span;
mod stamp;
mod tick;
mod timing;
mod verdict;

pub use budget::{Budget, Inequality, Role, Severity, UnsafeTiming};
pub use clock::{BootTime, HoldTime, Now};
pub use cluster_id::{ClusterId, InvalidClusterId};
pub use detector::{Detector, NeverSeen, WatchRule};
pub use letter::Letter;
pub use look::{Finding, Fingerprint, Look, Malformed, Witness};
pub use ownership::{
    ChildOrder, Exhausted, Floor, Gate, GateRule, Guard, GuardRule, Handover, HandoverEnd, HandoverRule,
    HandoverStep, HandoverWait, Lane, LeaseTiming, LossCause, Maintenance, MaintenanceFinding, Mode,
    OnStoreLoss, Opening, OwnershipRecord, Phase, Purpose, RecordFinding, RecordLook, RecordMemory,
    RecordState, Right, Step, StopCause, Swap, SwapOutcome, UnderWay, UnusableRecord, Waiting,
};
pub use signed_span::SignedSpan;
pub use span::{InvalidSpan, Span};
pub use stamp::{MalformedStamp, Stamp};
pub use tick::{InvalidInstant, Tick, TickOutOfRange};
pub use timing::Timing;
pub use verdict::{Assessment, Evidence, FlatlineCause, UnknownCause, Verdict};
