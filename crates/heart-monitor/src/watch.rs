//! `watch`: a live line per cluster, redrawn on a terminal, a line per change elsewhere.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::Arc;

use failover_policy::{BootTime, ClusterId, Stamp, Timing, Verdict, WatchRule};
use flatline_shell::{Clock, ConfigError, Environment, Exit, sleep_until};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use heartbeat_store::{Store, StoreError};

use crate::cli::WatchArgs;
use crate::heart_report::sentence;
use crate::paint::{self, Audience, cut};
use crate::strangers::Stranger;
use crate::timing_args::deadlines;
use crate::watcher::{Sight, Watcher};

pub(crate) async fn run(
    args: &WatchArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let timing = args.heart.timing.safe_timing()?;
    let store = args.heart.store.open(environment, deadlines(&timing))?;
    let end = args.watch_for.map(|watch_for| clock.now().boot.after(watch_for.get()));
    let screen = Screen::new(terminal_columns());
    Ok(tokio::select! {
        biased;
        () = until(end, clock.as_ref()) => Exit::Done,
        unwritten = follow(&store, &clock, &timing, args.heart.clusters.named().cloned().collect(), screen) => return unwritten,
    })
}

async fn until(end: Option<BootTime>, clock: &dyn Clock) {
    match end {
        Some(end) => sleep_until(clock, end).await,
        None => std::future::pending().await,
    }
}

/// Follows every cluster until nobody reads any more; clusters that appear later join at the next look at the
/// list.
async fn follow(
    store: &Store,
    clock: &Arc<dyn Clock>,
    timing: &Timing,
    named: Vec<ClusterId>,
    mut screen: Screen,
) -> Result<Exit, ConfigError> {
    let mut steps: FuturesUnordered<LocalBoxFuture<'_, Step>> = FuturesUnordered::new();
    steps.push(list(store, clock, clock.now().boot).boxed_local());
    let mut known = BTreeSet::new();
    let mut wanted = named.clone();
    loop {
        for cluster in wanted.drain(..).filter(|cluster| known.insert(cluster.clone())) {
            let watcher = Watcher::new(store.clone(), cluster, Arc::clone(clock), WatchRule::new(timing));
            steps.push(look(watcher).boxed_local());
        }
        let audience = match steps.next().await {
            Some(Step::Looked(looked)) => {
                let (watcher, sight) = *looked;
                let shown = screen.show(watcher.cluster(), &sight)?;
                steps.push(look(watcher).boxed_local());
                shown
            }
            Some(Step::Listed(listed)) => {
                let shown = screen.note_listing(trouble(&listed, &named, store))?;
                wanted.extend(listed.unwrap_or_default());
                let next = clock.now().boot.after(timing.flatline_after.get());
                steps.push(list(store, clock, next).boxed_local());
                shown
            }
            // A listing is always under way.
            None => std::future::pending().await,
        };
        if audience == Audience::Gone {
            return Ok(Exit::Done);
        }
    }
}

/// That the list of clusters cannot be read, is empty, or lacks one that was named.
fn trouble(
    listed: &Result<BTreeSet<ClusterId>, StoreError>,
    named: &[ClusterId],
    store: &Store,
) -> Option<String> {
    match listed {
        Err(error) => Some(error.to_string()),
        Ok(clusters) if clusters.is_empty() => {
            Some(format!("no cluster has a stamp in {}", store.location()))
        }
        Ok(clusters) => {
            let strangers = named.iter().filter(|named| !clusters.contains(*named));
            let told =
                strangers.map(|named| Stranger::among(store, named, Some(clusters.clone())).to_string());
            Some(told.collect::<Vec<_>>().join("; ")).filter(|told| !told.is_empty())
        }
    }
}

/// What ended: each goes on beside the others, so that none waits for a store that is slow for another.
enum Step {
    Looked(Box<(Watcher, Sight)>),
    Listed(Result<BTreeSet<ClusterId>, StoreError>),
}

async fn look(mut watcher: Watcher) -> Step {
    let sight = watcher.next().await;
    Step::Looked(Box::new((watcher, sight)))
}

async fn list(store: &Store, clock: &Arc<dyn Clock>, at: BootTime) -> Step {
    sleep_until(clock.as_ref(), at).await;
    Step::Listed(store.clusters().await)
}

/// What is on stdout.
#[derive(Debug)]
struct Screen {
    /// Columns of the terminal; `None` where lines are written once and for all.
    columns: Option<usize>,
    lines: Vec<ShownLine>,
    trouble: Option<String>,
    /// Lines that stand on the terminal now.
    drawn: usize,
}

#[derive(Debug)]
struct ShownLine {
    cluster: ClusterId,
    verdict: Verdict,
    stamp: Option<Stamp>,
    info: String,
}

impl Screen {
    fn new(columns: Option<usize>) -> Self {
        Self { columns, lines: Vec::new(), trouble: None, drawn: 0 }
    }

    /// Shows a heart: all lines anew on a terminal, elsewhere one line where a beat came in or the verdict
    /// changed.
    fn show(&mut self, cluster: &ClusterId, sight: &Sight) -> Result<Audience, ConfigError> {
        let verdict = sight.assessment.verdict;
        let stamp = sight.assessment.evidence.stamp;
        let info = sentence(&sight.assessment, sight.error.as_ref());
        let line = ShownLine { cluster: cluster.clone(), verdict, stamp, info };
        let position = self.lines.iter().position(|line| line.cluster == *cluster);
        let changed =
            position.is_none_or(|at| (self.lines[at].verdict, self.lines[at].stamp) != (verdict, stamp));
        if self.columns.is_none() && changed {
            let text = format!("{} {}\n", sight.look.completed.wall, line.painted(usize::MAX));
            if paint::print(&text)? == Audience::Gone {
                return Ok(Audience::Gone);
            }
        }
        if let Some(at) = position {
            self.lines[at] = line;
        } else {
            self.lines.push(line);
            self.lines.sort_by(|one, other| one.cluster.cmp(&other.cluster));
        }
        self.redraw()
    }

    /// Says once what is wrong with the list of clusters, until it is otherwise.
    fn note_listing(&mut self, trouble: Option<String>) -> Result<Audience, ConfigError> {
        if self.trouble == trouble {
            return Ok(Audience::Listening);
        }
        if let (None, Some(trouble)) = (self.columns, &trouble) {
            paint::print_error(trouble);
        }
        self.trouble = trouble;
        self.redraw()
    }

    /// Moves up over what stands on the terminal and writes all of it again, each line cut to the width.
    fn redraw(&mut self) -> Result<Audience, ConfigError> {
        let Some(columns) = self.columns else { return Ok(Audience::Listening) };
        let up = if self.drawn == 0 { String::new() } else { format!("\x1b[{}A", self.drawn) };
        let hearts = self.lines.iter().map(|line| line.painted(columns));
        let trouble = self.trouble.iter().map(|trouble| cut(trouble, columns));
        let lines: Vec<String> = hearts.chain(trouble).collect();
        self.drawn = lines.len();
        let lines: String = lines.iter().map(|line| format!("\r\x1b[2K{line}\n")).collect();
        // What stood below and is gone must not stay.
        paint::print(&format!("{up}{lines}\x1b[J"))
    }
}

impl ShownLine {
    fn painted(&self, columns: usize) -> String {
        let Self { cluster, verdict, info, .. } = self;
        let style = paint::of(*verdict);
        let head = format!("{cluster:<8} {verdict:<9} ");
        let left = columns.saturating_sub(head.chars().count());
        format!("{cluster:<8} {style}{verdict:<9}{style:#} {}", cut(info, left))
    }
}

/// The width of the terminal that stdout is; `None` where it is none, or one that cannot move its cursor.
fn terminal_columns() -> Option<usize> {
    if std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb") {
        return None;
    }
    let stdout = std::io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
    stdout.is_terminal().then(|| size.unwrap_or(80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_to_the_width_so_that_it_never_wraps() {
        let line = ShownLine {
            cluster: "west-1".parse().unwrap(),
            verdict: Verdict::Beating,
            stamp: None,
            info: "last beat ".repeat(20),
        };
        let shown = anstream::adapter::strip_str(&line.painted(80)).to_string();
        assert_eq!(shown.chars().count(), 80, "{shown}");
    }
}
