use azure_core::credentials::Secret;
use azure_core::time::parse_rfc3339;

use super::*;
use crate::{Place, Source};

const NOW: &str = "2026-01-02T00:00:00Z";

fn hint(status: u16, code: &Code, effect: Effect, credential: &Credential) -> String {
    let blob = Some("p/ownership.json");
    let now = parse_rfc3339(NOW).unwrap();
    let refusal = Refusal { status, code, effect, blob, now, stores_now: None };
    after_refusal(&refusal, &place("https://acc.blob.core.windows.net/con"), credential)
}

fn place(url: &str) -> BlobPlace {
    let Ok(Place::Blob(place)) = Place::parse(url, Source::Flag) else { panic!("a sound place") };
    place
}

fn sas(times: &str) -> Credential {
    let sas = Sas::parse(&format!("sv=1&{times}&sig=PLANTED")).unwrap();
    Credential::Sas { sas, origin: Origin::Variable("AZURE_STORAGE_SAS_TOKEN") }
}

#[test]
fn a_refusal_is_followed_by_what_to_mend_for_the_credential_in_use() {
    let failed = || Code::AuthenticationFailed;
    let mismatch = || Code::AuthorizationPermissionMismatch;
    let key =
        Credential::SharedKey { key: Secret::new("a2V5"), origin: Origin::Variable("AZURE_STORAGE_KEY") };
    let pod = Credential::WorkloadIdentity {
        client_id: "client".into(),
        tenant_id: "tenant".into(),
        token_file: "/token".into(),
    };
    let table = [
        (
            403,
            failed(),
            Effect::None,
            sas("se=2026-01-01"),
            "expired at 2026-01-01T00:00:00Z, and by this machine's clock it is 2026-01-02T00:00:00Z: make a new one",
        ),
        (403, failed(), Effect::None, sas("st=2026-01-03&se=2026-01-04"), "starts at 2026-01-03T00:00:00Z"),
        (403, failed(), Effect::None, sas("se=2027-01-01"), "cut off, or was made with a key"),
        (403, failed(), Effect::None, sas("si=policy"), "cut off, or was made with a key"),
        (403, mismatch(), Effect::None, sas("se=2027-01-01"), "grants read (r) and list (l)"),
        (403, mismatch(), Effect::Write, sas("se=2027-01-01"), "create (c), write (w)"),
        (
            403,
            failed(),
            Effect::None,
            key,
            "set AZURE_STORAGE_KEY to one of the present keys of storage account 'acc'",
        ),
        (
            403,
            mismatch(),
            Effect::None,
            pod.clone(),
            "'Storage Blob Data Reader' on container 'con' to workload identity client",
        ),
        (403, mismatch(), Effect::Swap, pod.clone(), "'Storage Blob Data Contributor'"),
        (401, Code::NoAuthenticationInformation, Effect::None, Credential::Anonymous, "not public"),
        (404, Code::ResourceNotFound, Effect::None, Credential::Anonymous, "not public"),
        (403, Code::AuthorizationFailure, Effect::None, pod.clone(), "some minutes, or allow this network"),
        (
            412,
            Code::LeaseIdMissing,
            Effect::Write,
            pod.clone(),
            "lease break --account-name acc --container-name con --blob-name p/ownership.json --auth-mode login",
        ),
        (409, Code::BlobImmutableDueToPolicy, Effect::Write, pod.clone(), "immutability"),
        (400, Code::InvalidUri, Effect::None, pod.clone(), "check the store URL"),
        (
            403,
            Code::UnknownValue("KeyBasedAuthenticationNotPermitted".into()),
            Effect::None,
            pod,
            "forbids keys",
        ),
    ];
    for (status, code, effect, credential, expected) in table {
        let hint = hint(status, &code, effect, &credential);
        assert!(hint.contains(expected), "{hint}");
        assert!(!hint.contains("PLANTED") && !hint.contains('\n'), "{hint}");
    }
}

#[test]
fn the_stores_clock_decides_over_a_signature_and_this_machines_is_named_where_it_is_off() {
    let key =
        Credential::SharedKey { key: Secret::new("a2V5"), origin: Origin::Variable("AZURE_STORAGE_KEY") };
    // The signature, what this machine's clock shows, what the store's shows, what is said and what is not.
    let table = [
        (
            sas("st=2026-01-01T23:59:30Z&se=2027-01-01"),
            "2026-01-02T00:00:00Z",
            "2026-01-01T23:55:00Z",
            "starts at 2026-01-01T23:59:30Z, and by the store's clock it is 2026-01-01T23:55:00Z (this machine's clock is \
             300 s ahead of the store's: set it): wait, or make one that starts a quarter of an hour ago",
            "expired",
        ),
        (
            sas("se=2026-01-02T00:01:00Z"),
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:10:00Z",
            "expired at 2026-01-02T00:01:00Z, and by the store's clock it is 2026-01-02T00:10:00Z (this machine's clock is \
             600 s behind the store's: set it): make a new one",
            "starts",
        ),
        (
            sas("se=2026-01-01"),
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:00:02Z",
            "expired at 2026-01-01T00:00:00Z",
            "set it)",
        ),
        (
            sas("se=2027-01-01"),
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:00:00Z",
            "cut off, or was made with a key",
            "clock",
        ),
        (
            key.clone(),
            "2026-01-02T00:20:00Z",
            "2026-01-02T00:00:00Z",
            "this machine's clock is 1200 s ahead of the store's: set it",
            "check",
        ),
        (
            key,
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:00:01Z",
            "to one of the present keys of storage account 'acc'",
            "clock",
        ),
    ];
    for (credential, now, stores_now, expected, absent) in table {
        let refusal = Refusal {
            status: 403,
            code: &Code::AuthenticationFailed,
            effect: Effect::None,
            blob: None,
            now: parse_rfc3339(now).unwrap(),
            stores_now: Some(parse_rfc3339(stores_now).unwrap()),
        };
        let hint = after_refusal(&refusal, &place("https://acc.blob.core.windows.net/con"), &credential);
        assert!(hint.contains(expected) && !hint.contains(absent), "{hint}");
    }
}

#[test]
fn a_line_about_a_blob_can_be_typed_as_it_stands() {
    let key =
        Credential::SharedKey { key: Secret::new("a2V5"), origin: Origin::Variable("AZURE_STORAGE_KEY") };
    let real = place("https://acc.blob.core.windows.net/con");
    let emulator = place("http://127.0.0.1:10000/devstoreaccount1/con");
    let table = [
        (
            &real,
            &Credential::AzureCli,
            "p/x.json",
            "az storage blob lease break --account-name acc --container-name con --blob-name p/x.json --auth-mode login",
        ),
        (
            &real,
            &key,
            "a b/o'c",
            r"az storage blob lease break --account-name acc --container-name con --blob-name 'a b/o'\''c'",
        ),
        (
            &emulator,
            &key,
            "x",
            "az storage blob lease break --account-name devstoreaccount1 --container-name con --blob-name x --blob-endpoint http://127.0.0.1:10000/devstoreaccount1",
        ),
    ];
    for (place, credential, blob, expected) in table {
        assert_eq!(on_blob("lease break", "--blob-name", blob, place, credential), expected);
    }
}
