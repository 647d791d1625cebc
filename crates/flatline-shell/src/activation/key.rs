//! The key that opens `POST /activate`.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{ConfigError, Environment};

/// The key of `POST /activate`, as its digest: what is not kept cannot be shown.
#[derive(Clone)]
pub struct ActivationKey {
    digest: [u8; 32],
}

/// The shortest key, in characters: "more than 8" of the classic rule.
const SHORTEST: usize = 9;
/// The longest key, in characters: a longer one might not fit the head of a request, and could never be sent.
const LONGEST: usize = 1024;

impl ActivationKey {
    /// The environment variable that holds the key. A program that starts others keeps it from them.
    pub const VARIABLE: &str = "ACTIVATION_KEY";

    /// The key of this environment; `None` where there is none, or one set to nothing. A text that is no key is
    /// refused without being shown.
    pub fn from_environment(environment: &Environment) -> Result<Option<Self>, ConfigError> {
        let Some(text) = environment.get(Self::VARIABLE)? else { return Ok(None) };
        if !is_key(text) {
            return Err(ConfigError::new(format_args!(
                "the variable {} holds no key: write {SHORTEST} to {LONGEST} letters and digits (a-z, A-Z, 0-9) and \
                 nothing else, not even a line break at the end",
                Self::VARIABLE
            )));
        }
        Ok(Some(Self { digest: digest(text.as_bytes()) }))
    }

    /// Whether this is the key. How long that takes depends on what was sent, never on the key or its length:
    /// digests are of one length, and `subtle` keeps the compiler from leaving the comparison early.
    pub(super) fn matches(&self, sent: &[u8]) -> bool {
        digest(sent).ct_eq(&self.digest).into()
    }

    /// The text that no log line may hold: the value of the variable, even where it breaks the rule for keys. `None`
    /// where there is none, or one so short that masking it would garble other words.
    pub(crate) fn secret_in(environment: &Environment) -> Option<&str> {
        environment.get(Self::VARIABLE).ok().flatten().filter(|text| text.len() >= SHORTEST)
    }
}

fn is_key(text: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl fmt::Debug for ActivationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivationKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Option<ActivationKey>, ConfigError> {
        ActivationKey::from_environment(&Environment::from_iter([(ActivationKey::VARIABLE, text)]))
    }

    #[test]
    fn a_key_is_more_than_8_letters_and_digits_and_anything_else_is_refused_without_being_shown() {
        let (longest, too_long) = ("k".repeat(1024), "k".repeat(1025));
        let table = [
            ("abcdefghi", true, "nine letters"),
            ("123456789", true, "nine digits"),
            ("Open5esame", true, "both"),
            (&longest, true, "as long as one can be sent"),
            ("abcdefgh", false, "eight are too few"),
            (&too_long, false, "too long to be sent"),
            ("abcdefghi\n", false, "the line break of a file"),
            (" abcdefghi", false, "white space"),
            ("abcd-efghi", false, "a dash"),
            ("schlüssel9", false, "a letter outside ASCII"),
            ("clé1234567", false, "enough characters, one of them not ASCII"),
        ];
        for (text, accepted, why) in table {
            match key(text) {
                Ok(found) => assert!(accepted && found.is_some(), "{why}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(!accepted, "{why}: {error}");
                    assert!(error.starts_with("the variable ACTIVATION_KEY holds no key: "), "{error}");
                    assert!(error.contains("9 to 1024 letters and digits"), "{error}");
                    assert!(!error.contains(text.trim()), "{why}: {error}");
                }
            }
        }
    }

    #[test]
    fn no_variable_and_an_empty_one_are_no_key() {
        assert!(ActivationKey::from_environment(&Environment::default()).unwrap().is_none());
        assert!(key("").unwrap().is_none());
    }

    #[test]
    fn only_the_whole_key_matches() {
        let key = key("Open5esame").unwrap().unwrap();
        assert!(key.matches(b"Open5esame"));
        for wrong in
            ["", "O", "Open5esam", "Open5esameO", "open5esame", "Open5esamf", "Open5esame\0", "xxxxxxxxxx"]
        {
            assert!(!key.matches(wrong.as_bytes()), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_never_shows_when_it_is_printed() {
        assert_eq!(format!("{:?}", key("Open5esame").unwrap()), "Some(ActivationKey { .. })");
    }
}
