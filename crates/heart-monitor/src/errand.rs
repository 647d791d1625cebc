//! One step of a machine, carried out.

use failover_policy::{BootTime, ClusterId, Lane, Look, MaintenanceFinding, RecordLook, Step, Swap};

use crate::carrier::{Carried, Carrier, Swapped};

/// What came of a step at the store: first for the machine that asked, then for whoever keeps the log.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    /// For `handle_own`.
    Own(Carried<Look>),
    /// For `handle_record`.
    Record(Carried<RecordLook>),
    /// For `handle_heart`.
    Heart(ClusterId, Carried<Look>),
    /// For `handle_maintenance`.
    Maintenance(BootTime, Carried<MaintenanceFinding>),
    /// For `handle_swap`.
    Swap(Box<Swap>, Carried<Swapped>),
}

impl Errand {
    /// The lane that was busy with it.
    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::Own(_) => Lane::Own,
            Self::Record(_) | Self::Swap(..) => Lane::Record,
            Self::Heart(..) => Lane::Heart,
            Self::Maintenance(..) => Lane::Maintenance,
        }
    }
}

impl Carrier {
    /// Carries a step out; `None` where it asks nothing of the store. `this` is the cluster of the machine.
    pub(crate) async fn run(&self, step: Step, this: &ClusterId) -> Option<Errand> {
        Some(match step {
            Step::ReadOwn => Errand::Own(self.look_at_heart(this).await),
            Step::ReadRecord => Errand::Record(self.look_at_record().await),
            Step::ReadHeart(cluster) => {
                let look = self.look_at_heart(&cluster).await;
                Errand::Heart(cluster, look)
            }
            Step::ReadMaintenance => {
                let (issued, read) = self.look_at_maintenance().await;
                Errand::Maintenance(issued, read)
            }
            Step::Swap(swap) => {
                let swapped = self.swap(&swap).await;
                Errand::Swap(swap, swapped)
            }
            Step::Sleep(_) | Step::Open(_) => return None,
        })
    }
}
