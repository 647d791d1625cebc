//! Signs requests with an account key, which the publisher's client does not offer: the Shared Key scheme for
//! Blob, <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::hmac::hmac_sha256;
use azure_core::http::headers::{AUTHORIZATION, HeaderName};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, Url};
use azure_core::time::{OffsetDateTime, to_rfc7231};

const DATE: HeaderName = HeaderName::from_static("x-ms-date");

/// Headers whose values are signed without their names, in the order of the scheme. `date` stays empty, since
/// `x-ms-date` is sent instead.
const SIGNED_HEADERS: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Signs each request as it leaves. Its secret does not print.
#[derive(Debug)]
pub(super) struct SharedKeyPolicy {
    account: String,
    key: Secret,
}

impl SharedKeyPolicy {
    pub(super) fn new(account: &str, key: Secret) -> Self {
        Self { account: account.to_owned(), key }
    }
}

#[async_trait]
impl Policy for SharedKeyPolicy {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        request.insert_header(DATE, to_rfc7231(&OffsetDateTime::now_utc()));
        let signature = hmac_sha256(&string_to_sign(request, &self.account), &self.key)?;
        request.insert_header(AUTHORIZATION, format!("SharedKey {}:{signature}", self.account));
        next[0].send(context, request, &next[1..]).await
    }
}

fn string_to_sign(request: &Request, account: &str) -> String {
    let headers: BTreeMap<String, &str> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_str()))
        .collect();
    let mut text = format!("{}\n", request.method().as_str());
    for name in SIGNED_HEADERS {
        let value = headers.get(name).copied().unwrap_or_default();
        // Since version 2015-02-21 a length of zero is signed as if it were not there.
        let value = if name == "content-length" && value == "0" { "" } else { value };
        text.push_str(value);
        text.push('\n');
    }
    // A map of names is in the scheme's order. The service is said to weigh '-' and '_' differently when names
    // differ in nothing else; no two of ours do.
    for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
        text.push_str(&format!("{name}:{}\n", value.trim()));
    }
    text + &canonical_resource(request.url(), account)
}

/// The account and the path as it travels, then every query parameter, decoded, in order of its name. An
/// emulator's path begins with the account, which then stands there twice.
fn canonical_resource(url: &Url, account: &str) -> String {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        parameters.entry(name.to_ascii_lowercase()).or_default().push(value.into_owned());
    }
    let mut resource = format!("/{account}{}", url.path());
    for (name, mut values) in parameters {
        values.sort();
        resource.push_str(&format!("\n{name}:{}", values.join(",")));
    }
    resource
}

#[cfg(test)]
mod tests {
    use azure_core::http::Method;

    use super::*;

    fn request(method: Method, url: &str, headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Url::parse(url).unwrap(), method);
        for (name, value) in headers {
            request.insert_header(HeaderName::from_static(name), (*value).to_owned());
        }
        request
    }

    #[test]
    fn a_write_signs_its_length_its_condition_and_its_metadata_in_order() {
        let put = request(
            Method::Put,
            "https://acc.blob.core.windows.net/con/p%2Fa%2Fheartbeat.txt",
            &[
                ("x-ms-version", "2026-02-06"),
                ("x-ms-meta-writer", " w "),
                ("x-ms-meta-beat_count", "7"),
                ("x-ms-blob-type", "BlockBlob"),
                ("x-ms-date", "Fri, 02 Jan 2026 03:04:05 GMT"),
                ("content-length", "18"),
                ("content-type", "application/octet-stream"),
                ("if-match", "\"0x8D\""),
                ("user-agent", "not signed"),
            ],
        );
        let expected = "PUT\n\n\n18\n\napplication/octet-stream\n\n\n\"0x8D\"\n\n\n\n\
            x-ms-blob-type:BlockBlob\n\
            x-ms-date:Fri, 02 Jan 2026 03:04:05 GMT\n\
            x-ms-meta-beat_count:7\n\
            x-ms-meta-writer:w\n\
            x-ms-version:2026-02-06\n\
            /acc/con/p%2Fa%2Fheartbeat.txt";
        assert_eq!(string_to_sign(&put, "acc"), expected);
    }

    #[test]
    fn a_list_signs_its_query_decoded_and_in_order() {
        let list = request(
            Method::Get,
            "http://127.0.0.1:1/devstoreaccount1/con?restype=container&comp=list&prefix=v2%2F+x&Include=b&include=a",
            &[("x-ms-date", "d"), ("content-length", "0")],
        );
        let expected = "GET\n\n\n\n\n\n\n\n\n\n\n\n\
            x-ms-date:d\n\
            /devstoreaccount1/devstoreaccount1/con\ncomp:list\ninclude:a,b\nprefix:v2/ x\nrestype:container";
        assert_eq!(string_to_sign(&list, "devstoreaccount1"), expected);
    }

    #[test]
    fn a_ranged_read_signs_its_range() {
        let get = request(Method::Get, "https://acc.blob.core.windows.net/con/b", &[("range", "bytes=0-64")]);
        assert_eq!(string_to_sign(&get, "acc"), "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-64\n/acc/con/b");
    }

    #[test]
    fn the_key_does_not_print() {
        let policy = SharedKeyPolicy::new("acc", Secret::new("UExBTlRFRA=="));
        assert!(!format!("{policy:?}").contains("UExBTlRFRA"));
    }
}
