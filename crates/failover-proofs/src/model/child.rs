//! A workload that stops as late as it is allowed to.

use std::time::Duration;

use failover_policy::{ChildOrder, HoldTime};

/// The workload of one guard. It ignores SIGTERM, and is gone half a second after SIGKILL: what `K` allows for
/// noticing, signalling and reaping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Child {
    None,
    Runs,
    /// It got SIGTERM.
    Lingers,
    /// It got SIGKILL in time, and is gone at that moment.
    Dies(HoldTime),
}

impl Child {
    /// How long a SIGKILL may take to do its work, as `K` has it.
    pub(crate) const REAPED_AFTER: Duration = Duration::from_millis(500);

    pub(crate) fn exists(self) -> bool {
        self != Self::None
    }

    /// Takes an order of its guard. A kill takes as long as `reaped_after`, unless it is one without a grace: the guard
    /// was frozen and finds its deadline missed; the child was frozen with it, and gets no time.
    pub(crate) fn obey(self, order: ChildOrder, at: HoldTime, reaped_after: Duration) -> Self {
        match (order, self) {
            (ChildOrder::Start { .. }, _) => Self::Runs,
            (ChildOrder::Terminate(_), _) => Self::Lingers,
            (ChildOrder::Kill(_), Self::Lingers) if reaped_after > Duration::ZERO => {
                Self::Dies(at.after(reaped_after))
            }
            (ChildOrder::Kill(_), _) => Self::None,
        }
    }
}
