//! Why a request has no answer: which part of the way failed, and what to do about that part.

use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::proxies::Proxy;
use crate::redact::clean;

/// What stopped a request on its way. The texts are one line each and hold no secret. All but the last two mean that
/// it was never sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::blob) enum Trouble {
    #[error(
        "cannot look up the host name {host}: {detail}; check the DNS of this machine or cluster, and the name"
    )]
    Lookup { host: String, detail: String },
    #[error("cannot connect to {target}: {detail}")]
    Connect { target: String, detail: String },
    #[error("the proxy {proxy} fails: {detail}; mend the proxy, or name the host in NO_PROXY")]
    Proxy { proxy: String, detail: String },
    #[error("TLS with {host} fails: {detail}")]
    Tls { host: String, detail: String },
    #[error("no connection within {limit:?}: {stood}")]
    Dialing { limit: Duration, stood: String },
    /// Sending it now would end in the middle of the answer, and the connection would be lost with it.
    #[error(
        "the connection came up too late for this request, which was not sent; the next one uses it ({0})"
    )]
    TooLate(String),
    #[error("a request was made that HTTP cannot carry: {0}")]
    Unsendable(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("{0}")]
    Overrun(String),
}

impl Trouble {
    /// Whether the request certainly never left.
    pub(super) fn never_sent(&self) -> bool {
        !matches!(self, Self::Broken(_) | Self::Overrun(_))
    }

    pub(super) fn proxy(proxy: &Proxy, detail: &str) -> Self {
        Self::Proxy { proxy: proxy.to_string(), detail: clean(detail) }
    }

    /// What a handshake came to.
    pub(super) fn tls(host: &str, error: &io::Error) -> Self {
        let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let detail = cause.map_or_else(|| ended(error), told);
        Self::Tls { host: host.to_owned(), detail: clean(&detail) }
    }
}

/// What the operating system says of a handshake that was cut off.
fn ended(error: &io::Error) -> String {
    format!(
        "the connection ended in the handshake ({error}); a firewall or proxy that inspects TLS does that: let this \
         machine reach the host without it"
    )
}

fn told(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => certificate(reason),
        rustls::Error::AlertReceived(alert) => {
            format!("the other side ended the handshake ({alert:?}); look for a proxy on the way that inspects TLS")
        }
        rustls::Error::InvalidMessage(_) => {
            "what answers there speaks no TLS; check the port, and look for a proxy or a captive portal on the way"
                .to_owned()
        }
        other => format!("{other}; look for a proxy on the way that inspects TLS"),
    }
}

fn certificate(reason: &CertificateError) -> String {
    let advice = match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, by this machine's clock: check the clock (date -u), and whose certificate it is"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, by this machine's clock: check the clock (date -u)"
        }
        // A bad signature: somebody took the name of an authority that is trusted.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody whom this machine trusts has issued its certificate: where a proxy inspects TLS, add its authority to \
             the bundle that SSL_CERT_FILE names; else look who answers there"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host: check the store URL, the DNS, and whether a proxy answers"
        }
        CertificateError::Revoked => "its certificate was revoked: look who answers there",
        _ => "its certificate cannot be used: look who answers there",
    };
    format!("{advice} ({})", rustls::Error::InvalidCertificate(reason.clone()))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::UnixTime;
    use rustls::{AlertDescription, InvalidMessage};

    use super::*;

    fn tls(error: rustls::Error) -> String {
        Trouble::tls("acc.example", &io::Error::new(io::ErrorKind::InvalidData, error)).to_string()
    }

    #[test]
    fn each_failure_of_tls_leads_to_what_mends_it_and_none_to_the_firewall_of_the_account() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let certificate = rustls::Error::InvalidCertificate;
        let table = [
            (certificate(CertificateError::Expired), "has expired, by this machine's clock"),
            (
                certificate(CertificateError::ExpiredContext { time: at(9), not_after: at(8) }),
                "has expired, by this machine's clock",
            ),
            (certificate(CertificateError::NotValidYet), "not valid yet, by this machine's clock"),
            (certificate(CertificateError::UnknownIssuer), "the bundle that SSL_CERT_FILE names"),
            (certificate(CertificateError::NotValidForName), "for another host: check the store URL"),
            (certificate(CertificateError::Revoked), "revoked"),
            (certificate(CertificateError::BadSignature), "the bundle that SSL_CERT_FILE names"),
            (certificate(CertificateError::BadEncoding), "cannot be used"),
            (
                rustls::Error::AlertReceived(AlertDescription::HandshakeFailure),
                "the other side ended the handshake",
            ),
            (rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType), "speaks no TLS"),
        ];
        for (error, expected) in table {
            let text = tls(error);
            assert!(text.starts_with("TLS with acc.example fails: ") && text.contains(expected), "{text}");
            assert!(!text.contains("firewall of the account") && !text.contains('\n'), "{text}");
        }
        let reset = Trouble::tls("acc.example", &io::ErrorKind::ConnectionReset.into()).to_string();
        assert!(reset.contains("ended in the handshake") && reset.contains("inspects TLS"), "{reset}");
    }
}
