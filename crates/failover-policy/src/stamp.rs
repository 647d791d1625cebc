//! What a beacon wrote: the bytes of `heartbeat.txt` and back.

use std::fmt;

use crate::{SignedSpan, Tick};

/// The tick value that a beacon wrote.
///
/// Stamps are compared for *change*, never for order: clocks step back, two beacons disagree, stores are
/// restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(Tick);

/// Why bytes in the store are not a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedStamp {
    /// No bytes, or nothing but white space: a writer may have died between truncating and writing.
    #[error("the stamp is empty")]
    Empty,
    /// A byte that is neither a digit nor surrounding white space; the offset counts from the first byte.
    #[error("the stamp has something other than a decimal digit at byte {offset}")]
    NotADigit {
        /// Where the first offending byte stands.
        offset: usize,
    },
    /// Text in UTF-16, as PowerShell redirects it.
    #[error(
        "the stamp is UTF-16, as '>' and Out-File of Windows PowerShell write it; let heartbeat-writer write it, or use \
         Set-Content -NoNewline -Encoding ascii"
    )]
    Utf16,
    /// A count since 1970.
    #[error(
        "the stamp counts {unit} since 1970, as 'date' does, and not ticks of 100 ns since the year 1; let heartbeat-writer \
         write it"
    )]
    UnixTime {
        /// What is counted.
        unit: &'static str,
    },
    /// More bytes than any stamp needs.
    #[error("the stamp is longer than {max} digits", max = Stamp::MAX_DIGITS)]
    TooLong,
    /// Digits that no beacon's clock shows: part of a stamp, or another kind of number.
    #[error(
        "the stamp is not of the years 1970 to 2262: it is part of one, or counts something other than ticks"
    )]
    Implausible,
}

impl Stamp {
    /// Digits of [`Tick::MAX`].
    pub const MAX_DIGITS: usize = 19;
    /// The most bytes that a stamp may have: digits, a byte-order mark and some white space. A reader fetches
    /// one more, to see that there are too many.
    pub const MAX_BYTES: usize = 64;
    /// UTF-8's byte-order mark, which some editors and older .NET writers put first.
    const BYTE_ORDER_MARK: &'static [u8] = b"\xEF\xBB\xBF";

    /// The first instant that a reader takes for a stamp, 1970-01-01T00:00:00Z: Linux lets no wall clock be set
    /// before it.
    pub const EARLIEST: Tick = Tick::UNIX_EPOCH;
    /// The last one, in the year 2262: the kernel keeps its clocks as 64-bit nanoseconds since 1970 (`KTIME_MAX`).
    pub const LATEST: Tick = Tick::UNIX_EPOCH.saturating_add(SignedSpan::from_ticks(i64::MAX / 100));

    /// The stamp of this instant.
    pub const fn new(tick: Tick) -> Self {
        Self(tick)
    }

    /// The instant that the writer's wall clock showed.
    pub const fn tick(self) -> Tick {
        self.0
    }

    /// Reads a stamp leniently at the edges (a byte-order mark, surrounding white space) and strictly inside:
    /// decimal digits alone, at most [`Stamp::MAX_DIGITS`], of an instant from [`Stamp::EARLIEST`] to
    /// [`Stamp::LATEST`].
    ///
    /// All stamps of those years have eighteen digits. So whatever a read cut off, what is left of a stamp is none,
    /// and no stamp has another length than the one before it.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedStamp> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(MalformedStamp::TooLong);
        }
        if is_utf16(bytes) {
            return Err(MalformedStamp::Utf16);
        }
        let body = bytes.strip_prefix(Self::BYTE_ORDER_MARK).unwrap_or(bytes);
        let start = bytes.len() - body.trim_ascii_start().len();
        let digits = body.trim_ascii();
        if digits.is_empty() {
            return Err(MalformedStamp::Empty);
        }
        if let Some(position) = digits.iter().position(|byte| !byte.is_ascii_digit()) {
            return Err(MalformedStamp::NotADigit { offset: start + position });
        }
        if digits.len() > Self::MAX_DIGITS {
            return Err(MalformedStamp::TooLong);
        }
        // Nineteen digits fit in a u64, so nothing overflows here.
        let count = digits.iter().fold(0_u64, |count, digit| count * 10 + u64::from(digit - b'0'));
        let tick = i64::try_from(count).ok().and_then(|count| Tick::from_count(count).ok());
        let plausible = |tick: &Tick| (Self::EARLIEST..=Self::LATEST).contains(tick);
        tick.filter(plausible).map(Self).ok_or_else(|| match unit_since_1970(count) {
            Some(unit) => MalformedStamp::UnixTime { unit },
            None => MalformedStamp::Implausible,
        })
    }
}

/// Whether these bytes are digits in UTF-16, of either byte order, or begin with its byte-order mark.
fn is_utf16(bytes: &[u8]) -> bool {
    let digits = |at: usize| bytes.chunks_exact(2).all(|pair| pair[at].is_ascii_digit() && pair[1 - at] == 0);
    let marked = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    marked || (bytes.len() >= 2 && bytes.len().is_multiple_of(2) && (digits(0) || digits(1)))
}

/// What a count is in that would be a moment from 2001 to 2039. No part of a stamp looks like one: the stamps of these
/// years begin with a 6.
fn unit_since_1970(count: u64) -> Option<&'static str> {
    const SECONDS: std::ops::RangeInclusive<u64> = 1_000_000_000..=2_200_000_000;
    let units =
        [(1, "seconds"), (1000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")];
    units.iter().find(|(parts, _)| SECONDS.contains(&(count / parts))).map(|(_, unit)| *unit)
}

/// The bytes as they are stored: decimal digits, no newline; eighteen of them in the years that a reader takes, so
/// that one stamp overwrites another in place.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.count())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 639_000_000_000_000_000;
    /// Ticks of the years that a reader takes.
    const PLAUSIBLE: std::ops::RangeInclusive<i64> = 621_355_968_000_000_000..=713_589_688_368_547_758;

    fn stamp(count: i64) -> Stamp {
        Stamp::new(Tick::from_count(count).unwrap())
    }

    #[test]
    fn a_stamp_is_read_leniently_at_its_edges() {
        let table: [(&[u8], &str); 8] = [
            (b"639000000000000000", "what the classic File.WriteAllText(ticks) writes"),
            (b"639000000000000000\n", "a newline by hand"),
            (b"639000000000000000\r\n", "a Windows newline"),
            (b"  \t639000000000000000 ", "surrounding white space"),
            (b"\xEF\xBB\xBF639000000000000000", "a byte-order mark"),
            (b"\xEF\xBB\xBF 639000000000000000\n", "both"),
            (b"\x0c639000000000000000", "a form feed"),
            (b"0639000000000000000", "a leading zero, as a 64-bit integer parser takes it"),
        ];
        for (bytes, why) in table {
            assert_eq!(Stamp::parse(bytes), Ok(stamp(NOW)), "{why}");
        }
    }

    #[test]
    fn a_stamp_is_read_strictly_inside() {
        use MalformedStamp::{Empty, Implausible, NotADigit, TooLong, UnixTime, Utf16};
        let long_white_space = [b' '; 65];
        let table: [(&[u8], MalformedStamp, &str); 25] = [
            (b"", Empty, "truncated and not yet written"),
            (b" \n", Empty, "white space alone"),
            (b"\xEF\xBB\xBF", Empty, "a byte-order mark alone"),
            (b"-1", NotADigit { offset: 0 }, "a sign"),
            (b"+639000000000000000", NotADigit { offset: 0 }, "a sign"),
            (b"639000 000000", NotADigit { offset: 6 }, "inner white space"),
            (b" 12x", NotADigit { offset: 3 }, "the offset counts from the first byte"),
            (b"6.39e17", NotADigit { offset: 1 }, "a float"),
            (b"639000000000000000\0\0", NotADigit { offset: 18 }, "a hole at the end"),
            (b"\0\0\0\0", NotADigit { offset: 0 }, "a hole after a crash"),
            (b"\xD9\xA6", NotADigit { offset: 0 }, "digits of another script"),
            (b"3155378975999999999999", TooLong, "more than nineteen digits"),
            (b"3155378976000000000", Implausible, "the year 10000"),
            (b"639000000", Implausible, "half a stamp, an instant of the year 1"),
            (b"1764000000\n", UnixTime { unit: "seconds" }, "date +%s"),
            (b"1764000000123", UnixTime { unit: "milliseconds" }, "date +%s%3N"),
            (b"1764000000123456", UnixTime { unit: "microseconds" }, "date +%s%6N"),
            (b"1764000000123456789", UnixTime { unit: "nanoseconds" }, "date +%s%N"),
            (b"6390000000", Implausible, "the first ten digits of a stamp"),
            (b"6390000000000", Implausible, "the first thirteen"),
            (b"\xFF\xFE6\x003\x009\x00\r\x00\n\x00", Utf16, "a redirection in PowerShell"),
            (b"\xFE\xFF\x006\x003", Utf16, "the other byte order"),
            (b"6\x003\x009\x00", Utf16, "without its mark"),
            (b"9999999999999999999", Implausible, "no 64-bit integer"),
            (&long_white_space, TooLong, "more bytes than any stamp needs"),
        ];
        for (bytes, expected, why) in table {
            assert_eq!(Stamp::parse(bytes), Err(expected), "{why}");
        }
    }

    #[test]
    fn a_stamp_is_of_the_years_that_a_clock_can_show() {
        let table = [
            (Stamp::EARLIEST, 0, true, "a clock that was never set"),
            (Stamp::EARLIEST, -1, false, "a moment before 1970"),
            (Stamp::LATEST, 0, true, "the last that the kernel's clocks reach"),
            (Stamp::LATEST, 1, false, "a moment after it"),
            (Tick::MIN, 0, false, "the year 1"),
            (Tick::MAX, 0, false, "the year 9999"),
        ];
        for (end, later, legal, why) in table {
            let count = end.count() + later;
            let read = Stamp::parse(count.to_string().as_bytes());
            assert_eq!(
                read.map(|stamp| stamp.tick().count()),
                if legal { Ok(count) } else { Err(MalformedStamp::Implausible) },
                "{why}"
            );
        }
        assert_eq!(Stamp::LATEST.to_utc().to_rfc3339(), "2262-04-11T23:47:16.854775800+00:00");
    }

    proptest! {
        #[test]
        fn what_we_write_parses_as_a_bare_64_bit_integer_of_eighteen_digits(count in PLAUSIBLE) {
            let text = stamp(count).to_string();
            prop_assert_eq!(text.len(), 18);
            prop_assert_eq!(text.parse::<i64>(), Ok(count));
            prop_assert_eq!(Stamp::parse(text.as_bytes()), Ok(stamp(count)));
        }

        #[test]
        fn no_part_of_a_stamp_is_a_stamp(count in PLAUSIBLE, from in 0..18_usize, length in 0..18_usize) {
            let text = stamp(count).to_string();
            let part = &text[from..(from + length).min(18)];
            prop_assert!(Stamp::parse(part.as_bytes()).is_err(), "{part} of {text}");
        }

        #[test]
        fn no_bytes_can_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Stamp::parse(&bytes);
        }
    }
}
