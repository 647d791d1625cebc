//! Who may run: the ownership record, and the machines that change it and obey it.
//!
//! Data flows one way: a read of the store becomes evidence ([`RecordLook`], [`crate::Look`]), evidence becomes a
//! verdict (what the record says, whether a heart is flat, whether the right to run is held), and a verdict
//! becomes a [`Step`] or a [`ChildOrder`] for the shell to carry out. Each machine has one grammar: `poll_step`
//! says what to do next and may be asked again until it was done, `handle_*` takes what came of it. Gate and guard are
//! also asked what to do besides what is [`UnderWay`], since on a slow store their reads overlap.
//!
//! | machine | waits for | changes the record by |
//! |---|---|---|
//! | [`Gate`] | this cluster's turn | creating, claiming, owning, giving back, contesting, taking back, completing |
//! | [`Guard`] | a gate, then the loss of the [`Right`] | its gate |
//! | [`Handover`] | the old side to have stopped | releasing, completing, cancelling |
//!
//! Why it is safe is told in `docs/safety.md`, and checked by the model and the simulator in
//! `crates/failover-proofs`.

mod codec;
mod counters;
mod gate;
mod guard;
mod handover;
mod lease_timing;
mod look;
mod maintenance;
mod record;
mod right;
mod step;

pub use codec::UnusableRecord;
pub use counters::{Exhausted, Floor};
pub use gate::{Gate, GateRule, Mode, Opening, Waiting};
pub use guard::{ChildOrder, Guard, GuardRule, StopCause};
pub use handover::{Handover, HandoverEnd, HandoverRule, HandoverStep, HandoverWait};
pub use lease_timing::LeaseTiming;
pub use look::{LossCause, RecordFinding, RecordLook, RecordMemory, RecordState};
pub use maintenance::{Maintenance, MaintenanceFinding};
pub use record::{OwnershipRecord, Phase};
pub use right::{OnStoreLoss, Right};
pub use step::{Lane, Purpose, Step, Swap, SwapOutcome, UnderWay};
