//! Masks secrets in text that is about to leave the process.

use std::borrow::Cow;

/// What stands before a secret, in lower case.
const MARKS: [&str; 4] = ["sig=", "accountkey=", "sharedaccesssignature=", "bearer "];

/// The text with every signature, account key and token masked.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let mut clean = String::new();
    let mut done = 0;
    while let Some(start) = MARKS.iter().filter_map(|m| lower[done..].find(m).map(|at| done + at + m.len())).min() {
        let end = text[start..].find(['&', ';', ' ', '"', '\'', '\n']).map_or(text.len(), |at| start + at);
        clean.push_str(&text[done..start]);
        clean.push_str("REDACTED");
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[done..]);
    Cow::Owned(clean)
}
