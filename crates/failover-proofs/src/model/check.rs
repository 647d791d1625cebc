//! Hands all runs to the checker.

use std::num::NonZero;
use std::thread;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use super::promise::Promise;
use super::report::Report;
use super::runs::Runs;
use super::setting::Setting;

/// Goes through every run of a setting, or until a promise is broken.
pub fn check(setting: Setting) -> Report {
    let name = setting.name;
    let started = Instant::now();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let builder = Runs::of(setting).checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
    let checker = builder.spawn_bfs().join();
    let runs = checker.model();
    let mut discoveries = checker.discoveries();
    let broken = Promise::ALL.into_iter().filter_map(|promise| {
        let path = discoveries.remove(promise.text())?;
        Some((promise, runs.retell(path)))
    });
    Report {
        name,
        broken: broken.collect(),
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        took: started.elapsed(),
        happened: runs.happened(),
    }
}
