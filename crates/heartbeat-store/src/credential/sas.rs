//! Shared access signatures.

use azure_core::credentials::Secret;
use azure_core::time::{OffsetDateTime, parse_rfc3339};
use url::form_urlencoded;

/// A shared access signature: a query that grants some rights for some time. It never prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sas {
    query: Secret,
    starts: Option<OffsetDateTime>,
    expires: Option<OffsetDateTime>,
}

/// Why a text is not a shared access signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSas {
    /// Nothing was given.
    #[error("it is empty")]
    Empty,
    /// A character that no query has.
    #[error("it has a character that no query has")]
    BadCharacter,
    /// No `sig`, or an empty one.
    #[error("it has no 'sig' parameter")]
    NoSignature,
    /// Neither an end nor a stored policy that sets one: cut off, or not a signature at all.
    #[error("it has neither an 'se' nor an 'si' parameter")]
    NoExpiry,
}

impl Sas {
    /// Reads the part of a URL behind its question mark; a question mark in front and white space around are
    /// dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidSas> {
        let query = text.trim();
        let query = query.strip_prefix('?').unwrap_or(query);
        if query.is_empty() {
            return Err(InvalidSas::Empty);
        }
        let stray = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '#' | '?' | ';');
        if query.contains(stray) {
            return Err(InvalidSas::BadCharacter);
        }
        let value = |name: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
        };
        if value("sig").is_none() {
            return Err(InvalidSas::NoSignature);
        }
        if value("se").is_none() && value("si").is_none() {
            return Err(InvalidSas::NoExpiry);
        }
        let instant = |name| value(name).and_then(|text| parse_instant(&text));
        let (starts, expires) = (instant("st"), instant("se"));
        Ok(Self { query: Secret::new(query.to_owned()), starts, expires })
    }

    /// The query to add to a request's URL: a secret.
    pub fn query(&self) -> &Secret {
        &self.query
    }

    /// From when on it grants anything; `None` where it does not say.
    pub fn starts(&self) -> Option<OffsetDateTime> {
        self.starts
    }

    /// Until when it grants anything; `None` where a stored policy says so, or where the text makes no sense.
    pub fn expires(&self) -> Option<OffsetDateTime> {
        self.expires
    }
}

/// The three forms of ISO 8601 that the service takes, all in UTC: a date, with minutes, with seconds.
fn parse_instant(text: &str) -> Option<OffsetDateTime> {
    let full = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        17 => format!("{}:00Z", text.strip_suffix('Z')?),
        _ => text.to_owned(),
    };
    parse_rfc3339(&full).ok()
}

#[cfg(test)]
mod tests {
    use azure_core::time::to_rfc3339;

    use super::*;

    #[test]
    fn a_signature_is_taken_with_its_times() {
        let sas = Sas::parse("?sv=2024&st=2020-01-01&se=2030-02-03T04%3A05%3A06Z&sig=a%2Bb\n").unwrap();
        assert_eq!(sas.query().secret(), "sv=2024&st=2020-01-01&se=2030-02-03T04%3A05%3A06Z&sig=a%2Bb");
        assert_eq!(sas.starts().map(|at| to_rfc3339(&at)).as_deref(), Some("2020-01-01T00:00:00Z"));
        assert_eq!(sas.expires().map(|at| to_rfc3339(&at)).as_deref(), Some("2030-02-03T04:05:06Z"));
        assert!(!format!("{sas:?}").contains("a%2Bb"));
    }

    #[test]
    fn the_end_is_read_in_every_form_that_the_service_takes() {
        let table = [
            ("2030-02-03", Some("2030-02-03T00:00:00Z")),
            ("2030-02-03T04:05Z", Some("2030-02-03T04:05:00Z")),
            ("2030-02-03T04:05:06Z", Some("2030-02-03T04:05:06Z")),
            ("2030-02-03T04:05:06.7Z", Some("2030-02-03T04:05:06.7Z")),
            ("soon", None),
            ("ä030-02-03T04:05", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_instant(text).map(|at| to_rfc3339(&at)).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let table = [
            ("", InvalidSas::Empty),
            (" ? ", InvalidSas::Empty),
            ("?", InvalidSas::Empty),
            ("sv=1&se=2030-01-01", InvalidSas::NoSignature),
            ("sv=1&se=2030-01-01&sig=", InvalidSas::NoSignature),
            ("sig=abc", InvalidSas::NoExpiry),
            ("se=2030-01-01&sig=a b", InvalidSas::BadCharacter),
            ("SharedAccessSignature=se=1&sig=abc;", InvalidSas::BadCharacter),
            ("https://a/c?se=2030-01-01&sig=abc", InvalidSas::BadCharacter),
        ];
        for (text, expected) in table {
            assert_eq!(Sas::parse(text), Err(expected), "{text}");
        }
    }
}
