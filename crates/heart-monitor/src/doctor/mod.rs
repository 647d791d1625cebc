//! `doctor`: examines the store, the credential, the mount, the record, the clocks and the budget, and says what to mend.

mod beacons;
mod finding;
mod hearts;
mod kernel_clock;
mod mount;
mod ownership;
mod primary;
mod report;
mod store_probe;

use std::sync::Arc;

use failover_policy::{ClusterId, Inequality, Role, Severity, Timing};
use flatline_shell::{Clock, ConfigError, Environment, Exit, measure_slew};
use heartbeat_store::Place;

use crate::cli::{DoctorArgs, Output};
use crate::doctor::beacons::Beacons;
use crate::doctor::finding::Finding;
use crate::doctor::hearts::Hearts;
use crate::doctor::report::{DoctorReport, human};
use crate::doctor::store_probe::Examination;
use crate::owner_heart;
use crate::paint;
use crate::record_report::RecordReport;
use crate::timing_args::deadlines;

pub(crate) async fn run(
    args: &DoctorArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let timing = Timing { stop_grace: args.stop_grace, ..args.heart.timing.timing() };
    let place = args.heart.store.place(environment)?;
    let store = args.heart.store.open_and_reach(environment, deadlines(&timing)).await?;
    let mut findings = Vec::new();
    if let Place::Folder(root) = place {
        findings.extend(mount::examine(root, timing.read_deadline.get()).await);
    }
    findings.extend(store.credential().map(|credential| Finding::ok("credential", credential)));
    findings
        .extend(store_probe::examine(&store, clock.as_ref(), &timing, examination(args, environment)?).await);
    let record = RecordReport::read(&store, clock.now()).await;
    findings.extend(ownership::examine(&record, &store, &args.heart.clusters, &timing, clock.now()).await);
    let owner = record.record().and_then(owner_heart::whose);
    findings.extend(primary::examine(&store, &args.heart.clusters, record.record()).await);
    findings.extend(ownership::activation_key(environment));
    // Durations that no monitor starts with are no way to watch a heart either.
    let hearts = async {
        match timing.check(Role::Gate) {
            Ok(()) => hearts::examine(args, owner, &store, &clock, &timing).await,
            Err(_) => Hearts::default(),
        }
    };
    let (hearts, slew) = tokio::join!(hearts, measure_slew());
    findings.push(kernel_clock::judge(slew, &timing));
    findings.extend(budget(&timing, &hearts.beacons));
    findings.extend(hearts.findings);
    let report = DoctorReport::new(store.location(), findings);
    match args.output.output {
        Output::Human => paint::print(&human(&report))?,
        Output::Json => paint::print_json(&report)?,
    };
    Ok(if report.healthy { Exit::Done } else { Exit::CannotTell })
}

/// What is tried, and what depends on it. The flag of `wait` and `run` is known by its variable alone.
fn examination(args: &DoctorArgs, environment: &Environment) -> Result<Examination, ConfigError> {
    let needs_swaps = environment.get("HEART_MONITOR_OWNERSHIP")? != Some("off");
    Ok(Examination { read_only: args.read_only, needs_swaps })
}

fn budget(timing: &Timing, seen: &[(ClusterId, Beacons)]) -> Vec<Finding> {
    let broken = timing.budget().lines(Role::Guard).filter(|line| !line.holds()).copied().collect::<Vec<_>>();
    if broken.is_empty() {
        return vec![Finding::ok("timing", "every inequality of the budget holds")];
    }
    let finding = |line: Inequality| {
        let text = format!("{}, so nothing ensures that {}", beacons::broken(&line), line.meaning);
        match line.severity {
            Severity::Refused if line.concerns(Role::Gate) => Finding::fail("timing", text, line.remedy),
            Severity::Refused => {
                Finding::warn("timing", format!("{text}; 'run' does not start"), line.remedy)
            }
            Severity::Warned if line.is_about_pauses() => beacons::judge(&line, seen),
            Severity::Warned => Finding::warn("timing", text, line.remedy),
        }
    };
    broken.into_iter().map(finding).collect()
}
