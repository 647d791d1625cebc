//! The name by which this program guards whatever stands behind it, for places that take a path and no arguments before
//! their own, such as the entry path in an operator's pod template.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The name of such a link to this program, or of a copy.
pub(crate) const LINK: &str = "flatline-run";

/// The words of a start as if nobody had used the link: `flatline-run WORD…` is `heart-monitor run -- WORD…`.
pub fn without_link(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words = words.into_iter();
    let Some(name) = words.next() else { return Vec::new() };
    let start: &[&str] = if is_link(&name) { &["run", "--"] } else { &[] };
    std::iter::once(name).chain(start.iter().map(OsString::from)).chain(words).collect()
}

fn is_link(name: &OsStr) -> bool {
    Path::new(name).file_name() == Some(OsStr::new(LINK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_calls_the_link_guards_what_stands_behind_it_whatever_that_is() {
        let table = [
            ("/flatline/flatline-run bash -c x", "/flatline/flatline-run run -- bash -c x"),
            ("flatline-run --help", "flatline-run run -- --help"),
            ("flatline-run run x", "flatline-run run -- run x"),
            ("flatline-run", "flatline-run run --"),
            ("/flatline/heart-monitor run -- bash", "/flatline/heart-monitor run -- bash"),
            ("/flatline-run/heart-monitor status", "/flatline-run/heart-monitor status"),
            ("flatline-runner x", "flatline-runner x"),
            ("", ""),
        ];
        for (given, expected) in table {
            let words = without_link(given.split(' ').map(OsString::from));
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            assert_eq!(words.join(" "), expected);
        }
        assert_eq!(without_link([]), Vec::<OsString>::new());
    }
}
