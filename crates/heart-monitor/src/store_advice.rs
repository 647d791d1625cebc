//! What to do about an error of the store that does not say so itself.

use heartbeat_store::StoreError;

pub(crate) fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::NotFound { .. } => "start the beacon that writes it",
        StoreError::NoStore { .. } => "mount or create the store by hand, Flatline never does",
        StoreError::Conflict { .. } => "look who else changes it; two may have met",
        StoreError::Denied { .. } => "mend the credential or the permission",
        // TLS, a proxy, the DNS or a mount: neither the network nor the firewall mends those.
        StoreError::Unreachable { .. } | StoreError::Malformed { .. } if error.says_what_to_do() => {
            "do as it says; it is tried again meanwhile"
        }
        StoreError::Unreachable { .. } => "look at the network, the mount and the firewall of the account",
        StoreError::NoSpace { .. } => "free space in the store",
        StoreError::Ambiguous { .. } => "try again when the store answers",
        StoreError::Malformed { .. } => "look at what is stored there, and who else writes it",
        StoreError::Obstructed { .. } => "remove what stands in the file's place",
        StoreError::Unsupported { .. } => "use Azure Blob or another mount",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_the_firewall_of_the_account_for_what_it_cannot_mend() {
        let elsewhere = [
            "TLS with acc.blob.core.windows.net fails: its certificate has expired; check the clock (date -u)",
            "cannot look up the host name acc.blob.core.windows.net: SERVFAIL; check the DNS",
            "the proxy http://p:3128 (HTTPS_PROXY) fails: Connection refused; mend the proxy",
            "HTTP 200 with a web page instead of Blob storage's answer; look for a proxy on the way",
            "Stale file handle (os error 116); recreate the pod",
        ];
        let unreachable =
            |detail: &str| StoreError::Unreachable { attempt: "read".into(), detail: detail.into() };
        for detail in elsewhere {
            assert!(!advice(&unreachable(detail)).contains("firewall"), "{detail}");
        }
        for detail in
            ["no answer within 1s", "cannot connect to 20.60.1.1:443: Connection refused (os error 111)"]
        {
            assert!(advice(&unreachable(detail)).contains("firewall"), "{detail}");
        }
    }
}
