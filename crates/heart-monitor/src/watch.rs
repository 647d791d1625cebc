//! `watch`: a live line per cluster, redrawn on a terminal, a line per change elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;

use failover_policy::{BootTime, ClusterId, Stamp, Timing, Verdict, WatchRule};
use flatline_shell::{Clock, ConfigError, Environment, Exit, Termination, sleep_until};
use futures::stream::{FuturesUnordered, StreamExt};
use heartbeat_store::Store;

use crate::cli::WatchArgs;
use crate::heart_report::sentence;
use crate::paint;
use crate::timing_args::deadlines;
use crate::watcher::{Sight, Watcher};

pub(crate) async fn run(
    args: &WatchArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let mut termination = Termination::install()
        .map_err(|error| ConfigError::new(format_args!("cannot listen for signals: {error}")))?;
    let timing = args.heart.timing.safe_timing()?;
    let store = args.heart.store.open(environment, deadlines(&timing))?;
    let end = args.watch_for.map(|watch_for| clock.now().boot.after(watch_for.get()));
    let screen = Screen::new(std::io::stdout().is_terminal());
    Ok(tokio::select! {
        biased;
        signal = termination.received() => Exit::Signal(signal),
        () = until(end, clock.as_ref()) => Exit::Done,
        never = follow(&store, &clock, &timing, args.heart.clusters.named().cloned().collect(), screen) => match never {},
    })
}

async fn until(end: Option<BootTime>, clock: &dyn Clock) {
    match end {
        Some(end) => sleep_until(clock, end).await,
        None => std::future::pending().await,
    }
}

/// Follows every cluster for ever; clusters that appear later join at the next look at the list.
async fn follow(
    store: &Store,
    clock: &Arc<dyn Clock>,
    timing: &Timing,
    named: Vec<ClusterId>,
    mut screen: Screen,
) -> std::convert::Infallible {
    let mut known = Vec::new();
    let mut looks = FuturesUnordered::new();
    let mut next_listing = clock.now().boot;
    let mut wanted = named;
    loop {
        if clock.now().boot >= next_listing || looks.is_empty() {
            match store.clusters().await {
                Ok(listed) => wanted.extend(listed),
                Err(error) => screen.trouble(&error.to_string()),
            }
            next_listing = clock.now().boot.after(timing.flatline_after.get());
        }
        for cluster in wanted.drain(..) {
            if !known.contains(&cluster) {
                known.push(cluster.clone());
                let rule = WatchRule::new(timing);
                looks.push(look(Watcher::new(store.clone(), cluster, Arc::clone(clock), rule)));
            }
        }
        match looks.next().await {
            Some((watcher, sight)) => {
                screen.show(watcher.cluster(), &sight);
                looks.push(look(watcher));
            }
            None => sleep_until(clock.as_ref(), clock.now().boot.after(timing.poll.get())).await,
        }
    }
}

async fn look(mut watcher: Watcher) -> (Watcher, Sight) {
    let sight = watcher.next().await;
    (watcher, sight)
}

/// What is on stdout.
#[derive(Debug)]
struct Screen {
    redraws: bool,
    lines: Vec<ShownLine>,
    trouble: Option<String>,
}

#[derive(Debug)]
struct ShownLine {
    cluster: ClusterId,
    verdict: Verdict,
    stamp: Option<Stamp>,
    text: String,
}

impl Screen {
    fn new(redraws: bool) -> Self {
        Self { redraws, lines: Vec::new(), trouble: None }
    }

    /// Shows a heart: all lines anew on a terminal, elsewhere one line where a beat came in or the verdict
    /// changed.
    fn show(&mut self, cluster: &ClusterId, sight: &Sight) {
        let verdict = sight.assessment.verdict;
        let stamp = sight.assessment.evidence.stamp;
        let style = paint::of(verdict);
        let info = sentence(&sight.assessment, sight.error.as_ref());
        let text = format!("{cluster:<8} {style}{verdict:<9}{style:#} {info}");
        let drawn = self.lines.len();
        let position = self.lines.iter().position(|line| line.cluster == *cluster);
        let changed =
            position.is_none_or(|at| (self.lines[at].verdict, self.lines[at].stamp) != (verdict, stamp));
        let line = ShownLine { cluster: cluster.clone(), verdict, stamp, text };
        if !self.redraws && changed {
            paint::print(&format!("{} {}\n", sight.look.completed.wall, line.text));
        }
        if let Some(at) = position {
            self.lines[at] = line;
        } else {
            self.lines.push(line);
            self.lines.sort_by(|one, other| one.cluster.cmp(&other.cluster));
        }
        if self.redraws {
            self.redraw(drawn);
        }
    }

    /// Says once that the list of clusters cannot be read.
    fn trouble(&mut self, error: &str) {
        if self.trouble.as_deref() != Some(error) {
            paint::print_error(error);
            self.trouble = Some(error.to_owned());
        }
    }

    /// Moves up over the `drawn` lines and writes all of them again.
    fn redraw(&self, drawn: usize) {
        let up = if drawn == 0 { String::new() } else { format!("\x1b[{drawn}A") };
        let lines: String = self.lines.iter().map(|line| format!("\r\x1b[2K{}\n", line.text)).collect();
        paint::print(&format!("{up}{lines}"));
    }
}
