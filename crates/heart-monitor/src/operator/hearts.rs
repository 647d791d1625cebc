//! One look at a heart, for plans.

use failover_policy::{ClusterId, Verdict, WatchRule};

use crate::heart_report::sentence;
use crate::operator::setting::Setting;
use crate::watcher::Watcher;

/// What a single look says: the stamp's age is believed, as `check` does.
pub(crate) async fn first_sight(setting: &Setting, cluster: &ClusterId) -> (Verdict, String) {
    let rule = WatchRule::new(&setting.timing).at_first_sight();
    let mut watcher = Watcher::new(setting.store.clone(), cluster.clone(), setting.clock.clone(), rule);
    let sight = watcher.next().await;
    (sight.assessment.verdict, sentence(&sight.assessment, sight.error.as_ref()))
}
