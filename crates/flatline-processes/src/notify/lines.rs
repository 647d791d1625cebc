//! What a command printed, cut into lines that a log can take.

use flatline_shell::reorders;

/// The longest line, in bytes: a sentence, an address and some more. The rest of the line is left out.
const LONGEST_LINE: usize = 512;
/// Lines of one command at the most: an error with its reasons, not a program's whole log.
const MOST_LINES: usize = 50;

/// Cuts bytes into lines of bounded length and number.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    /// The line goes on past the bytes that were kept.
    cut: bool,
    shown: usize,
    /// Lines past [`MOST_LINES`].
    pub(super) unshown: u64,
}

impl Lines {
    /// Takes bytes and hands over the lines that they complete.
    pub(super) fn take(&mut self, bytes: &[u8], mut show: impl FnMut(&str)) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line(&mut show);
            } else if self.partial.len() < LONGEST_LINE {
                self.partial.push(*byte);
            } else {
                self.cut = true;
            }
        }
    }

    /// Hands over what came after the last line break, if anything did.
    pub(super) fn finish(&mut self, mut show: impl FnMut(&str)) {
        if !self.partial.is_empty() {
            self.end_line(&mut show);
        }
    }

    fn end_line(&mut self, show: &mut impl FnMut(&str)) {
        let line = std::mem::take(&mut self.partial);
        let cut = std::mem::take(&mut self.cut);
        if self.shown == MOST_LINES {
            self.unshown += 1;
            return;
        }
        self.shown += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let mut text = escaped(&String::from_utf8_lossy(line));
        if cut {
            text.push('…');
        }
        show(&text);
    }
}

/// The text with its control characters written out, so that it can neither forge a line nor paint a terminal.
fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || reorders(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> (Vec<String>, u64) {
        let (mut lines, mut shown) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.take(chunk, |line| shown.push(line.to_owned()));
        }
        lines.finish(|line| shown.push(line.to_owned()));
        (shown, lines.unshown)
    }

    #[test]
    fn lines_come_out_whole_however_the_bytes_came_in() {
        let table: [(&[&[u8]], &[&str]); 7] = [
            (&[b"one\ntwo\n"], &["one", "two"]),
            (&[b"o", b"ne\nt", b"wo"], &["one", "two"]),
            (&[b"one\r\n\r\ntwo\r\n"], &["one", "", "two"]),
            (&[b"\x1b[31mred\tand\x07 loud\n"], &[r"\u{1b}[31mred\tand\u{7} loud"]),
            (&["a\u{202e}b\u{2066}\n".as_bytes()], &[r"a\u{202e}b\u{2066}"]),
            (&[b"bad \xff byte\n", "good ü\n".as_bytes()], &["bad \u{fffd} byte", "good ü"]),
            (&[], &[]),
        ];
        for (chunks, expected) in table {
            let (shown, unshown) = lines_of(chunks);
            assert_eq!(
                (shown.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), unshown),
                (expected, 0)
            );
        }
    }

    #[test]
    fn a_flood_is_cut_in_length_and_in_number() {
        let (shown, unshown) = lines_of(&[&b"x".repeat(100_000), b"\nshort\n"]);
        assert_eq!(shown, ["x".repeat(LONGEST_LINE) + "…", "short".to_owned()]);
        assert_eq!(unshown, 0);
        let (shown, unshown) = lines_of(&[&b"y\n".repeat(1_000)]);
        assert_eq!((shown.len(), unshown), (MOST_LINES, 1_000 - MOST_LINES as u64));
    }
}
