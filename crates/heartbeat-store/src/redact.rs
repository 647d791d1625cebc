//! Masks secrets in texts that were made elsewhere: errors of libraries, answers of services.

/// What stands in the place of a secret.
const MASK: &str = "REDACTED";

/// Texts, in lower case, after which a secret follows at once. A signature is also masked where a whole URL
/// was percent-encoded into another one.
const MARKERS: [&str; 11] = [
    "sig=",
    "sig%3d",
    "accountkey=",
    "sharedaccesssignature=",
    "client_assertion=",
    "access_token=",
    "access_token\":\"",
    // The same once more inside a JSON string, as a log line has it.
    "access_token\\\":\\\"",
    "accesstoken\\\": \\\"",
    "accesstoken\": \"",
    "accesstoken\":\"",
];

/// Schemes of an `Authorization` header, in lower case. What follows is masked only where it is long enough to
/// be a token or a signature, since error messages also talk about these schemes.
const SCHEMES: [&str; 3] = ["bearer ", "sharedkey ", "sharedkeylite "];

/// No token and no signature is shorter: the shortest is an account name with the 44 characters of an
/// HMAC-SHA256 in base64.
const SHORTEST_AUTHORIZATION: usize = 20;

/// The longest text that [`clean`] lets through, in characters: a few lines of a terminal.
const LONGEST: usize = 400;

/// A copy of the text in which signatures, account keys and tokens are replaced by `REDACTED`.
pub fn redact(text: &str) -> String {
    // Lower case for ASCII alone keeps every byte in its place.
    let lower = text.to_ascii_lowercase();
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let Some((marker, secret)) = secret_at(&lower[at..]) else {
            clean.push(next);
            at += next.len_utf8();
            continue;
        };
        clean.push_str(&text[at..at + marker]);
        clean.push_str(MASK);
        at += marker + secret;
    }
    clean
}

/// Somebody else's text, fit for one line of a log: redacted, without line breaks, of bounded length.
pub(crate) fn clean(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let redacted = redact(&line);
    match redacted.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &redacted[..cut]),
        None => redacted,
    }
}

/// The lengths of the marker and of the secret behind it, where the text (in lower case) starts with both.
fn secret_at(lower: &str) -> Option<(usize, usize)> {
    let behind = |marker: &&str| lower.strip_prefix(*marker).map(|rest| (marker.len(), secret_length(rest)));
    let plain = MARKERS.iter().find_map(behind).filter(|(_, length)| *length > 0);
    plain.or_else(|| SCHEMES.iter().find_map(behind).filter(|(_, length)| *length >= SHORTEST_AUTHORIZATION))
}

/// How many bytes at the start belong to a secret: base64 of either alphabet, percent-encoded or not, and the
/// colon and dots that join the parts of a header's value.
fn secret_length(text: &str) -> usize {
    let part_of_secret = |c: char| c.is_ascii_alphanumeric() || "+/=%-_.~:".contains(c);
    text.find(|c: char| !part_of_secret(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_masked_and_everything_else_stays() {
        let table = [
            ("nothing secret here: design=good", "nothing secret here: design=good", "no marker"),
            (
                "https://x/c?sv=1&sig=a%2Bb%3D&se=2",
                "https://x/c?sv=1&sig=REDACTED&se=2",
                "a signature in a URL",
            ),
            (
                r#"{"error":"{\"access_token\":\"abc\"}"}"#,
                r#"{"error":"{\"access_token\":\"REDACTED\"}"}"#,
                "a token in a document that was quoted in another",
            ),
            ("(https://x/c?SIG=abc)", "(https://x/c?SIG=REDACTED)", "any case, up to the bracket"),
            (
                "u=https%3A%2F%2Fx%3Fsig%3Dabc&v",
                "u=https%3A%2F%2Fx%3Fsig%3DREDACTED&v",
                "encoded into another URL",
            ),
            (
                "AccountName=a;AccountKey=k+/==;X=y",
                "AccountName=a;AccountKey=REDACTED;X=y",
                "a connection string",
            ),
            (
                "SharedAccessSignature=sv=1&sig=x;Y",
                "SharedAccessSignature=REDACTED&sig=REDACTED;Y",
                "its other form",
            ),
            (
                "Authorization: SharedKey acc:AAAABBBBCCCCDDDDEEEE+/= was",
                "Authorization: SharedKey REDACTED was",
                "a signed request",
            ),
            ("'Bearer eyJ0eXAiOiJKV1QiLCJhbGc.x.y'", "'Bearer REDACTED'", "a token"),
            ("Bearer tokens need https", "Bearer tokens need https", "prose about a scheme"),
            (
                "{\"access_token\":\"abc\",\"n\":1}",
                "{\"access_token\":\"REDACTED\",\"n\":1}",
                "an answer of Entra",
            ),
            (
                "{\"accessToken\": \"abc\"}",
                "{\"accessToken\": \"REDACTED\"}",
                "an answer of the command line",
            ),
            ("sig=", "sig=", "a marker without a secret"),
        ];
        for (text, expected, why) in table {
            assert_eq!(redact(text), expected, "{why}");
        }
    }

    #[test]
    fn a_cleaned_text_is_one_short_line() {
        assert_eq!(clean("a\r\n b\t\u{0}c\u{85}d"), "a b c d");
        assert_eq!(clean(&"é".repeat(500)).chars().count(), LONGEST + 1);
        assert_eq!(clean("sig=abc\nnext"), "sig=REDACTED next");
    }

    proptest! {
        #[test]
        fn a_signature_never_survives_whatever_surrounds_it(before in ".{0,40}", after in "[^A-Za-z0-9+/=%_.~:-].{0,40}") {
            let text = format!("{before}sig=PLANTEDplanted%2B0{after}");
            prop_assert!(!redact(&text).contains("PLANTED"));
            prop_assert!(!clean(&text).contains("PLANTED"));
        }
    }
}
