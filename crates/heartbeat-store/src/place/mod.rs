//! Where a store is: the checked value of `--store`.

mod blob_place;
mod invalid;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

pub use blob_place::BlobPlace;
pub use invalid::InvalidPlace;

use crate::redact::{redact, reorders};

/// A place that keeps heartbeats: one unit of failover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder: local disk, or a mounted share.
    Folder(PathBuf),
    /// A container of Azure Blob storage, with or without a prefix.
    Blob(BlobPlace),
}

/// Who can see the text that a place was given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A command line, which every process on the machine can read: no secrets.
    Flag,
    /// An environment variable.
    Environment,
}

impl Place {
    /// Checks a store's text: a folder's path, a `file://` URL, or a container's URL. White space around it is
    /// dropped, since secrets and config maps often end in a line break.
    pub fn parse(text: &str, source: Source) -> Result<Self, InvalidPlace> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidPlace::Empty);
        }
        if let Some(offset) = text.find(|c: char| c.is_control() || reorders(c)) {
            return Err(InvalidPlace::ControlCharacter { offset });
        }
        match scheme(text) {
            None if holds_secret(text) => Err(InvalidPlace::Secret),
            None if text.split('/').next().is_some_and(|start| start.contains(".blob.")) => {
                Err(InvalidPlace::NoScheme)
            }
            None if is_mangled_url(text) => Err(InvalidPlace::MangledUrl),
            None => Ok(Self::Folder(PathBuf::from(text))),
            Some("file") => folder_of_url(text).map(Self::Folder),
            Some("http" | "https") => BlobPlace::parse(text, source).map(Self::Blob),
            Some(_) => Err(InvalidPlace::UnknownScheme),
        }
    }
}

/// Prints the place as it would be typed, without any secret.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(&without_passwords(&redact(&path.display().to_string()))),
            Self::Blob(place) => place.fmt(f),
        }
    }
}

/// A path without what would be a user name and a password if a part of it were the host of a URL.
fn without_passwords(path: &str) -> String {
    let shown = |part: &str| match part.rsplit_once('@') {
        Some((before, host)) if before.contains(':') => format!("REDACTED@{host}"),
        _ => part.to_owned(),
    };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

/// Whether a text that is no URL is what belongs into one of the variables for secrets.
fn holds_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    // What is masked is a secret; a mark with nothing behind it was at least meant to be followed by one.
    text.starts_with('?')
        || ["accountkey=", "sharedaccesssignature=", "sig="].iter().any(|mark| lower.contains(mark))
        || redact(text) != text && !has_user_info(text)
}

/// Whether a text without a scheme was meant to be a URL: `https//…`, or a user name and password before a host.
/// Taken for a folder it would be made on the disk, password and all.
fn is_mangled_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["https/", "http/", "https\\", "http\\"].iter().any(|start| lower.starts_with(start))
        || has_user_info(text)
}

/// Whether the text starts with a user name and a password, with or without slashes before them.
fn has_user_info(text: &str) -> bool {
    let bare = !text.starts_with(['/', '.']);
    let start = text.split('/').next().unwrap_or_default();
    let typed = bare && start.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    typed || text.starts_with("//") && redact(text).starts_with("//REDACTED@")
}

/// The scheme of a text that is, or was meant to be, a URL; `None` for a path. Known schemes count even
/// without their slashes: `https:/account` is a slip and no folder.
fn scheme(text: &str) -> Option<&'static str> {
    const KNOWN: [&str; 3] = ["file", "http", "https"];
    let (start, rest) = text.split_once(':')?;
    match KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(start)) {
        Some(known) => Some(known),
        None => (rest.starts_with("//") && !start.contains('/')).then_some("unknown"),
    }
}

fn folder_of_url(text: &str) -> Result<PathBuf, InvalidPlace> {
    let url = Url::from_str(text).map_err(|reason| InvalidPlace::BadUrl { reason: reason.to_string() })?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidPlace::FileUrl { reason: "it has a query or a fragment" });
    }
    let path = url.to_file_path().map_err(|()| InvalidPlace::FileUrl { reason: "it names a host" })?;
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(InvalidPlace::FileUrl { reason: "it has a zero byte" });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folders_are_paths_or_file_urls() {
        let table = [
            ("/mnt/heartbeat", "/mnt/heartbeat", "an absolute path"),
            ("heartbeat", "heartbeat", "a path from the working folder, as the classic pair takes it"),
            ("../a:b/c", "../a:b/c", "a colon in a path"),
            (" /mnt/h \n", "/mnt/h", "white space around it"),
            ("file:///mnt/heart%20beat", "/mnt/heart beat", "a URL"),
            ("FILE://localhost/mnt", "/mnt", "this very host"),
        ];
        for (text, path, why) in table {
            assert_eq!(Place::parse(text, Source::Flag), Ok(Place::Folder(path.into())), "{why}");
        }
    }

    #[test]
    fn what_is_neither_a_folder_nor_a_container_is_refused_with_its_reason() {
        let table = [
            ("", "empty", "nothing"),
            (" \n", "empty", "white space alone"),
            ("/mnt/\u{7}", "control character", "a bell in a path"),
            ("s3://bucket/x", "'file', 'http' or 'https'", "another cloud"),
            ("abfss://c@a.dfs.core.windows.net/x", "'file', 'http' or 'https'", "another protocol"),
            ("a.blob.core.windows.net/c", "https://", "no scheme"),
            (
                "AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=x",
                "a secret and no place",
                "a connection string",
            ),
            ("?sv=1&se=2&sig=c2VjcmV0", "a secret and no place", "a bare signature"),
            ("sv=1&se=2&sig=c2VjcmV0", "a secret and no place", "the same without its mark"),
            ("https//u:pw@h/c", "https://ACCOUNT", "a URL without its colon"),
            ("https/h/c", "https://ACCOUNT", "the same without a password"),
            ("//u:pw@h/c", "https://ACCOUNT", "a URL without its scheme"),
            ("u:pw@h/c", "https://ACCOUNT", "nor its slashes"),
            ("/x?%73ig=c2VjcmV0", "a secret and no place", "a signature whose mark is encoded"),
            ("/mnt/\u{202e}x", "control character", "a path that reads from its end"),
            ("file://server/share", "names a host", "a share is mounted first"),
            ("file:///mnt?x", "query", "a query on a folder"),
            ("file:///mnt%00", "zero byte", "no file system has that"),
        ];
        for (text, hint, why) in table {
            let error = Place::parse(text, Source::Environment).unwrap_err().to_string();
            assert!(error.contains(hint), "{why}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_can_make_the_parser_panic(text in ".{0,80}") {
            let _ = Place::parse(&text, Source::Environment);
        }

        #[test]
        fn no_error_and_no_place_shows_a_planted_password(
            start in "(https?|file|s3)?(:|:/|://|/|//|;//)?",
            user in "[a-z0-9]{1,8}",
            end in "[a-z.]{1,12}(/[a-z]{0,8})?",
        ) {
            let text = format!("{start}{user}:PLANTED@{end}");
            let shown = match Place::parse(&text, Source::Environment) {
                Ok(place) => place.to_string(),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!shown.contains("PLANTED"), "{text}: {shown}");
        }

        #[test]
        fn no_error_and_no_place_shows_a_planted_signature(
            start in "(https?|file|s3)?(:|:/|://|//)?([a-z0-9.@:]{0,12})(\\.blob\\.core\\.windows\\.net)?/?[a-z0-9./%-]{0,12}",
            mark in "[?&/#]",
            name in "(s|S|%73|%53)(i|%69|%2569)g(=|%3d)",
            end in "([&/# ][a-z=&]{0,8})?",
            flag in any::<bool>(),
        ) {
            let text = format!("{start}{mark}{name}PLANTEDplanted{end}");
            let source = if flag { Source::Flag } else { Source::Environment };
            let shown = match Place::parse(&text, source) {
                Ok(place) => place.to_string(),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!shown.contains("PLANTED"), "{shown}");
        }
    }
}
