use std::str::FromStr;

use azure_core::Error;
use azure_core::credentials::Secret;

use super::*;
use crate::{Origin, Place, Source};

fn place() -> BlobPlace {
    match Place::from_environment("https://acc.blob.core.windows.net/con/p") {
        Place::Blob(place) => place,
        Place::Folder(path) => panic!("{path:?}"),
    }
}

impl Place {
    fn from_environment(text: &str) -> Self {
        Self::parse(text, Source::Environment).unwrap()
    }
}

fn key() -> Credential {
    Credential::SharedKey { key: Secret::new("a2V5"), origin: Origin::Variable("AZURE_STORAGE_KEY") }
}

fn attempts() -> [Attempt; 3] {
    let what = || "the thing".to_owned();
    [Attempt::reading("read", what()), Attempt::writing("write", what()), Attempt::swapping("swap", what())]
}

fn answered(status: u16, code: &str) -> Error {
    let error_code = (!code.is_empty()).then(|| code.to_owned());
    ErrorKind::HttpResponse { status: status.into(), error_code, raw_response: None }.into_error()
}

#[test]
fn every_answer_has_one_meaning_per_kind_of_request() {
    // Status, code, then the meaning for a read, a write and a swap.
    let table = [
        (404, "BlobNotFound", ["not_found", "not_found", "conflict"], "never written, or gone"),
        (404, "ContainerNotFound", ["no_store"; 3], "never created by us"),
        (404, "ResourceNotFound", ["unreachable"; 3], "no word about the blob"),
        (404, "", ["unreachable"; 3], "somebody else's 404 is not 'there is no record'"),
        (403, "AuthenticationFailed", ["denied"; 3], "a wrong key, an expired signature"),
        (403, "AuthorizationPermissionMismatch", ["denied"; 3], "a missing role"),
        (403, "AuthorizationFailure", ["denied"; 3], "a firewall"),
        (403, "SomethingNew", ["denied"; 3], "a code of tomorrow"),
        (401, "NoAuthenticationInformation", ["denied"; 3], "nobody signed"),
        (401, "InvalidAuthenticationInfo", ["denied"; 3], "a refused token"),
        (409, "PublicAccessNotPermitted", ["denied"; 3], "anonymous"),
        (409, "BlobAlreadyExists", ["conflict"; 3], "a create that lost"),
        (412, "ConditionNotMet", ["conflict"; 3], "a swap that lost"),
        (412, "LeaseIdMissing", ["denied"; 3], "a lease is no lost swap"),
        (409, "LeaseAlreadyPresent", ["denied"; 3], "a lease is no lost swap"),
        (409, "BlobImmutableDueToPolicy", ["denied"; 3], "a policy is no lost swap"),
        (409, "InvalidBlobType", ["denied"; 3], "an append blob in the way"),
        (409, "ContainerBeingDeleted", ["unreachable"; 3], "certainly not carried out"),
        (409, "SomethingNew", ["unreachable", "unreachable", "ambiguous"], "a code of tomorrow"),
        (412, "", ["unreachable", "unreachable", "ambiguous"], "a condition that nobody names"),
        (408, "", ["unreachable", "unreachable", "ambiguous"], "a slow request"),
        (500, "InternalError", ["unreachable", "unreachable", "ambiguous"], "it may have been carried out"),
        (
            500,
            "OperationTimedOut",
            ["unreachable", "unreachable", "ambiguous"],
            "it may have been carried out",
        ),
        (503, "ServerBusy", ["unreachable", "unreachable", "ambiguous"], "it may have been carried out"),
        (502, "", ["unreachable", "unreachable", "ambiguous"], "a gateway"),
        (429, "TooManyRequests", ["unreachable"; 3], "certainly not carried out"),
        (302, "", ["unreachable"; 3], "a login page"),
        (400, "InvalidQueryParameterValue", ["denied"; 3], "not a blob endpoint"),
        (407, "", ["denied"; 3], "a proxy that wants a password"),
    ];
    for (status, code, expected, why) in table {
        for (attempt, expected) in attempts().iter().zip(expected) {
            let error = store_error(&answered(status, code), attempt, &place(), &key());
            assert_eq!(error.reason(), expected, "{status} {code} for {attempt:?}: {why}");
        }
    }
}

#[test]
fn no_answer_leaves_a_swap_open_unless_the_request_was_never_sent() {
    let [read, write, swap] = attempts();
    let broken = || Error::with_error(ErrorKind::Io, std::io::Error::other("connection reset"), "outer");
    let refused = || Error::with_error(ErrorKind::Connection, std::io::Error::other("refused"), "outer");
    let no_token = || Error::new(ErrorKind::Credential, TokenError::Unavailable("no token".to_owned()));
    let bad_token = || Error::new(ErrorKind::Credential, TokenError::Refused("no such app".to_owned()));
    let table = [
        (broken(), &read, "unreachable"),
        (broken(), &write, "unreachable"),
        (broken(), &swap, "ambiguous"),
        (refused(), &swap, "unreachable"),
        (no_token(), &swap, "unreachable"),
        (bad_token(), &swap, "denied"),
        (Error::with_message(ErrorKind::DataConversion, "no XML"), &read, "unreachable"),
    ];
    for (error, attempt, expected) in table {
        assert_eq!(store_error(&error, attempt, &place(), &key()).reason(), expected, "{error:?}");
    }
}

#[test]
fn messages_say_what_where_and_what_to_do() {
    let [read, _, swap] = attempts();
    let table = [
        (
            store_error(&answered(404, "ContainerNotFound"), &read, &place(), &key()),
            "there is no store at https://acc.blob.core.windows.net/con/p; \
             create it with: az storage container create --account-name acc --name con",
        ),
        (
            store_error(&answered(403, "AuthenticationFailed"), &read, &place(), &key()),
            "not allowed to read the thing in https://acc.blob.core.windows.net/con/p: \
             HTTP 403 AuthenticationFailed; \
             set AZURE_STORAGE_KEY to one of the present keys of storage account 'acc', \
             and check this machine's clock",
        ),
        (
            store_error(&answered(502, "502"), &swap, &place(), &key()),
            "cannot tell whether the attempt to swap the thing in https://acc.blob.core.windows.net/con/p \
             took effect: HTTP 502",
        ),
    ];
    for (error, expected) in table {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn nothing_that_a_service_or_a_library_says_can_carry_a_secret_or_a_line_break() {
    let says = "https://acc/c?sig=PLANTED\nAuthorization: SharedKey acc:PLANTEDplantedPLANTEDplanted=";
    let errors = [
        Error::with_message(ErrorKind::Io, says),
        Error::with_error(ErrorKind::Connection, std::io::Error::other(says), says),
        Error::with_message(ErrorKind::Credential, says),
        answered(403, says),
        answered(500, says),
    ];
    for error in errors {
        for attempt in attempts() {
            let shown = store_error(&error, &attempt, &place(), &key());
            let text = format!("{shown} {shown:?}");
            assert!(!text.contains("PLANTED") && !text.contains('\n'), "{text}");
        }
    }
}

#[test]
fn every_code_of_the_service_reads_back() {
    // The mapping rests on it: an unknown code must not be taken for a known one.
    assert_eq!(Code::from_str("BlobNotFound"), Ok(Code::BlobNotFound));
    assert_eq!(Code::from_str("blobnotfound"), Ok(Code::UnknownValue("blobnotfound".to_owned())));
}
