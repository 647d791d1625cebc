//! A container of Azure Blob storage as a place.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

use super::{InvalidPlace, Source};
use crate::credential::Sas;
use crate::redact::redact;

/// One container, with an optional prefix below which the store lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPlace {
    /// Without query, fragment or a slash at the end: a slash makes an emulator answer with a bare 400.
    container_url: Url,
    account: String,
    container: String,
    /// Names joined by single slashes, or empty.
    prefix: String,
    sas: Option<Sas>,
}

impl BlobPlace {
    /// The longest prefix: a blob's name has at most 1024 characters, and a cluster's stamp needs 77 of them.
    const LONGEST_PREFIX: usize = 900;

    /// The container's URL, without any query.
    pub fn container_url(&self) -> &Url {
        &self.container_url
    }

    /// The storage account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The container.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The names below which the store lives, joined by slashes; empty for the whole container.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The signature that the URL carried.
    pub fn sas(&self) -> Option<&Sas> {
        self.sas.as_ref()
    }

    /// Whether requests travel unencrypted, as they do to an emulator: no token may be sent.
    pub fn is_plain_http(&self) -> bool {
        self.container_url.scheme() == "http"
    }

    /// Whether the account stands in the path, as with an emulator, and not in the host.
    pub fn is_path_style(&self) -> bool {
        !self.container_url.host_str().unwrap_or_default().contains(".blob.")
    }

    /// The account's URL, without a slash at its end.
    pub fn account_url(&self) -> String {
        let container = format!("/{}", self.container);
        self.container_url.as_str().strip_suffix(&container).unwrap_or_default().to_owned()
    }

    /// The name of a blob of this store, inside the container.
    pub fn blob_name(&self, relative: &str) -> String {
        if self.prefix.is_empty() { relative.to_owned() } else { format!("{}/{relative}", self.prefix) }
    }

    pub(super) fn parse(text: &str, source: Source) -> Result<Self, InvalidPlace> {
        let parts = Parts::of(text)?;
        // The query first, so that a signature on a flag is named before anything less urgent.
        let sas = parts.query.map(|query| signature(query, source)).transpose()?;
        let url = Url::from_str(parts.address).map_err(|e| InvalidPlace::BadUrl { reason: e.to_string() })?;
        let host = url.host_str().unwrap_or_default();
        let (account, path) = if host.contains(".blob.") {
            if url.scheme() == "http" {
                return Err(InvalidPlace::PlainHttp);
            }
            let account = host.split('.').next().unwrap_or_default();
            (checked_account(account, "at the start of its host")?, parts.path)
        } else {
            let (account, path) = parts.path.split_once('/').unwrap_or((parts.path, ""));
            (checked_account(account, "before the container")?, path)
        };
        let (container, prefix) = path.split_once('/').unwrap_or((path, ""));
        let container = checked_container(container)?;
        let prefix = checked_prefix(prefix)?;
        let container_url = container_url(&url, host, &account, &container);
        Ok(Self { container_url, account, container, prefix, sas })
    }
}

/// The container's URL with the prefix, never with a signature.
impl fmt::Display for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.container_url.clone();
        if let (false, Ok(mut path)) = (self.prefix.is_empty(), url.path_segments_mut()) {
            path.extend(self.prefix.split('/'));
        }
        f.write_str(&redact(url.as_str()))
    }
}

/// The pieces of a URL as they were typed: the parser of URLs would resolve `..` and drop oddities unseen.
struct Parts<'a> {
    /// Scheme, host and path.
    address: &'a str,
    /// The path without the slash at its start and one at its end.
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, InvalidPlace> {
        let (text, fragment) = text.split_once('#').map_or((text, None), |(start, end)| (start, Some(end)));
        let (address, query) = text.split_once('?').map_or((text, None), |(start, end)| (start, Some(end)));
        let Some((_, rest)) = address.split_once("://") else {
            return Err(InvalidPlace::BadUrl { reason: "no '//' after the scheme".to_owned() });
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(InvalidPlace::UserInfo);
        }
        if fragment.is_some() {
            return Err(InvalidPlace::Fragment);
        }
        if rest.contains('\\') {
            return Err(InvalidPlace::BadUrl { reason: "a backslash".to_owned() });
        }
        Ok(Self { address, path: path.strip_suffix('/').unwrap_or(path), query })
    }
}

fn signature(query: &str, source: Source) -> Result<Sas, InvalidPlace> {
    let signed =
        url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("sig"));
    if signed && source == Source::Flag {
        return Err(InvalidPlace::SignatureOnFlag);
    }
    Sas::parse(query).map_err(|reason| InvalidPlace::Query { reason: reason.to_string() })
}

/// Azure's rule: 3 to 24 lower-case letters and digits.
fn checked_account(text: &str, place: &'static str) -> Result<String, InvalidPlace> {
    if text.ends_with("-secondary") {
        return Err(InvalidPlace::Secondary);
    }
    let legal = text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if legal && (3..=24).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(InvalidPlace::BadAccount { place })
    }
}

/// Azure's rule: 3 to 63 lower-case letters, digits and dashes, each dash between two others. The special
/// containers `$root`, `$web` and `$logs` are none of ours.
fn checked_container(text: &str) -> Result<String, InvalidPlace> {
    if text.is_empty() {
        return Err(InvalidPlace::NoContainer);
    }
    let legal = text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    let dashes_inside = text.split('-').all(|part| !part.is_empty());
    if legal && dashes_inside && (3..=63).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(InvalidPlace::BadContainer)
    }
}

fn checked_prefix(text: &str) -> Result<String, InvalidPlace> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let names = text.split('/').map(checked_name).collect::<Result<Vec<_>, _>>()?;
    let prefix = names.join("/");
    if prefix.len() > BlobPlace::LONGEST_PREFIX {
        return Err(InvalidPlace::BadPrefix { reason: "is longer than 900 bytes" });
    }
    Ok(prefix)
}

fn checked_name(text: &str) -> Result<String, InvalidPlace> {
    let bad = |reason| Err(InvalidPlace::BadPrefix { reason });
    let Ok(name) = percent_decode_str(text).decode_utf8() else {
        return bad("has percent signs that do not decode to UTF-8");
    };
    match name.as_ref() {
        "" => bad("has two slashes in a row"),
        "." | ".." => bad("has '.' or '..'"),
        name if name.contains(['/', '\\']) => bad("has an encoded slash or backslash"),
        name if name.contains(char::is_control) => bad("has a control character"),
        // Azure drops such dots in some of its interfaces.
        name if name.ends_with('.') => bad("has a name that ends in a dot"),
        name => Ok(name.to_owned()),
    }
}

fn container_url(url: &Url, host: &str, account: &str, container: &str) -> Url {
    let mut container_url = url.clone();
    let path =
        if host.contains(".blob.") { format!("/{container}") } else { format!("/{account}/{container}") };
    container_url.set_path(&path);
    container_url
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;

    fn parse(text: &str) -> BlobPlace {
        match Place::parse(text, Source::Environment) {
            Ok(Place::Blob(place)) => place,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_container_is_found_in_both_styles() {
        let real = "https://acc.blob.core.windows.net";
        let zone = "https://acc.z7.blob.storage.azure.net";
        let local = "http://127.0.0.1:10000/devstoreaccount1";
        let table = [
            (format!("{real}/con"), "acc", "con", "", format!("{real}/con"), "the whole container"),
            (format!("{real}/con/"), "acc", "con", "", format!("{real}/con"), "one slash at the end"),
            (format!("{real}/con/v2-136"), "acc", "con", "v2-136", format!("{real}/con"), "a prefix"),
            (format!("{real}/con/a/b%20c/"), "acc", "con", "a/b c", format!("{real}/con"), "a long prefix"),
            (format!("{real}:443/con"), "acc", "con", "", format!("{real}/con"), "the usual port"),
            (format!("{zone}/con"), "acc", "con", "", format!("{zone}/con"), "an account in a DNS zone"),
            (format!("{local}/con/p"), "devstoreaccount1", "con", "p", format!("{local}/con"), "an emulator"),
            ("https://[::1]:1/acc/con".into(), "acc", "con", "", "https://[::1]:1/acc/con".into(), "IPv6"),
            (
                "HTTPS://Blobs.Example.org/acc/con".into(),
                "acc",
                "con",
                "",
                "https://blobs.example.org/acc/con".into(),
                "any other host is path-style",
            ),
        ];
        for (text, account, container, prefix, url, why) in table {
            let place = parse(&text);
            assert_eq!(place.account(), account, "{why}");
            assert_eq!(place.container(), container, "{why}");
            assert_eq!(place.prefix(), prefix, "{why}");
            assert_eq!(place.container_url().as_str(), url, "{why}");
        }
        assert!(parse(&format!("{local}/con")).is_plain_http());
        assert!(!parse(&format!("{real}/con")).is_plain_http());
    }

    #[test]
    fn what_is_not_a_container_is_refused_with_its_reason() {
        use InvalidPlace as E;
        let prefix = |reason| E::BadPrefix { reason };
        let real = |rest: &str| format!("https://acc.blob.core.windows.net{rest}");
        let table = [
            (real(""), E::NoContainer, "the account alone"),
            (real("/"), E::NoContainer, "the account alone"),
            (real("//con"), E::NoContainer, "an empty name"),
            (real("/Con"), E::BadContainer, "upper case"),
            (real("/ab"), E::BadContainer, "too short"),
            (real("/a--b"), E::BadContainer, "two dashes"),
            (real("/-ab"), E::BadContainer, "a dash at the start"),
            (real("/$root"), E::BadContainer, "a special container"),
            (real(&format!("/{}", "x".repeat(64))), E::BadContainer, "too long"),
            (real("/con/../other"), prefix("has '.' or '..'"), "a step up"),
            (real("/con/%2e%2E/x"), prefix("has '.' or '..'"), "an encoded step up"),
            (real("/con/./x"), prefix("has '.' or '..'"), "a step nowhere"),
            (real("/con//x"), prefix("has two slashes in a row"), "an empty name"),
            (real("/con/x//"), prefix("has two slashes in a row"), "an empty name at the end"),
            (real("/con/a%2Fb"), prefix("has an encoded slash or backslash"), "an encoded slash"),
            (real("/con/a%0Ab"), prefix("has a control character"), "an encoded line break"),
            (real("/con/a%ff"), prefix("has percent signs that do not decode to UTF-8"), "no UTF-8"),
            (real("/con/a."), prefix("has a name that ends in a dot"), "a dot at the end"),
            (real(&format!("/con/{}", "x".repeat(901))), prefix("is longer than 900 bytes"), "too long"),
            (real("/con#x"), E::Fragment, "a fragment"),
            ("https://user:secret@acc.blob.core.windows.net/con".into(), E::UserInfo, "a password"),
            ("http://acc.blob.core.windows.net/con".into(), E::PlainHttp, "plain http to the real service"),
            ("https://acc-secondary.blob.core.windows.net/con".into(), E::Secondary, "a stale copy"),
            ("http://127.0.0.1:1/acc-secondary/con".into(), E::Secondary, "a stale copy in an emulator"),
            (
                "https://a_b.blob.core.windows.net/con".into(),
                E::BadAccount { place: "at the start of its host" },
                "a bad account",
            ),
            ("http://127.0.0.1:10000".into(), E::BadAccount { place: "before the container" }, "no account"),
            ("http://127.0.0.1:10000/devstoreaccount1".into(), E::NoContainer, "no container in an emulator"),
            ("https://x\\y/acc/con".into(), E::BadUrl { reason: "a backslash".into() }, "a backslash"),
            ("https:/acc/con".into(), E::BadUrl { reason: "no '//' after the scheme".into() }, "one slash"),
            (
                "https://h:99999/acc/con".into(),
                E::BadUrl { reason: "invalid port number".into() },
                "no such port",
            ),
        ];
        for (text, error, why) in table {
            assert_eq!(Place::parse(&text, Source::Environment), Err(error), "{why}: {text}");
        }
    }

    #[test]
    fn a_signature_is_taken_from_the_environment_only_and_never_shown() {
        let text = "https://acc.blob.core.windows.net/con/p?sv=2024-11-04&se=2030-01-01&sp=rw&sig=PLANTED";
        assert_eq!(Place::parse(text, Source::Flag), Err(InvalidPlace::SignatureOnFlag));
        let place = parse(text);
        assert!(place.sas().is_some());
        assert_eq!(place.to_string(), "https://acc.blob.core.windows.net/con/p");
        assert!(!format!("{place:?}").contains("PLANTED"));
    }

    #[test]
    fn a_query_that_is_no_signature_is_refused_and_not_shown() {
        for query in ["restype=container&comp=PLANTED", "sv=1&se=PLANTED", "sig=", ""] {
            for source in [Source::Flag, Source::Environment] {
                let text = format!("https://acc.blob.core.windows.net/con?{query}");
                let error = Place::parse(&text, source).unwrap_err();
                assert!(!format!("{error:?}{error}").contains("PLANTED"), "{error}");
            }
        }
    }
}
