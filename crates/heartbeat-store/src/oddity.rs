//! What lies about in a store and is no part of it.

use failover_policy::ClusterId;

/// Something in a store that does no harm and belongs to nobody any more, or that nobody sees though its maker thinks so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// A probe's record: of a `doctor` or a standby that was interrupted, or that is at it just now.
    Probe {
        /// Its name in the store.
        name: String,
        /// The command line that removes it.
        remove: String,
    },
    /// A stamp under what would be a cluster's id, but for its upper case.
    OtherCase {
        /// The name as it stands there.
        found: String,
        /// The cluster that is probably meant.
        meant: ClusterId,
        /// Whether both names lead to the same place, as on a share that does not tell upper from lower case.
        same: bool,
    },
}

/// How a probe's name begins.
pub(crate) const PROBE: &str = ".probe-";

/// The cluster that a name means in another case; `None` for what is an id as it is, or none in any case.
pub(crate) fn meant_by(name: &str) -> Option<ClusterId> {
    if name.parse::<ClusterId>().is_ok() { None } else { name.to_ascii_lowercase().parse().ok() }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_case_of_a_name_is_forgiven() {
        let table = [
            ("A", Some("a")),
            ("West-1", Some("west-1")),
            ("a", None),
            ("ownership", None),
            ("Ownership", None),
            ("A_B", None),
            (".probe-1", None),
        ];
        for (name, expected) in table {
            assert_eq!(meant_by(name).map(|id| id.to_string()).as_deref(), expected, "{name}");
        }
    }
}
