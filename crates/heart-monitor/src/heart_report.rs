//! What people and programs are told about one heart: the JSON of `check`, `status` and `/state`, and the
//! sentence beside it.

use std::time::Duration;

use failover_policy::{
    Assessment, ClusterId, Evidence, FlatlineCause, Letter, SignedSpan, UnknownCause, Verdict,
};
use heartbeat_store::{BeatDetails, StoreError};
use serde::{Serialize, Serializer};

/// One heart, as of one look. Times are whole milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct HeartReport {
    /// The cluster whose heart this is.
    pub(crate) cluster: ClusterId,
    /// `D` dead, `O` owned, `S` standby; `null` where the verdict is unknown or the primary is not known.
    pub(crate) letter: Option<&'static str>,
    /// `beating`, `flatlined` or `unknown`.
    #[serde(serialize_with = "as_word")]
    pub(crate) verdict: Verdict,
    /// Why it is flat or unknown, in snake case; `null` for a beating heart.
    pub(crate) reason: Option<&'static str>,
    /// The stamp, in decimal ticks, as text: it does not fit a JSON number exactly.
    pub(crate) stamp: Option<String>,
    /// The same instant in RFC 3339.
    pub(crate) stamp_time: Option<String>,
    /// The stamp's age by the local wall clock; negative where it lies in the future.
    pub(crate) stamp_age_ms: Option<i64>,
    /// How long the heart has been silent under watch.
    pub(crate) silence_ms: Option<i64>,
    /// The smallest age of a beat when it came in, signed; `null` where none came in.
    pub(crate) skew_ms: Option<i64>,
    /// Beats that the writer's process has written, by the beat details.
    pub(crate) heart_beat_count: Option<u64>,
    /// The writer's interval, by the beat details.
    pub(crate) interval_ms: Option<i64>,
    /// The process that wrote the beat, by the beat details.
    pub(crate) writer: Option<String>,
    /// When that process started, by the beat details.
    pub(crate) writer_started: Option<String>,
    /// All of it in a sentence.
    pub(crate) info: String,
}

impl HeartReport {
    /// Puts together what is known. `primary` is `None` where nobody said which cluster that is.
    pub(crate) fn new(
        cluster: &ClusterId,
        primary: Option<&ClusterId>,
        assessment: &Assessment,
        error: Option<&StoreError>,
        details: Option<BeatDetails>,
    ) -> Self {
        let Assessment { verdict, evidence } = *assessment;
        let letter = match (verdict, primary) {
            (Verdict::Beating, None) => None,
            _ => Letter::without_record(verdict, primary == Some(cluster)),
        };
        Self {
            cluster: cluster.clone(),
            letter: letter.map(Letter::as_str),
            verdict,
            reason: verdict.reason(),
            stamp: evidence.stamp.map(|stamp| stamp.to_string()),
            stamp_time: evidence.stamp.map(|stamp| stamp.tick().to_string()),
            stamp_age_ms: evidence.stamp_age.map(SignedSpan::as_millis),
            silence_ms: evidence.silence.map(whole_millis),
            skew_ms: evidence.skew.map(SignedSpan::as_millis),
            heart_beat_count: details.as_ref().map(|details| details.beat_count),
            interval_ms: details
                .as_ref()
                .and_then(BeatDetails::interval)
                .map(|interval| whole_millis(interval.get())),
            writer: details.as_ref().map(|details| details.writer.to_string()),
            writer_started: details.map(|details| details.process_start),
            info: sentence(assessment, error),
        }
    }
}

/// What the verdict rests on, for a person.
pub(crate) fn sentence(assessment: &Assessment, error: Option<&StoreError>) -> String {
    let Assessment { verdict, evidence } = assessment;
    match verdict {
        Verdict::Beating => format!("last beat {}", stamp_and_age(evidence)),
        Verdict::Flatlined(FlatlineCause::Silence) => {
            format!("no beat for {} under watch, last {}", silence(evidence), stamp_and_age(evidence))
        }
        Verdict::Flatlined(FlatlineCause::StampAge)
            if evidence.silence.is_none_or(|silence| silence.is_zero()) =>
        {
            format!("last beat {}, believed at first sight", stamp_and_age(evidence))
        }
        Verdict::Flatlined(FlatlineCause::StampAge) => {
            format!("last beat {}; no new one in {} of watching", stamp_and_age(evidence), silence(evidence))
        }
        Verdict::Unknown(cause) => match error {
            Some(error) => error.to_string(),
            None => why_unknown(*cause, evidence),
        },
    }
}

fn why_unknown(cause: UnknownCause, evidence: &Evidence) -> String {
    match cause {
        UnknownCause::NotLooked => "not looked at yet".to_owned(),
        UnknownCause::NeverSeen => "the store has no stamp of this cluster".to_owned(),
        UnknownCause::Vanished => "the stamp has vanished from the store".to_owned(),
        UnknownCause::Malformed => "what the store holds is no stamp".to_owned(),
        UnknownCause::Unreadable => "the store cannot be read".to_owned(),
        UnknownCause::Watching => format!(
            "no beat in {} of watching, too short to tell; stamp {}",
            silence(evidence),
            stamp_and_age(evidence)
        ),
        UnknownCause::NotWatching => "the last good look is too long ago".to_owned(),
        UnknownCause::FutureStamp => {
            format!("the stamp lies too far in the future, {}; compare the clocks", stamp_and_age(evidence))
        }
    }
}

fn stamp_and_age(evidence: &Evidence) -> String {
    match (evidence.stamp, evidence.stamp_age) {
        (Some(stamp), Some(age)) if age < SignedSpan::ZERO => {
            format!("{}, {} ahead of this clock", stamp.tick(), SignedSpan::from_ticks(-age.ticks()))
        }
        (Some(stamp), Some(age)) => format!("{}, {age} ago", stamp.tick()),
        _ => "never".to_owned(),
    }
}

fn silence(evidence: &Evidence) -> String {
    seconds(evidence.silence.unwrap_or_default())
}

/// Seconds with milliseconds: how every duration is written that was measured.
pub(crate) fn seconds(span: Duration) -> String {
    format!("{:.3}s", span.as_secs_f64())
}

/// A duration for JSON; the longest that there is has 2^63 ms and more, which nobody sees.
pub(crate) fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn as_word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.word())
}
