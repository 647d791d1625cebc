//! Whether the body of an answer is what its headers announce: a proxy, a cache or a client library can cut one short
//! and still report success. What is left of a stamp or a record is not what the store holds, so it is handed to nobody.

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};

const CONTENT_RANGE: HeaderName = HeaderName::from_static("content-range");
const CONTENT_LENGTH: HeaderName = HeaderName::from_static("content-length");

/// How many bytes a read of the first `end` must bring by what the answer says; `None` where it does not say, as in
/// a transfer of chunks, which shows its own end.
///
/// An answer about a range tells the length of the whole, so it must hold all of the whole that was asked for.
pub(super) fn announced(headers: &Headers, end: usize) -> azure_core::Result<Option<usize>> {
    let text = |name: HeaderName| headers.get_optional_str(&name);
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let Some(range) = text(CONTENT_RANGE) else {
        return match text(CONTENT_LENGTH).map(number) {
            None => Ok(None),
            Some(Some(length)) => Ok(Some(length.min(end))),
            Some(None) => Err(damaged("its length is no number")),
        };
    };
    let whole = whole_of(range).ok_or_else(|| damaged(&format!("its range is '{range}'")))?;
    let wanted = whole.length.min(end);
    if whole.last + 1 < wanted {
        return Err(damaged(&format!("it holds {} of {wanted} bytes", whole.last + 1)));
    }
    // What it says of its own length must not contradict that.
    match text(CONTENT_LENGTH).map(number) {
        Some(length) if length.is_none_or(|length| length < wanted) => {
            Err(damaged(&format!("it announces fewer than the {wanted} bytes of its range")))
        }
        _ => Ok(Some(wanted)),
    }
}

/// Refuses a body of another length than was announced.
pub(super) fn check(announced: Option<usize>, came: usize) -> azure_core::Result<()> {
    match announced {
        Some(announced) if announced != came => {
            Err(damaged(&format!("{came} bytes came where it announces {announced}")))
        }
        _ => Ok(()),
    }
}

/// What a range says: `bytes 0-<last>/<length>`.
struct Whole {
    last: usize,
    length: usize,
}

fn whole_of(range: &str) -> Option<Whole> {
    let (from_first, length) = range.trim().strip_prefix("bytes 0-")?.split_once('/')?;
    Some(Whole { last: from_first.parse().ok()?, length: length.parse().ok()? })
}

fn damaged(detail: &str) -> azure_core::Error {
    let advice = "look for a proxy or a cache on the way";
    azure_core::Error::with_message(ErrorKind::Other, format!("the answer is damaged: {detail}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_must_hold_what_was_asked_for_of_the_whole_that_it_tells_of() {
        type Row = (Option<&'static str>, Option<&'static str>, Result<Option<usize>, ()>, &'static str);
        let table: [Row; 14] = [
            (Some("bytes 0-17/18"), Some("18"), Ok(Some(18)), "all of it"),
            (Some("bytes 0-17/18"), None, Ok(Some(18)), "in chunks"),
            (Some("bytes 0-64/5000"), Some("65"), Ok(Some(65)), "as much as was asked for"),
            (Some("bytes 0-99/5000"), Some("100"), Ok(Some(65)), "more than was asked for"),
            (Some("bytes 0-8/18"), Some("9"), Err(()), "half of it"),
            (Some("bytes 0-63/5000"), Some("64"), Err(()), "a byte less than was asked for"),
            (Some("bytes 0-17/18"), Some("9"), Err(()), "a length that contradicts the range"),
            (Some("bytes 9-17/18"), Some("9"), Err(()), "the other half"),
            (Some("bytes 0-17/*"), Some("18"), Err(()), "of an unknown whole"),
            (Some("bytes */18"), Some("0"), Err(()), "none of it"),
            (Some("18"), Some("18"), Err(()), "no range at all"),
            (None, Some("18"), Ok(Some(18)), "the whole, from a service that passes ranges over"),
            (None, Some("-1"), Err(()), "no length at all"),
            (None, None, Ok(None), "chunks, which show their own end"),
        ];
        for (range, length, expected, why) in table {
            let mut headers = Headers::new();
            for (name, value) in [(CONTENT_RANGE, range), (CONTENT_LENGTH, length)] {
                if let Some(value) = value {
                    headers.insert(name, value.to_owned());
                }
            }
            assert_eq!(announced(&headers, 65).map_err(drop), expected, "{why}");
        }
    }

    #[test]
    fn a_body_of_another_length_than_was_announced_is_damaged() {
        for (announced, came, sound) in [(Some(18), 18, true), (Some(18), 9, false), (None, 9, true)] {
            assert_eq!(check(announced, came).is_ok(), sound, "{announced:?} {came}");
        }
    }
}
