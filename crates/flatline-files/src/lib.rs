//! Files that are written aside and then take their place whole, and the random words in such names.
//!
//! A name with a process id in it is no name of one's own: in a container every process is number 1, and two that
//! share a volume would write into one file. So whatever is written aside, by whichever program, is named by
//! [`random_word`], made exclusively (a link that somebody planted there is not followed), and swept up by a later
//! writer where a crash left it behind.
//!
//! What this crate does not do: it knows nothing of stores. A store's records are published without replacing
//! anything, in `heartbeat-store`. `tempfile`, which the tests use, hides the operating system's error code, from
//! which our messages say what to mend.

mod aside;
mod word;

pub use aside::{LEFT_BEHIND_AFTER, replace, replace_by_link};
pub use word::random_word;
