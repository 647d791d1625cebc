//! What every command that changes the record has at hand.

use std::sync::Arc;

use failover_policy::{GateRule, LeaseTiming, Span, Timing};
use flatline_shell::{Clock, ConfigError, Environment, process_name};
use heartbeat_store::{RecordName, Store, StoreError};

use crate::operator::args::RecordArgs;
use crate::ownership::cache_age;
use crate::timing_args::deadlines;

/// An open store, and what goes into records.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timing: Timing,
    /// `c`: how old the answer of a read can be, in true time.
    pub(crate) cache_age: Span,
    /// Names this process, unlike any other.
    pub(crate) by: String,
}

impl Setting {
    pub(crate) async fn open(
        args: &RecordArgs,
        environment: &Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let timing = args.safe_timing()?;
        let place = args.store.place(environment)?;
        let store = args.store.open_and_reach(environment, deadlines(&timing)).await?;
        let cache_age = cache_age::of(&place, args.cache_age, timing.read_deadline.get()).await;
        let by = signature(environment, clock.as_ref())?;
        Ok(Self { store, clock, timing, cache_age: GateRule::in_true_time(cache_age), by })
    }

    /// Why the store would refuse a change of the record, to be told before anybody says yes to one. A store that is away
    /// or full for a moment refuses nothing.
    pub(crate) async fn refusal(&self) -> Option<StoreError> {
        let touched = self.store.touch_record(&RecordName::Ownership).await;
        touched.err().filter(|error| {
            matches!(
                error,
                StoreError::Denied { .. } | StoreError::Unsupported { .. } | StoreError::Obstructed { .. }
            )
        })
    }

    /// What goes into the record where nobody holds the work by what was promised before.
    pub(crate) fn lease(&self) -> LeaseTiming {
        LeaseTiming::of(&self.timing)
    }
}

/// The name that an operator's command signs with: that of its process, and a hint that a person was at work.
pub(crate) fn signature(environment: &Environment, clock: &dyn Clock) -> Result<String, ConfigError> {
    Ok(format!("operator:{}", process_name(environment, clock.now().wall)?))
}
