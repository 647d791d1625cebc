//! Proxies, from the variables that every tool reads.

use std::fmt;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::Variables;

/// Where a proxy for https is named, in this order; the first that is set counts.
const NAMED_IN: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Where the hosts are named that are reached without one.
const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Why a proxy cannot be used. What the variable holds is not shown: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} names no proxy that can be used: {reason}; write http://HOST:PORT, or unset it")]
pub struct InvalidProxy {
    variable: &'static str,
    reason: String,
}

/// Which hosts are reached through which proxy. Its secrets do not print.
#[derive(Debug, Default)]
pub(in crate::blob) struct Proxies {
    named: Option<(&'static str, Matcher)>,
}

/// The proxy for one host.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether it is spoken to over TLS itself.
    pub(super) tls: bool,
    pub(super) authorization: Option<HeaderValue>,
    variable: &'static str,
}

impl Proxies {
    /// What the environment names, checked.
    pub(in crate::blob) fn named(variables: Variables) -> Result<Self, InvalidProxy> {
        let first = |names: &[&'static str]| {
            let set = |name: &&'static str| {
                variables(name).filter(|value| !value.is_empty()).map(|value| (*name, value))
            };
            names.iter().find_map(set)
        };
        let Some((variable, value)) = first(&NAMED_IN) else { return Ok(Self::default()) };
        check(&value).map_err(|reason| InvalidProxy { variable, reason })?;
        let except = first(&EXCEPT).map(|(_, value)| value).unwrap_or_default();
        Ok(Self { named: Some((variable, Matcher::builder().https(value).no(except).build())) })
    }

    /// The proxy towards this host, over https; `None` where it is reached directly.
    pub(super) fn towards(&self, host: &str) -> Option<Proxy> {
        let (variable, matcher) = self.named.as_ref()?;
        let found = matcher
            .intercept(&Uri::builder().scheme("https").authority(host).path_and_query("/").build().ok()?)?;
        let tls = found.uri().scheme_str() == Some("https");
        Some(Proxy {
            host: found.uri().host()?.to_owned(),
            port: found.uri().port_u16().unwrap_or(if tls { 443 } else { 80 }),
            tls,
            authorization: found.basic_auth().cloned(),
            variable,
        })
    }
}

/// Its address and where it was named, without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, tls, variable, .. } = self;
        write!(f, "{}://{host}:{port} ({variable})", if *tls { "https" } else { "http" })
    }
}

fn check(value: &str) -> Result<(), String> {
    // What has no scheme is meant as http, as everywhere.
    let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&whole).map_err(|error| format!("it is no URL ({error})"))?;
    match url.scheme() {
        "http" | "https" => {}
        scheme @ ("socks4" | "socks4a" | "socks5" | "socks5h") => {
            return Err(format!("{scheme} is not supported, only http and https"));
        }
        _ => return Err("its scheme is neither http nor https".to_owned()),
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("it has something behind the port".to_owned());
    }
    // What the matcher would silently pass over.
    if value.parse::<Uri>().is_err() {
        return Err("it is no URL (percent-encode odd characters of the password)".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is set, which proxy the store is reached through, and why.
    type Row = (&'static [(&'static str, &'static str)], Option<&'static str>, &'static str);

    fn named(variables: &[(&str, &str)]) -> Result<Proxies, InvalidProxy> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Proxies::named(&lookup)
    }

    #[test]
    fn the_variables_mean_what_they_mean_to_every_tool() {
        let store = "acc.blob.core.windows.net";
        let table: [Row; 11] = [
            (&[], None, "nothing is set"),
            (&[("HTTPS_PROXY", "")], None, "set to nothing"),
            (&[("HTTPS_PROXY", "http://p:3128")], Some("http://p:3128 (HTTPS_PROXY)"), "the usual"),
            (
                &[("https_proxy", "http://p:3128/")],
                Some("http://p:3128 (https_proxy)"),
                "in lower case, with a slash",
            ),
            (&[("HTTPS_PROXY", "p:3128")], Some("http://p:3128 (HTTPS_PROXY)"), "no scheme"),
            (&[("ALL_PROXY", "https://p")], Some("https://p:443 (ALL_PROXY)"), "for everything, over TLS"),
            (
                &[("HTTPS_PROXY", "http://u:PLANTED@p:8080")],
                Some("http://p:8080 (HTTPS_PROXY)"),
                "a password",
            ),
            (&[("HTTP_PROXY", "http://p:3128")], None, "for plain http, which goes to nobody's proxy"),
            (
                &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", ".windows.net")],
                None,
                "an exception for a domain",
            ),
            (&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")], None, "an exception for all"),
            (
                &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "10.0.0.0/8")],
                Some("http://p:1 (HTTPS_PROXY)"),
                "for others",
            ),
        ];
        for (variables, expected, why) in table {
            let found = named(variables).unwrap().towards(store);
            assert_eq!(found.map(|proxy| proxy.to_string()).as_deref(), expected, "{why}");
        }
        let proxies = named(&[("HTTPS_PROXY", "http://u:PLANTED@p:8080")]).unwrap();
        assert!(!format!("{proxies:?}").contains("PLANTED"), "{proxies:?}");
        let authorization = proxies.towards(store).and_then(|proxy| proxy.authorization);
        assert!(authorization.is_some_and(|value| value.is_sensitive()));
    }

    #[test]
    fn what_names_no_proxy_is_refused_without_showing_it() {
        for (value, reason) in [
            ("http://", "no URL"),
            ("socks5://u:PLANTED@p:1080", "socks5 is not supported"),
            ("ftp://u:PLANTED@p", "neither http nor https"),
            ("http://u:PLANTED@p:port", "no URL"),
            ("http://u:PLANTED PLANTED@p:1", "percent-encode"),
            ("http://p:3128/some/path", "behind the port"),
            ("http://p:99999", "no URL"),
        ] {
            let error = named(&[("HTTPS_PROXY", value), ("NO_PROXY", "p")]).unwrap_err().to_string();
            assert!(
                error.starts_with("HTTPS_PROXY names no proxy") && error.contains(reason),
                "{value}: {error}"
            );
            assert!(!error.contains("PLANTED"), "{error}");
        }
    }
}
