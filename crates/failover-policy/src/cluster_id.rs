//! The name of one cluster of a pair (or of more).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A cluster id: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 characters, as a Kubernetes label value would
/// allow it. The classic pair is `a` and `b`.
///
/// `ownership` is refused although it has the form: the store keeps the ownership record in a folder of that
/// name, in which nothing else may live.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterId(String);

impl ClusterId {
    /// The longest legal id, in characters: the limit of a DNS label (RFC 1123).
    pub const MAX_LENGTH: usize = 63;
    /// The folder of the ownership record.
    const RESERVED: &'static str = "ownership";

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a cluster id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClusterId {
    /// Nothing was given.
    #[error("a cluster id is empty; use lower-case letters, digits and inner dashes, such as 'a'")]
    Empty,
    /// More than [`ClusterId::MAX_LENGTH`] characters.
    #[error("a cluster id has {0} characters; use at most {max}", max = ClusterId::MAX_LENGTH)]
    TooLong(usize),
    /// A character, or a dash at an end, that the form does not allow.
    #[error(
        "'{0}' is not a cluster id; use lower-case letters, digits and inner dashes, such as 'a' or 'west-1'"
    )]
    BadForm(String),
    /// The name of a folder that the store needs for itself.
    #[error("'{0}' is reserved for the ownership record; choose another cluster id")]
    Reserved(String),
}

impl FromStr for ClusterId {
    type Err = InvalidClusterId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        match text.as_bytes() {
            [] => Err(InvalidClusterId::Empty),
            [b'-', ..] | [.., b'-'] => Err(InvalidClusterId::BadForm(text.to_owned())),
            bytes if !bytes.iter().copied().all(inner) => Err(InvalidClusterId::BadForm(text.to_owned())),
            // All of it is ASCII by now, so bytes are characters.
            bytes if bytes.len() > Self::MAX_LENGTH => Err(InvalidClusterId::TooLong(bytes.len())),
            _ if text == Self::RESERVED => Err(InvalidClusterId::Reserved(text.to_owned())),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ClusterId {
    type Error = InvalidClusterId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ClusterId> for String {
    fn from(id: ClusterId) -> Self {
        id.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_form_is_accepted() {
        for text in ["a", "b", "0", "west-1", "a--b", "x1y2", &"z".repeat(63)] {
            assert_eq!(text.parse::<ClusterId>().map(|id| id.to_string()), Ok(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let bad_form = |t: &str| InvalidClusterId::BadForm(t.to_owned());
        let table = [
            ("", InvalidClusterId::Empty),
            ("-a", bad_form("-a")),
            ("a-", bad_form("a-")),
            ("-", bad_form("-")),
            ("A", bad_form("A")),
            ("a b", bad_form("a b")),
            ("a/b", bad_form("a/b")),
            ("..", bad_form("..")),
            ("a\n", bad_form("a\n")),
            ("ä", bad_form("ä")),
            ("ownership", InvalidClusterId::Reserved("ownership".to_owned())),
        ];
        for (text, reason) in table {
            assert_eq!(text.parse::<ClusterId>(), Err(reason), "{text:?}");
        }
        assert_eq!("z".repeat(64).parse::<ClusterId>(), Err(InvalidClusterId::TooLong(64)));
    }
}
