//! What a handover is about to do, told before it is done.

use std::time::Duration;

use failover_policy::{ClusterId, HandoverRule, OwnershipRecord, Phase, Span};

use super::driver::Driver;
use crate::advice::Advice;
use crate::operator::words::{origin, seconds_left, sentence};
use crate::paint;

/// The plan, and the question at its end.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) text: String,
    pub(super) question: String,
}

impl Plan {
    /// The plan for the record that the driver found.
    pub(super) fn of(driver: &Driver, record: &OwnershipRecord, command: &str, location: &str) -> Self {
        let HandoverRule { to, .. } = driver.rule();
        match &record.phase {
            Phase::Releasing { successor, .. } if successor == to => {
                Self::complete(driver, command, location, record)
            }
            Phase::Releasing { successor, .. } => {
                Self::call_off(command, location, record, successor.as_str())
            }
            Phase::Active { .. } | Phase::Pending { .. } => {
                let now = format!("{} ({})", sentence(record), origin(record));
                let next_term = record.term.saturating_add(1);
                let settle = driver.settle(record);
                Self::release(driver, command, location, (&record.owner, &now, next_term), settle)
            }
        }
    }

    fn release(
        driver: &Driver,
        command: &str,
        location: &str,
        (from, now, next_term): (&ClusterId, &str, u64),
        settle: Duration,
    ) -> Self {
        let HandoverRule { to, drain, watch, .. } = driver.rule();
        let heart = driver.heart().unwrap_or_else(|| "not looked at yet".to_owned());
        let grace = if *drain == Span::ZERO { String::new() } else { format!("{drain} and ") };
        let beat = watch.flatline_after.get();
        let text = format!(
            "{}\n\
             plan       hand the work in {location} over from cluster {from} to cluster {to}\n\
             now        {now}\n\
             successor  cluster {to}: {heart}\n\
             step 1     wait for a beat of cluster {to}: {} at most, else nothing is changed\n\
             step 2     write 'releasing' into the record: the guards of cluster {from} send SIGTERM, and SIGKILL {grace}a stop grace later\n\
             step 3     wait until it has stopped for certain: {}; nobody runs\n\
             step 4     write cluster {to} into the record, term {next_term}: its guards start, its gates open\n\
             in all     {} to {}, and the answers of the store\n\
             {}",
            warning(from),
            seconds_left(beat),
            seconds_left(settle),
            seconds_left(settle),
            seconds_left(settle + beat),
            if_interrupted(driver, command, from, settle),
        );
        Self { text, question: format!("Hand the work over from cluster {from} to cluster {to}?") }
    }

    fn complete(driver: &Driver, command: &str, location: &str, record: &OwnershipRecord) -> Self {
        let (to, from) = (&driver.rule().to, &record.owner);
        let settle = driver.settle(record);
        let drain = match record.phase {
            Phase::Releasing { drain, .. } if drain != driver.rule().drain => {
                format!("; it lets the workload finish for {drain}, and that stays")
            }
            _ => String::new(),
        };
        let text = format!(
            "{}\n\
             plan       complete the handover of the work in {location} from cluster {from} to cluster {to}\n\
             now        {} ({}){drain}\n\
             step 1     wait until cluster {from} has stopped for certain, counted anew: {}; nobody runs\n\
             step 2     write cluster {to} into the record, term {}: its guards start, its gates open\n\
             {}",
            warning(from),
            sentence(record),
            origin(record),
            seconds_left(settle),
            record.term.saturating_add(1),
            if_interrupted(driver, command, from, settle),
        );
        Self { text, question: format!("Complete the handover to cluster {to}?") }
    }

    fn call_off(command: &str, location: &str, record: &OwnershipRecord, successor: &str) -> Self {
        let OwnershipRecord { owner, term, .. } = record;
        let text = format!(
            "Nothing is stopped by this: it calls off the handover of the work in {location} to cluster {successor}.\n\
             now        {} ({})\n\
             step 1     write cluster {owner} into the record as the active owner, term {term} as before: its guards \
             start again\n\
             if interrupted: run {} again\n",
            sentence(record),
            origin(record),
            Advice::move_by(command, owner),
        );
        Self { text, question: format!("Call the handover to cluster {successor} off?") }
    }
}

/// The first line of every plan that moves work.
fn warning(from: &ClusterId) -> String {
    let bad = paint::BAD;
    format!(
        "{bad}Unguarded workloads do not stop{bad:#}: scale whatever runs in cluster {from} without 'heart-monitor run' \
         to zero first."
    )
}

fn if_interrupted(driver: &Driver, command: &str, from: &ClusterId, settle: Duration) -> String {
    let to = &driver.rule().to;
    format!(
        "interrupted before 'releasing' is written: nothing has changed\n\
         interrupted after that: nobody runs until {} is run again, or a guard or gate of cluster {to} has seen the \
         record stand still for {}; {} calls it off\n\
         cluster {to} silent for {} meanwhile: cluster {from} gets the work back\n",
        Advice::move_by(command, to),
        seconds_left(settle),
        Advice::move_by(command, from),
        seconds_left(driver.rule().watch.flatline_after.get()),
    )
}
