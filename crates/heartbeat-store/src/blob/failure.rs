//! What an unhappy answer means: status and error code of the service, or no answer at all, become a
//! [`StoreError`] in one place.

use std::str::FromStr;

use azure_core::error::ErrorKind;
use azure_core::http::RawResponse;
use azure_core::http::headers::HeaderName;
use azure_core::time::{OffsetDateTime, parse_rfc7231};
use azure_storage_blob::models::StorageErrorCode as Code;

use super::fresh_token::TokenError;
use super::hint::{self, Refusal};
use super::transport::root_cause;
use crate::redact::clean;
use crate::{BlobPlace, Credential, StoreError};

/// What was being tried.
#[derive(Debug)]
pub(super) struct Attempt {
    verb: &'static str,
    what: String,
    pub(super) effect: Effect,
    /// The blob's name in its container, with the store's prefix; `None` where it is about the container.
    blob: Option<String>,
}

/// What a request that got no answer may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// It may have been carried out; doing it again does no harm.
    Write,
    /// It may have been carried out, and doing it again would conflict with itself.
    Swap,
}

impl Attempt {
    pub(super) fn reading(verb: &'static str, what: String) -> Self {
        Self { verb, what, effect: Effect::None, blob: None }
    }

    pub(super) fn writing(verb: &'static str, what: String) -> Self {
        Self { verb, what, effect: Effect::Write, blob: None }
    }

    pub(super) fn swapping(verb: &'static str, what: String) -> Self {
        Self { verb, what, effect: Effect::Swap, blob: None }
    }

    /// The same, on this blob.
    pub(super) fn on(self, blob: &str) -> Self {
        Self { blob: Some(blob.to_owned()), ..self }
    }

    /// Verb, thing and place: "read the stamp of cluster a in …".
    pub(super) fn described(&self, location: &str) -> String {
        format!("{} {}", self.verb, self.named(location))
    }

    /// Thing and place.
    pub(super) fn named(&self, location: &str) -> String {
        format!("{} in {location}", self.what)
    }
}

/// The meaning of an answer that is no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The container is there and the blob is not.
    Missing,
    NoContainer,
    /// The condition did not hold: somebody else was faster.
    Conflict,
    Refused,
    /// The service is in trouble and certainly did nothing.
    Away,
    /// The service is in trouble and may have done it.
    Unclear,
}

/// Explains an error of the client.
pub(super) fn store_error(
    error: &azure_core::Error,
    attempt: &Attempt,
    place: &BlobPlace,
    credential: &Credential,
) -> StoreError {
    let location = place.to_string();
    let described = || attempt.described(&location);
    let lost = |detail: String| match attempt.effect {
        Effect::None | Effect::Write => StoreError::Unreachable { attempt: described(), detail },
        Effect::Swap => StoreError::Ambiguous { attempt: described(), detail },
    };
    let (status, code, date) = match error.kind() {
        ErrorKind::HttpResponse { status, error_code, raw_response } => {
            (u16::from(*status), error_code.as_deref(), raw_response.as_deref().and_then(date))
        }
        // It was never sent.
        ErrorKind::Connection => {
            return StoreError::Unreachable { attempt: described(), detail: root_cause(error) };
        }
        ErrorKind::Credential => return no_token(error, described(), credential),
        _ => return lost(root_cause(error)),
    };
    let code = Code::from_str(code.unwrap_or_default()).unwrap_or_else(|never| match never {});
    let detail = answer(status, &code);
    match meaning(status, &code, attempt.effect, credential) {
        Meaning::Missing => StoreError::NotFound { what: attempt.named(&location) },
        Meaning::NoContainer => {
            StoreError::NoStore { place: location.clone(), hint: hint::create_container(place) }
        }
        Meaning::Conflict => StoreError::Conflict { what: attempt.named(&location) },
        Meaning::Refused => {
            let refusal = Refusal {
                status,
                code: &code,
                effect: attempt.effect,
                blob: attempt.blob.as_deref(),
                now: OffsetDateTime::now_utc(),
                stores_now: date,
            };
            let hint = hint::after_refusal(&refusal, place, credential);
            StoreError::Denied { attempt: described(), detail, hint }
        }
        Meaning::Away => StoreError::Unreachable { attempt: described(), detail },
        Meaning::Unclear => lost(detail),
    }
}

const DATE: HeaderName = HeaderName::from_static("date");

/// What the store's clock showed when it answered.
fn date(answer: &RawResponse) -> Option<OffsetDateTime> {
    parse_rfc7231(answer.headers().get_optional_str(&DATE)?).ok()
}

/// The error code decides, and only where it says nothing the status does. A 404 without a code that is known
/// is somebody else's answer (a proxy, a wrong host): it must never read as "there is no such record".
fn meaning(status: u16, code: &Code, effect: Effect, credential: &Credential) -> Meaning {
    match code {
        Code::BlobNotFound if effect == Effect::Swap => Meaning::Conflict,
        Code::BlobNotFound => Meaning::Missing,
        Code::ContainerNotFound => Meaning::NoContainer,
        Code::BlobAlreadyExists | Code::ConditionNotMet => Meaning::Conflict,
        Code::ContainerBeingDeleted | Code::AccountBeingCreated => Meaning::Away,
        // What a private container answers to somebody without a name.
        Code::ResourceNotFound if *credential == Credential::Anonymous => Meaning::Refused,
        code if hint::for_code(code).is_some() => Meaning::Refused,
        _ => meaning_of_status(status),
    }
}

fn meaning_of_status(status: u16) -> Meaning {
    match status {
        // Redirects are not followed, so nothing was carried out.
        300..=399 | 404 | 429 => Meaning::Away,
        408 | 409 | 412 => Meaning::Unclear,
        400..=499 => Meaning::Refused,
        _ => Meaning::Unclear,
    }
}

/// The request was never sent.
fn no_token(error: &azure_core::Error, attempt: String, credential: &Credential) -> StoreError {
    match error.downcast_ref::<TokenError>() {
        Some(TokenError::Refused(detail)) => {
            StoreError::Denied { attempt, detail: detail.clone(), hint: hint::without_token(credential) }
        }
        Some(TokenError::Unavailable(detail)) => StoreError::Unreachable { attempt, detail: detail.clone() },
        None => StoreError::Unreachable { attempt, detail: clean(&error.to_string()) },
    }
}

/// Status and error code. The service's own sentences are left out: they say no more than the code, at length,
/// and some repeat parts of the request.
fn answer(status: u16, code: &Code) -> String {
    let code = code.as_ref();
    // An answer that is not the service's has no code, and the client fills in the status once more.
    let named = code.starts_with(|c: char| c.is_ascii_alphabetic())
        && code.chars().all(|c| c.is_ascii_alphanumeric());
    if named { format!("HTTP {status} {}", clean(code)) } else { format!("HTTP {status}") }
}

#[cfg(test)]
mod tests;
