//! `check`: one heart, one answer, an exit code that scripts can use.

use std::sync::Arc;

use failover_policy::{ClusterId, Letter, Span, UnknownCause, Verdict, WatchRule};
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use futures::future::join;
use serde::Serialize;

use crate::cli::{CheckArgs, Output};
use crate::heart_report::{HeartReport, whole_millis};
use crate::operator::found;
use crate::paint;
use crate::record_report::letter;
use crate::strangers::Stranger;
use crate::timing_args::deadlines;
use crate::watcher::Watcher;

/// The JSON document of `check`, format version 1.
#[derive(Debug, Serialize)]
struct CheckReport {
    version: u32,
    store: String,
    checked_at: String,
    flatline_after_ms: i64,
    exit_code: i32,
    #[serde(flatten)]
    heart: HeartReport,
}

pub(crate) async fn run(
    args: &CheckArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    // A single look watches nothing, so the budget of watching does not bind it.
    let looks_once = args.watch_for == Span::ZERO;
    let timing = if looks_once { args.heart.timing.timing() } else { args.heart.timing.safe_timing()? };
    let cluster = watched(args)?;
    let store = args.heart.store.open_and_reach(environment, deadlines(&timing)).await?;
    let rule = WatchRule::new(&timing);
    let rule = if looks_once { rule.at_first_sight() } else { rule };
    let mut watcher = Watcher::new(store.clone(), cluster.clone(), Arc::clone(&clock), rule);
    let sight = watcher.look_until_decided(args.watch_for).await;
    let verdict = sight.assessment.verdict;
    let exit = exit_of(verdict);
    // Details and letter are a courtesy: without them the answer stands.
    let (details, found) = join(store.read_details(&cluster), found::read(&store)).await;
    let primary = args.heart.clusters.primary_among(args.heart.clusters.named());
    let details = details.ok().flatten();
    let heart =
        HeartReport::new(&cluster, primary.as_ref(), &sight.assessment, sight.error.as_ref(), details);
    let letter = letter(&found, &cluster, verdict, primary.as_ref()).map(Letter::as_str);
    let stranger = match verdict {
        Verdict::Unknown(UnknownCause::NeverSeen) => Stranger::look(&store, &cluster).await,
        _ => None,
    };
    let info = stranger.map_or(heart.info, |stranger| stranger.to_string());
    let heart = HeartReport { letter, info, ..heart };
    match args.output.output {
        Output::Human => paint::print(&human(&heart))?,
        Output::Json => paint::print_json(&CheckReport {
            version: 1,
            store: store.location(),
            checked_at: clock.now().wall.to_string(),
            flatline_after_ms: whole_millis(timing.flatline_after.get()),
            exit_code: exit.code(),
            heart,
        })?,
    };
    Ok(exit)
}

/// The cluster to look at: `--that-cluster`, or `--this-cluster` where only that is given.
fn watched(args: &CheckArgs) -> Result<ClusterId, ConfigError> {
    let clusters = &args.heart.clusters;
    clusters.that_cluster.clone().or_else(|| clusters.this_cluster.clone()).ok_or_else(|| {
        ConfigError::new("whose heart is to be checked? set --that-cluster or THAT_CLUSTER, such as a")
    })
}

fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Beating => Exit::Done,
        Verdict::Flatlined(_) => Exit::Flatlined,
        Verdict::Unknown(_) => Exit::CannotTell,
    }
}

fn human(heart: &HeartReport) -> String {
    let style = paint::of(heart.verdict);
    format!("cluster {}: {style}{}{style:#}: {}\n", heart.cluster, heart.verdict, heart.info)
}
