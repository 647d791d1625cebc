//! Revisions as names: twenty digits and an ending.

use std::ffi::OsStr;

/// What a name in a record's folder says, in the order in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Revision {
    /// A revision.
    Number(u64),
    /// Twenty digits that no counter of ours reaches; they stand above all others, so nobody may pass them over.
    TooHigh,
}

impl Revision {
    /// Digits of a revision in a file name: those of `u64::MAX`, so that names sort as numbers.
    const DIGITS: usize = 20;

    /// The revision that a name stands for; `None` for the name of anything else, which does not count.
    pub(super) fn parse(name: &OsStr) -> Option<Self> {
        let digits = name.to_str()?.strip_suffix(".json")?;
        if digits.len() != Self::DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(digits.parse().map_or(Self::TooHigh, Self::Number))
    }

    /// The name that stands for a revision.
    pub(super) fn file_name(revision: u64) -> String {
        format!("{revision:0width$}.json", width = Self::DIGITS)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_twenty_digits_and_the_ending_are_a_revision() {
        let table = [
            ("00000000000000000001.json", Some(Revision::Number(1))),
            ("00000000000000000000.json", Some(Revision::Number(0))),
            ("18446744073709551615.json", Some(Revision::Number(u64::MAX))),
            ("18446744073709551616.json", Some(Revision::TooHigh)),
            ("99999999999999999999.json", Some(Revision::TooHigh)),
            ("0000000000000000001.json", None),
            ("000000000000000000001.json", None),
            ("+0000000000000000001.json", None),
            ("0000000000000000000a.json", None),
            ("00000000000000000001.json~", None),
            ("00000000000000000001", None),
            (".json", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(Revision::parse(OsStr::new(name)), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_file_name_can_make_the_listing_panic(name in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Revision::parse(OsStr::from_bytes(&name));
        }

        #[test]
        fn no_listing_of_digits_can_make_the_reader_panic_and_revisions_sort_as_their_names(
            mut names in proptest::collection::vec("[0-9]{19,21}\\.json", 0..20),
        ) {
            names.retain(|name| name.len() == 25);
            let highest = names.iter().filter_map(|name| Revision::parse(OsStr::new(name))).max();
            prop_assert_eq!(highest, names.iter().max().and_then(|name| Revision::parse(OsStr::new(name))));
        }
    }
}
