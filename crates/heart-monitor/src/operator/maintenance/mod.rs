//! `maintenance`: keep gates from taking over by themselves for a while.

mod renewal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use failover_policy::{Maintenance, MaintenanceFinding, SignedSpan, Span, Tick, Timing};
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use heartbeat_store::{Store, StoreError};

use self::renewal::Renewal;
use crate::advice::Advice;
use crate::carrier::{Carried, Carrier};
use crate::operator::args::{MaintenanceAction, MaintenanceArgs};
use crate::operator::console::{Console, Streams};
use crate::operator::setting::signature;
use crate::operator::words;
use crate::timing_args::deadlines;

/// How often writing the maintenance record is tried where the answer is lost.
const TRIES: usize = 3;

/// `maintenance [on | off | status]`.
pub(crate) async fn maintenance(
    args: &MaintenanceArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let order = Order::check(args)?;
    let timing = args.timing.safe_timing()?;
    let store = args.store.open_and_reach(environment, deadlines(&timing)).await?;
    let by = signature(environment, clock.as_ref())?;
    let desk = Desk { store, clock, timing, by };
    desk.run(&order, &mut Streams::new()).await
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Order {
    On { duration: Span, reason: String },
    Off,
    Show,
}

impl Order {
    fn check(args: &MaintenanceArgs) -> Result<Self, ConfigError> {
        let (duration, reason) = (args.duration, args.reason.clone());
        match (args.action, duration, reason) {
            (MaintenanceAction::On, Some(Span::ZERO), _) => Err(ConfigError::new(format_args!(
                "--for 0s is no time at all; {} switches it off",
                Advice::MaintenanceOff
            ))),
            (MaintenanceAction::On, Some(_), Some(reason)) if !is_one_short_line(&reason) => {
                Err(ConfigError::new("--reason is one line of up to 512 bytes, and says something"))
            }
            (MaintenanceAction::On, Some(duration), Some(reason)) => Ok(Self::On { duration, reason }),
            (MaintenanceAction::Off, None, None) => Ok(Self::Off),
            (MaintenanceAction::Status, None, None) => Ok(Self::Show),
            _ => Err(ConfigError::new("--for and --reason belong together, and to 'maintenance on' alone")),
        }
    }
}

fn is_one_short_line(reason: &str) -> bool {
    !reason.trim().is_empty() && reason.len() <= 512 && !reason.chars().any(char::is_control)
}

#[derive(Debug)]
struct Desk {
    store: Store,
    clock: Arc<dyn Clock>,
    timing: Timing,
    by: String,
}

impl Desk {
    async fn run(&self, order: &Order, console: &mut impl Console) -> Result<Exit, ConfigError> {
        let carrier = Carrier::new(self.store.clone(), Arc::clone(&self.clock));
        let (_, Carried { answer: before, error }) = carrier.look_at_maintenance().await;
        if let Some(error) = error {
            console.complain(&format!("{error}; nothing was changed"));
            return Ok(Exit::CannotTell);
        }
        match order {
            Order::Show => {
                console.tell(&format!("{}\n", words::maintenance(&before, self.now())))?;
                Ok(Exit::Done)
            }
            Order::Off if before == MaintenanceFinding::Off => {
                console.tell("nothing to do: maintenance is not on\n")?;
                Ok(Exit::Done)
            }
            Order::Off => self.switch_off(console).await,
            Order::On { duration, reason } => self.switch_on(*duration, reason, &before, console).await,
        }
    }

    async fn switch_off(&self, console: &mut impl Console) -> Result<Exit, ConfigError> {
        let record = self.record(false, self.now(), "switched off");
        if let Err(error) = self.write(&record).await {
            console.complain(&format!("maintenance may still be on: {error}; run this again"));
            return Ok(Exit::CannotTell);
        }
        console.tell("maintenance is off: takeovers are automatic again\n")?;
        Ok(Exit::Done)
    }

    /// First the maintenance record, then a new revision of the ownership record: whoever decided on the old one reads
    /// both again before it can act.
    async fn switch_on(
        &self,
        duration: Span,
        reason: &str,
        before: &MaintenanceFinding,
        console: &mut impl Console,
    ) -> Result<Exit, ConfigError> {
        let owner_before = Renewal::look(&self.store).await;
        let ticks = i64::try_from(duration.get().as_nanos() / 100).unwrap_or(i64::MAX);
        let until = self.now().saturating_add(SignedSpan::from_ticks(ticks));
        let record = self.record(true, until, reason);
        if let Err(error) = self.write(&record).await {
            console.complain(&format!("maintenance may or may not be on: {error}; run this again"));
            return Ok(Exit::CannotTell);
        }
        let replaced = match before {
            MaintenanceFinding::On(old) => format!(" (until {} before)", old.until),
            MaintenanceFinding::Off | MaintenanceFinding::Unusable(_) | MaintenanceFinding::Unreadable => {
                String::new()
            }
        };
        console.tell(&format!(
            "{}{replaced}\n",
            words::maintenance(&MaintenanceFinding::On(record), self.now())
        ))?;
        let renewal = Renewal::carry_out(&self.store, &self.timing, &self.by).await;
        let report = renewal.report(owner_before.as_ref(), &self.timing);
        if renewal.failed() {
            console.complain(&report);
            return Ok(Exit::CannotTell);
        }
        console.tell(&format!("{report}\n"))?;
        Ok(Exit::Done)
    }

    fn record(&self, active: bool, until: Tick, reason: &str) -> Maintenance {
        let (by, reason) = (self.by.clone(), reason.to_owned());
        Maintenance { version: Maintenance::VERSION, active, until, by, reason }
    }

    async fn write(&self, record: &Maintenance) -> Result<(), StoreError> {
        let body = record.to_json();
        let mut written = self.store.write_maintenance(&body).await;
        for _ in 1..TRIES {
            if !matches!(written, Err(StoreError::Unreachable { .. } | StoreError::Ambiguous { .. })) {
                break;
            }
            tokio::time::sleep(self.timing.poll.get()).await;
            written = self.store.write_maintenance(&body).await;
        }
        written
    }

    fn now(&self) -> Tick {
        self.clock.now().wall
    }
}
