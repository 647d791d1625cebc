use azure_core::credentials::Secret;
use azure_core::time::parse_rfc3339;

use super::*;
use crate::{Place, Source};

const NOW: &str = "2026-01-02T00:00:00Z";

fn hint(status: u16, code: &Code, effect: Effect, credential: &Credential) -> String {
    let Ok(Place::Blob(place)) = Place::parse("https://acc.blob.core.windows.net/con", Source::Flag) else {
        panic!("a sound place")
    };
    let refusal = Refusal { status, code, effect, now: parse_rfc3339(NOW).unwrap() };
    after_refusal(&refusal, &place, credential)
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
            "expired at 2026-01-01T00:00:00Z: make a new one",
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
        (412, Code::LeaseIdMissing, Effect::Write, pod.clone(), "lease break"),
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
