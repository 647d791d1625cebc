//! Words that nobody else draws.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Sixteen hexadecimal digits for a name of one's own. They are seeded by the operating system and differ between
/// processes and calls; they are no secret.
pub fn random_word() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// Whether this could be a [`random_word`].
pub(crate) fn is_random_word(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_word_is_drawn_twice() {
        let words: BTreeSet<String> = (0..10_000).map(|_| random_word()).collect();
        assert_eq!(words.len(), 10_000);
        assert!(words.iter().all(|word| is_random_word(word)));
    }

    #[test]
    fn words_of_others_are_told_apart() {
        for other in ["", "1", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"]
        {
            assert!(!is_random_word(other), "{other}");
        }
    }
}
