//! Hands all runs to the checker.

use std::num::NonZero;
use std::thread;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use super::promise::Promise;
use super::report::Report;
use super::runs::Runs;
use super::setting::Setting;

/// Goes through every run of a setting, or until a promise is broken. Orders of turns have no states in common, so
/// they are gone through one by one: that takes less memory.
pub fn check(setting: &Setting) -> Report {
    let started = Instant::now();
    let mut report = Report::of(setting.name);
    for order in setting.orders.clone() {
        if report.broken().is_empty() {
            report.add(check_one_order(setting.clone().with_orders(order..order + 1)));
        }
    }
    Report { took: started.elapsed(), ..report }
}

/// Breadth first where a broken promise is looked for, since that tells the shortest story; depth first otherwise, since
/// few states are then waiting to be gone on with.
fn check_one_order(setting: Setting) -> Report {
    let (name, wants_story) = (setting.name, setting.ablation.is_some());
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let builder = Runs::of(setting).checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
    if wants_story {
        report(name, &builder.spawn_bfs().join())
    } else {
        report(name, &builder.spawn_dfs().join())
    }
}

fn report(name: &'static str, checker: &impl Checker<Runs>) -> Report {
    let runs = checker.model();
    let mut discoveries = checker.discoveries();
    let broken = Promise::ALL.into_iter().filter_map(|promise| {
        let path = discoveries.remove(promise.text())?;
        Some((promise, runs.retell(path)))
    });
    Report {
        broken: broken.collect(),
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        happened: runs.happened(),
        ..Report::of(name)
    }
}
