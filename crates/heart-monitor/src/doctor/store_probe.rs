//! Tries what beacons and monitors do to the store.

use std::time::Duration;

use failover_policy::{Role, Timing};
use flatline_shell::Clock;
use heartbeat_store::{Oddity, RecordName, Store, StoreError, Touched, Unlike};

use crate::doctor::finding::{Cause, Finding};
use crate::heart_report::seconds;
use crate::record_probe::{Probed, Swaps, probe};
use crate::store_advice::advice;

/// How often is read to learn how long that takes.
const READS: u32 = 3;

/// What is to be tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Examination {
    /// No write and no swap.
    pub(crate) read_only: bool,
    /// Whether anything depends on swaps: without a record nothing does.
    pub(crate) needs_swaps: bool,
}

/// Examines reading, and writing and swapping unless it is to be left out.
pub(crate) async fn examine(
    store: &Store,
    clock: &dyn Clock,
    timing: &Timing,
    examination: Examination,
) -> Vec<Finding> {
    let started = clock.now().boot;
    let listed = store.clusters().await;
    let took = clock.now().boot.since(started);
    let mut findings = match listed {
        Ok(clusters) if clusters.is_empty() => vec![Finding::warn(
            "read",
            "the store can be read and no cluster has a stamp in it",
            "start a beacon, or look whether both sides use the same store and prefix; a gate that watches one blocks until \
             then",
        )
        .because(Cause::EMPTY_STORE)],
        Ok(clusters) => {
            let names: Vec<String> = clusters.iter().map(ToString::to_string).collect();
            vec![Finding::ok("read", format!("clusters with a stamp: {}", names.join(", ")))]
        }
        Err(error) => {
            let finding = Finding::fail("read", error.to_string(), advice(&error));
            vec![finding.because(Cause::of_the_whole(&error))]
        }
    };
    findings = findings.into_iter().map(|finding| finding.taking(took)).collect();
    findings.extend(slow_reads(store, clock, timing).await);
    // Where it cannot be listed, that was said above.
    findings.extend(store.oddities().await.unwrap_or_default().into_iter().map(odd));
    if examination.read_only {
        findings.push(Finding::ok("write", "not tried (--read-only)"));
    } else {
        let probed = probe(store, clock).await;
        let decides = matches!(probed.swapped, Some(Ok(Swaps::OneWins(_))));
        findings.extend(tried(probed, timing, examination.needs_swaps));
        if decides && examination.needs_swaps {
            findings.push(touched(store.touch_record(&RecordName::Ownership).await));
        }
    }
    findings
}

/// What lies about, as a finding.
fn odd(oddity: Oddity) -> Finding {
    match oddity {
        Oddity::Probe { name, remove } => Finding::warn(
            "left behind",
            format!(
                "{name} lies in the store: a doctor or a standby was interrupted while it tried a record; it does no harm"
            ),
            format!("if it is still there in a minute: {remove}"),
        ),
        Oddity::OtherCase { found, meant, same: true } => Finding::warn(
            "upper case",
            format!(
                "{found} is cluster {meant}'s folder in upper case, on a share that does not tell the two apart; lists leave it out"
            ),
            format!(
                "rename it to {meant}, in two steps, and set THIS_CLUSTER to {meant} where a classic writer made it"
            ),
        ),
        Oddity::OtherCase { found, meant, same: false } => Finding::warn(
            "upper case",
            format!("{found} holds a stamp that nobody reads: cluster ids are in lower case"),
            format!("set THIS_CLUSTER to {meant} where it is written"),
        ),
    }
}

/// What trying a record's life came to, as findings.
fn tried(probed: Probed, timing: &Timing, needs_swaps: bool) -> Vec<Finding> {
    let mut findings = match probed.created {
        Ok(took) => {
            let mut findings = vec![Finding::ok("write", "a record can be written").taking(took)];
            findings.extend(slow("writes", took, timing.write_deadline.get()));
            findings
        }
        Err((error @ StoreError::Unsupported { .. }, _)) => vec![no_swaps(&error, needs_swaps)],
        Err((error @ StoreError::Denied { .. }, _)) => {
            let remedy = "a beacon needs to write, and so does a standby's monitor; with --ownership off it does not: ask \
                          it with --read-only";
            vec![Finding::fail("write", error.to_string(), remedy).because(Cause::of(&error))]
        }
        Err((error, took)) => {
            let finding = Finding::fail("write", error.to_string(), advice(&error)).taking(took);
            vec![finding.because(Cause::of(&error))]
        }
    };
    findings.extend(probed.swapped.map(|swapped| swaps(swapped, needs_swaps)));
    findings.extend(probed.left_behind.map(|(id, error)| {
        let finding = Finding::warn("clean-up", error.to_string(), format!("remove .probe-{id} by hand"));
        finding.because(Cause::of(&error))
    }));
    findings
}

/// Whether the very record that a takeover changes could be changed: another one that can be says nothing of it.
fn touched(touched: Result<Touched, StoreError>) -> Finding {
    match touched {
        Ok(Touched { unlike: None }) => Finding::ok("claim", "the ownership record itself could be changed"),
        Ok(Touched { unlike: Some(Unlike { what, mend }) }) => {
            let text =
                format!("the ownership record could be changed by this user, and maybe by no other: {what}");
            Finding::warn("claim", text, format!("as root: {mend}"))
        }
        Err(error) => {
            let text = format!("nobody here could take the work over: {error}");
            Finding::fail("claim", text, advice(&error)).because(Cause::of(&error))
        }
    }
}

fn swaps(swapped: Result<Swaps, StoreError>, needs_swaps: bool) -> Finding {
    match swapped {
        Ok(Swaps::OneWins(took)) => {
            Finding::ok("swap", "a swap wins once, and a second one from the same state loses").taking(took)
        }
        Ok(Swaps::BothWin) => Finding::fail(
            "swap",
            "two swaps from the same state both won: this place cannot decide between two claimants",
            "use another place; ownership is not safe here",
        ),
        Err(error @ StoreError::Unsupported { .. }) => no_swaps(&error, needs_swaps),
        Err(error) => Finding::fail("swap", error.to_string(), advice(&error)).because(Cause::of(&error)),
    }
}

/// Without swaps nobody can own the work; only where nothing is recorded that does not matter.
fn no_swaps(error: &StoreError, needs_swaps: bool) -> Finding {
    let remedy = "fine for --ownership off; anything else needs Azure Blob or a mount that can do this";
    if needs_swaps {
        return Finding::fail("swap", error.to_string(), remedy).because(Cause::of(error));
    }
    Finding::warn("swap", error.to_string(), remedy).because(Cause::of(error))
}

/// Reads a few times what monitors read all the time, and names the durations that suit the slowest answer, where these
/// do not.
async fn slow_reads(store: &Store, clock: &dyn Clock, timing: &Timing) -> Option<Finding> {
    let mut slowest = Duration::ZERO;
    for _ in 0..READS {
        let started = clock.now().boot;
        // Why reads fail is said elsewhere.
        store.read_record(&RecordName::Ownership).await.ok()?;
        slowest = slowest.max(clock.now().boot.since(started));
    }
    judge_reads(slowest, timing)
}

fn judge_reads(slowest: Duration, timing: &Timing) -> Option<Finding> {
    let late = slowest > timing.read_deadline.get() / 2;
    let stops = timing.check(Role::Guard).is_ok() && !timing.survives_answers_of(slowest);
    let what = match (late, stops) {
        (false, false) => return None,
        (true, false) => "a slower one fails",
        (false, true) => "some that come late one after the other can stop the owner's workload",
        (true, true) => {
            "a slower one fails, and some that come late one after the other can stop the owner's workload"
        }
    };
    let (took, deadline) = (seconds(slowest), seconds(timing.read_deadline.get()));
    let Timing { read_deadline, poll, flatline_after, .. } = timing.suited_to_answers_of(slowest);
    Some(Finding::warn(
        "latency",
        format!("reads took up to {took} of a deadline of {deadline}: {what}"),
        format!(
            "look at the way to the store, or raise --poll to {poll}, --read-deadline to {read_deadline} and --flatline-after              to {flatline_after}, in both clusters"
        ),
    ))
}

/// Warns of a store that takes most of its deadline on an ordinary day.
fn slow(what: &str, took: Duration, deadline: Duration) -> Option<Finding> {
    let text = || format!("{what} took {} of a deadline of {}", seconds(took), seconds(deadline));
    (took > deadline / 2).then(|| {
        Finding::warn(
            "latency",
            text(),
            "look at the way to the store, or use one that is nearer to both regions",
        )
    })
}

#[cfg(test)]
mod tests {
    use failover_policy::Span;

    use super::*;

    #[test]
    fn slow_reads_are_named_with_durations_that_suit_them() {
        let warned = |millis, timing: &Timing| {
            judge_reads(Duration::from_millis(millis), timing)
                .map(|finding| format!("{}; {}", finding.text, finding.remedy.unwrap_or_default()))
        };
        assert_eq!(warned(490, &Timing::default()), None);
        let said = warned(900, &Timing::default()).unwrap();
        let parts = [
            "up to 0.900s of a deadline of 1.000s",
            "raise --poll to 1400ms, --read-deadline to 1800ms",
            "stop the owner's",
        ];
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
        let patient = Timing { flatline_after: Span::from_secs(35), ..Timing::default() };
        assert!(!warned(900, &patient).unwrap().contains("stop the owner's"), "the right lasts long enough");
    }

    #[test]
    fn what_lies_about_is_a_warning_with_what_to_do() {
        let other = |same| Oddity::OtherCase { found: "A".to_owned(), meant: "a".parse().unwrap(), same };
        let probe = Oddity::Probe { name: ".probe-7".to_owned(), remove: "rm -r /mnt/.probe-7".to_owned() };
        let table = [
            (probe, "it does no harm", "rm -r /mnt/.probe-7"),
            (other(true), "does not tell the two apart", "rename it to a, in two steps"),
            (other(false), "nobody reads", "set THIS_CLUSTER to a"),
        ];
        for (oddity, text, remedy) in table {
            let finding = odd(oddity);
            assert!(finding.text.contains(text), "{finding:?}");
            assert!(finding.remedy.as_deref().is_some_and(|found| found.contains(remedy)), "{finding:?}");
        }
    }
}
