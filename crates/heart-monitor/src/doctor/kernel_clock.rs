//! Is the kernel's clock slewed now, and what does that do to a takeover and to a right to run?

use failover_policy::{SignedSpan, Timing};

use crate::doctor::finding::Finding;

/// The drift that every clock may have, 0.1 %, in millionths.
const DRIFT: i64 = 1000;
/// A kernel slews its clock by a tenth at most, and complains of itself from eleven hundredths on.
const MOST: i64 = 110_000;
const MILLION: i64 = 1_000_000;

/// What to say of a kernel's clock that runs so many millionths faster than the hardware's; `None`: that one stands still.
pub(crate) fn judge(gains: Option<i64>, timing: &Timing) -> Finding {
    match gains {
        Some(gains) if gains.abs() <= DRIFT => {
            Finding::ok("kernel clock", "runs within 0.1 % of the hardware's")
        }
        Some(gains) if gains.abs() <= MOST => Finding::warn(
            "kernel clock",
            format!("{}: harmless for safety; until that is over, {}", slewed(gains), cost(gains, timing)),
            "it ends by itself as the offset shrinks. If it lasts for hours, 'chronyc tracking' or 'timedatectl timesync-status' \
             on the node says why: then one of both clocks is off for good",
        ),
        Some(gains) => broken(&format!(
            "runs {} % {} than the hardware's",
            percent(gains),
            word(gains, "faster", "slower")
        )),
        None => broken("runs, and the hardware's (CLOCK_MONOTONIC_RAW) stands still"),
    }
}

fn slewed(gains: i64) -> String {
    format!("a time daemon {} by {} % now", word(gains, "speeds it up", "slows it down"), percent(gains))
}

/// Whoever waits goes by the slower clock, whoever holds by the faster one.
fn cost(gains: i64, timing: &Timing) -> String {
    if gains < 0 {
        let threshold =
            SignedSpan::from_millis(i64::try_from(timing.flatline_after.get().as_millis()).unwrap_or(0));
        let takes = at_rate(threshold, MILLION + gains);
        return format!("a takeover by this node waits {takes} where it would wait {threshold}");
    }
    let hold = timing.hold();
    let lasts = at_rate(hold, MILLION + gains);
    format!("a beat lets a guard on this node run its workload for {lasts}, not {hold}")
}

fn broken(how: &str) -> Finding {
    Finding::fail(
        "kernel clock",
        format!("{how}, which no time daemon does: one of both is wrong, and nobody can tell which"),
        "let no guard and no standby run on this node: its clocksource (/sys/devices/system/clocksource) or its hypervisor is to \
         be mended",
    )
}

/// How long this takes by a clock that runs at so many millionths of true time.
fn at_rate(span: SignedSpan, rate: i64) -> SignedSpan {
    SignedSpan::from_ticks(span.ticks() / 1000 * MILLION / rate * 1000)
}

fn percent(gains: i64) -> String {
    let hundredths = (gains.unsigned_abs() + 50) / 100;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn word(gains: i64, faster: &'static str, slower: &'static str) -> &'static str {
    if gains < 0 { slower } else { faster }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_kernels_clock_is_judged_by_how_far_it_is_from_the_hardwares() {
        let table = [
            (Some(0), Level::Ok, "runs within 0.1 % of the hardware's"),
            (Some(-37), Level::Ok, "within 0.1 %"),
            (Some(1000), Level::Ok, "within 0.1 %"),
            (Some(1001), Level::Warn, "a time daemon speeds it up by 0.10 % now"),
            (Some(-83_000), Level::Warn, "waits 10.905s where it would wait 10.000s"),
            (Some(83_333), Level::Warn, "for 6.444s, not 6.982s"),
            (Some(-100_000), Level::Warn, "waits 11.111s where it would wait 10.000s"),
            (
                Some(110_001),
                Level::Fail,
                "runs 11.00 % faster than the hardware's, which no time daemon does",
            ),
            (Some(-1_000_000), Level::Fail, "runs 100.00 % slower"),
            (None, Level::Fail, "CLOCK_MONOTONIC_RAW) stands still"),
        ];
        for (gains, level, text) in table {
            let finding = judge(gains, &Timing::default());
            assert_eq!(finding.level, level, "{gains:?}");
            assert!(finding.text.contains(text), "{gains:?}: {}", finding.text);
        }
    }
}
