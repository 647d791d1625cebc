//! `handover` and `failback`: move the work to another cluster, one side stopping before the other starts.

mod driver;
mod endings;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use failover_policy::{ClusterId, HandoverEnd, HandoverRule, Span, WatchRule};
use flatline_shell::{Clock, ClusterArgs, ConfigError, Environment, Exit, Termination, sleep_until};
use heartbeat_store::StoreError;

use self::driver::{Driver, Ended};
use self::plan::Plan;
use crate::advice::Advice;
use crate::operator::args::{ConsentArgs, FailbackArgs, HandoverArgs, HandoverCommonArgs};
use crate::operator::consent;
use crate::operator::console::{Console, Streams};
use crate::operator::setting::Setting;
use crate::operator::stop::{Stop, unless_stopped};
use crate::store_advice::advice;
use crate::strangers::Stranger;

/// `handover --to X`.
pub(crate) async fn handover(
    args: &HandoverArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    run("handover", Some(args.to.clone()), &args.common, environment, clock).await
}

/// `failback`: the same, to the primary unless it says otherwise.
pub(crate) async fn failback(
    args: &FailbackArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    run("failback", args.to.clone(), &args.common, environment, clock).await
}

async fn run(
    command: &'static str,
    to: Option<ClusterId>,
    args: &HandoverCommonArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let mut termination = Termination::install()?;
    let (primary, drain, consent) = (args.primary.clone(), args.drain, args.consent);
    let order = Order { command, to, primary, drain, timeout: args.timeout()?, consent };
    let setting = Setting::open(&args.record, environment, clock).await?;
    let transfer = Transfer { setting, order };
    transfer.run(&mut Streams::new(), async || termination.received().await).await
}

/// What was asked for.
#[derive(Debug, Clone)]
struct Order {
    command: &'static str,
    /// `None` means the primary.
    to: Option<ClusterId>,
    primary: Option<ClusterId>,
    drain: Span,
    timeout: Option<Span>,
    consent: ConsentArgs,
}

#[derive(Debug)]
struct Transfer {
    setting: Setting,
    order: Order,
}

impl Transfer {
    /// Survey, plan, go-ahead, execution. `interrupted` waits for the next signal: the first one asks to stop, and is
    /// answered with where things stand; a second one does not wait for that.
    async fn run(
        &self,
        console: &mut impl Console,
        mut interrupted: impl AsyncFnMut() -> i32,
    ) -> Result<Exit, ConfigError> {
        let (clock, timeout) = (self.setting.clock.as_ref(), self.order.timeout);
        let known = unless_stopped(clock, timeout, &mut interrupted, self.primary(console)).await;
        let primary = match known {
            Ok(primary) => primary,
            Err(stop) => return Ok(stop.before_anything(console)),
        };
        let mut driver = self.driver(primary.as_ref())?;
        let surveyed = unless_stopped(clock, timeout, &mut interrupted, driver.survey(console)).await;
        let nothing_to_do = match surveyed {
            Ok(end) => end,
            Err(stop) => return Ok(stop.before_anything(console)),
        };
        if let Some(end) = nothing_to_do {
            return end_as(&end, primary.as_ref(), &driver, console);
        }
        let looked = unless_stopped(clock, timeout, &mut interrupted, self.stranger(&driver)).await;
        match looked {
            Ok(None) => {}
            Ok(Some(stranger)) => {
                console.complain(&self.never_beat(&stranger));
                return Ok(Exit::CannotTell);
            }
            Err(stop) => return Ok(stop.before_anything(console)),
        }
        if let Some(exit) = self.consented(&driver, console, &mut interrupted).await? {
            return Ok(exit);
        }
        let finished = unless_stopped(clock, timeout, &mut interrupted, driver.finish(console)).await;
        match finished {
            Ok(ended) => match ended? {
                Ended::Decided(end) => end_as(&end, primary.as_ref(), &driver, console),
                Ended::Refused(error) => Ok(self.refused(&error, &driver, console)),
            },
            Err(stop) => Ok(self.leave(stop, &mut driver, console, &mut interrupted).await),
        }
    }

    fn refused(&self, error: &StoreError, driver: &Driver, console: &mut impl Console) -> Exit {
        let standing = self.standing(driver);
        console.complain(&format!("not handed over: {error}; {}. {standing}", advice(error)));
        Exit::CannotTell
    }

    /// The cluster that owns the work while there is no record: as it was named, or the classic one where the store
    /// or the order knows a cluster of that name.
    async fn primary(&self, console: &mut impl Console) -> Option<ClusterId> {
        let flags = ClusterArgs {
            this_cluster: self.order.to.clone(),
            that_cluster: None,
            primary: self.order.primary.clone(),
        };
        if let Some(primary) = flags.primary_among(flags.named()) {
            return Some(primary);
        }
        loop {
            let now = self.setting.clock.now().boot;
            match self.setting.store.clusters().await {
                Ok(clusters) => return flags.primary_among(&clusters),
                Err(error) => console.show(now, &format!("waiting for the store to be read: {error}")),
            }
            let next = now.after(self.setting.timing.poll.get());
            sleep_until(self.setting.clock.as_ref(), next).await;
        }
    }

    fn driver(&self, primary: Option<&ClusterId>) -> Result<Driver, ConfigError> {
        let to = self.order.to.as_ref().or(primary).cloned().ok_or_else(|| {
            ConfigError::new(
                "to which cluster? the primary is not known: set --to, --primary or PRIMARY_CLUSTER",
            )
        })?;
        let rule = HandoverRule {
            to,
            drain: self.order.drain,
            by: self.setting.by.clone(),
            watch: WatchRule::new(&self.setting.timing),
            lease: self.setting.lease(),
            cache_age: self.setting.cache_age,
        };
        Ok(Driver::new(&self.setting, rule))
    }

    /// The successor where it never beat here: no beat of it is worth waiting for.
    async fn stranger(&self, driver: &Driver) -> Option<Stranger> {
        let to = &driver.rule().to;
        let owns = driver.record().record().is_some_and(|record| record.owner == *to);
        if owns { None } else { Stranger::look(&self.setting.store, to).await }
    }

    fn never_beat(&self, stranger: &Stranger) -> String {
        let nearest = stranger.nearest();
        let other = Advice::move_by(self.order.command, nearest);
        let next = match nearest {
            Some(_) => format!(" {other} names that one; else start its beacon first"),
            None => format!(". Start its beacon first; {other} names another"),
        };
        format!("nothing was changed: {stranger}{next}")
    }

    async fn consented(
        &self,
        driver: &Driver,
        console: &mut impl Console,
        interrupted: &mut impl AsyncFnMut() -> i32,
    ) -> Result<Option<Exit>, ConfigError> {
        let Some(record) = driver.record().record() else {
            // Whatever is no record has ended the handover by now.
            return Ok(Some(Exit::CannotTell));
        };
        let plan = Plan::of(driver, record, self.order.command, &self.setting.store.location());
        console.tell(&plan.text)?;
        if let Some(refusal) = self.setting.refusal().await {
            return Ok(Some(self.refused(&refusal, driver, console)));
        }
        let clock = self.setting.clock.as_ref();
        let asking = consent::obtain(self.order.consent, &plan.question, console);
        let asked = unless_stopped(clock, None, interrupted, asking).await;
        match asked {
            Ok(obtained) => obtained,
            Err(stop) => Ok(Some(stop.before_anything(console))),
        }
    }

    /// Stopped short of the end: says where things stand.
    async fn leave(
        &self,
        stop: Stop,
        driver: &mut Driver,
        console: &mut impl Console,
        interrupted: &mut impl AsyncFnMut() -> i32,
    ) -> Exit {
        let clock = self.setting.clock.as_ref();
        let late = std::mem::take(&mut driver.swap_under_way);
        let _ = unless_stopped(clock, None, interrupted, driver.read_record()).await;
        let standing = self.standing(driver);
        let late = if late { " A change was on its way and may still land." } else { "" };
        let trouble = driver.trouble().map_or(String::new(), |error| format!(" ({error})"));
        console.complain(&format!("{}: {standing}{trouble}{late}", stop.word()));
        stop.exit()
    }

    /// What the record says, and how to go on from there.
    fn standing(&self, driver: &Driver) -> String {
        endings::standing(self.order.command, &driver.rule().to, driver.record())
    }
}

fn end_as(
    end: &HandoverEnd,
    primary: Option<&ClusterId>,
    driver: &Driver,
    console: &mut impl Console,
) -> Result<Exit, ConfigError> {
    let exit = endings::exit_of(end);
    let found = driver.heart();
    let heart = endings::Successor { found: found.as_deref(), never_beat: driver.never_beat() };
    let line = endings::line(end, &driver.rule().to, primary, driver.record(), heart);
    if exit == Exit::Done {
        console.tell(&format!("{line}\n"))?;
    } else {
        console.complain(&line);
    }
    Ok(exit)
}
