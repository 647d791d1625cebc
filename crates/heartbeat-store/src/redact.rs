//! Masks secrets in texts that were made elsewhere: errors of libraries, answers of services.

/// What stands in the place of a secret.
const MASK: &str = "REDACTED";

/// Texts, in lower case, after which a secret follows at once. Any of their characters may be percent-encoded,
/// as where a whole URL was encoded into another one.
const MARKERS: [&str; 10] = [
    "sig=",
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

/// What our own advice has where a user name and a password go: an example, and no secret.
const EXAMPLE: &str = "USER:PASSWORD";

/// No token and no signature is shorter: the shortest is an account name with the 44 characters of an
/// HMAC-SHA256 in base64.
const SHORTEST_AUTHORIZATION: usize = 20;

/// The longest text that [`clean`] lets through, in characters: a few lines of a terminal.
const LONGEST: usize = 400;

/// Whether the character reorders the text around it: a terminal would show something else than what is written.
pub fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A copy of the text, fit to be shown: signatures, account keys, tokens, and user names and passwords of URLs are
/// replaced by `REDACTED`, and characters that reorder a line by the replacement character.
pub fn redact(text: &str) -> String {
    // Lower case for ASCII alone keeps every byte in its place.
    let lower = text.to_ascii_lowercase();
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let Some((marker, secret)) = secret_at(&lower[at..]) else {
            clean.push(if reorders(next) { char::REPLACEMENT_CHARACTER } else { next });
            at += next.len_utf8();
            continue;
        };
        let (secret_from, secret_to) = (at + marker, at + marker + secret);
        clean.push_str(&text[at..secret_from]);
        clean.push_str(if &text[secret_from..secret_to] == EXAMPLE { EXAMPLE } else { MASK });
        at = secret_to;
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
    let behind = |marker: &&str| encoded_prefix(lower, marker).map(|end| (end, secret_length(&lower[end..])));
    let plain = MARKERS.iter().find_map(behind).filter(|(_, length)| *length > 0);
    let scheme = || SCHEMES.iter().find_map(behind).filter(|(_, length)| *length >= SHORTEST_AUTHORIZATION);
    plain.or_else(scheme).or_else(|| user_info_at(lower))
}

/// How much of the text the marker takes, where it starts with it, each character as it is or percent-encoded.
fn encoded_prefix(lower: &str, marker: &str) -> Option<usize> {
    marker.bytes().try_fold(0, |at, byte| match decoded(lower.as_bytes().get(at..)?)? {
        (found, length) if found.to_ascii_lowercase() == byte => Some(at + length),
        _ => None,
    })
}

/// The first byte of the text and its length there, percent-encoded (`%40`), more than once (`%2540`), or not.
fn decoded(text: &[u8]) -> Option<(u8, usize)> {
    let (first, rest) = text.split_first()?;
    let again = rest.chunks_exact(2).take_while(|pair| *pair == b"25").count() * 2;
    let digit = |at: usize| rest.get(again + at).and_then(|byte| char::from(*byte).to_digit(16));
    match (*first, digit(0), digit(1)) {
        (b'%', Some(high), Some(low)) => Some((u8::try_from(high * 16 + low).ok()?, 3 + again)),
        _ => Some((*first, 1)),
    }
}

/// The lengths of the start of a URL and of the user name and password behind it, where the text starts with
/// both, however mangled: `https://`, `https//`, `https:/`, `//`, or the same percent-encoded.
fn user_info_at(lower: &str) -> Option<(usize, usize)> {
    let scheme = ["https", "http"].into_iter().find_map(|scheme| encoded_prefix(lower, scheme));
    let start = scheme.unwrap_or(0);
    let slashes = marks(lower, start, b":/\\");
    let is_url =
        scheme.map_or_else(|| lower[..slashes].matches(['/', '\\', '%']).count() >= 2, |_| slashes > start);
    // Without a user name the colon before the password has been passed already.
    let colon = [":", "%3a"].iter().any(|colon| lower[..slashes].ends_with(colon));
    is_url.then(|| user_info_length(&lower[slashes..], colon)).flatten().map(|length| (slashes, length))
}

/// Where a run of these characters ends that begins at `at`.
fn marks(text: &str, mut at: usize, these: &[u8]) -> usize {
    while let Some((_, length)) =
        text.as_bytes().get(at..).and_then(decoded).filter(|(b, _)| these.contains(b))
    {
        at += length;
    }
    at
}

/// How many bytes at the start, where a host is expected, are a user name or a password. A password may hold a
/// slash of its own; what is behind a port may not be one.
fn user_info_length(text: &str, mut colon: bool) -> Option<usize> {
    let word = &text[..text.find(|c: char| c.is_whitespace() || "\"'<>`".contains(c)).unwrap_or(text.len())];
    let (mut at, mut host_is_over, mut last) = (0, false, None);
    while let Some((byte, length)) = word.as_bytes().get(at..).and_then(decoded) {
        match byte {
            b'@' if colon || !host_is_over => last = Some(at),
            b':' if !host_is_over => colon = !port_follows(&word[at + length..]),
            b'/' | b'?' | b'#' => host_is_over = true,
            _ => {}
        }
        at += length;
    }
    last.filter(|length| *length > 0)
}

fn port_follows(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=5).contains(&digits) && text[digits..].chars().next().is_none_or(|c| "/?#".contains(c))
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
            ("/x?%73ig=abc", "/x?%73ig=REDACTED", "a marker that is partly encoded"),
            ("/x?%2573I%67%3Dabc&a", "/x?%2573I%67%3DREDACTED&a", "encoded twice"),
            ("no https://u:pw@h/c", "no https://REDACTED@h/c", "a password in a URL"),
            ("'https//u:pw@h'", "'https//REDACTED@h'", "without its colon"),
            ("HTTPS:/u:pw@h", "HTTPS:/REDACTED@h", "with one slash"),
            ("//u:p/w?x@h/c", "//REDACTED@h/c", "without a scheme, a slash in the password"),
            ("https:\\\\u:pw@h", "https:\\\\REDACTED@h", "with the other slashes"),
            ("https%3A%2F%2Fu%3Apw%40h", "https%3A%2F%2FREDACTED%40h", "encoded"),
            ("http://USER:PASSWORD@HOST", "http://USER:PASSWORD@HOST", "our own advice"),
            ("//token@h", "//REDACTED@h", "no password, but perhaps a token"),
            ("http://127.0.0.1:10000/c/a@b", "http://127.0.0.1:10000/c/a@b", "a port and a folder"),
            ("https://h/c?mail=a@b", "https://h/c?mail=a@b", "an address in a query"),
            ("repo:tag@sha256:00", "repo:tag@sha256:00", "an image"),
            (
                "a\u{202e}b\u{2066}\u{61c}\u{200f}",
                "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}",
                "reordering characters",
            ),
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
        fn a_password_never_survives_however_the_url_is_mangled(
            start in "(https?[:/]{1,3}|//|https?%3A%2F%2F)",
            user in "[a-z0-9]{0,8}",
            host in "[a-z.]{0,10}(/[a-z?=]{0,8})?",
        ) {
            let text = format!("{start}{user}:PLANTED/x@{host}");
            prop_assert!(!redact(&text).contains("PLANTED"), "{}", redact(&text));
        }

        #[test]
        fn no_text_makes_it_panic_or_leaves_a_character_that_reorders(text in "[a-z%0-9:/@?\u{202a}-\u{202e}é]{0,60}") {
            prop_assert!(!redact(&text).contains(reorders));
        }

        #[test]
        fn a_signature_never_survives_whatever_surrounds_it(before in ".{0,40}", after in "[^A-Za-z0-9+/=%_.~:-].{0,40}") {
            let text = format!("{before}sig=PLANTEDplanted%2B0{after}");
            prop_assert!(!redact(&text).contains("PLANTED"));
            prop_assert!(!clean(&text).contains("PLANTED"));
        }
    }
}
