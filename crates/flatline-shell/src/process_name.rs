//! The name that a process signs its beats and records with.

use failover_policy::Tick;

use crate::{ConfigError, Environment};

/// The longest host name that is used, in characters: the limit of a DNS label (RFC 1123).
const MAX_HOST: usize = 63;

/// `HOST.PID.START`: the host (in a pod, the pod's name), the process id, and the start time in hexadecimal
/// ticks, since a container that restarts has the same host and the same process id.
pub fn process_name(environment: &Environment, start: Tick) -> Result<String, ConfigError> {
    let host = match environment.get("HOSTNAME")? {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => rustix::system::uname().nodename().to_string_lossy().into_owned(),
    };
    Ok(name_process(&host, std::process::id(), start))
}

/// Keeps to characters that a header of an HTTP request can carry as they are.
fn name_process(host: &str, process: u32, start: Tick) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let host: String = host.chars().take(MAX_HOST).map(plain).collect();
    format!("{host}.{process}.{:x}", start.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_cut_to_what_every_store_can_carry() {
        let table = [
            ("writer-7d9f4", "writer-7d9f4.12.89e7754fdf69000", "a pod's name"),
            ("näht\nx-y: z", "n-ht-x-y--z.12.89e7754fdf69000", "nothing that ends a header"),
            ("", ".12.89e7754fdf69000", "no name at all"),
        ];
        let start = Tick::from_count(0x089e_7754_fdf6_9000).unwrap();
        for (host, expected, why) in table {
            assert_eq!(name_process(host, 12, start), expected, "{why}");
        }
        assert!(name_process(&"x".repeat(300), 12, start).len() < 100);
    }

    #[test]
    fn the_variable_comes_before_the_kernels_name() {
        let start = Tick::UNIX_EPOCH;
        let named = process_name(&Environment::from_iter([("HOSTNAME", "pod-1")]), start).unwrap();
        assert!(named.starts_with("pod-1."), "{named}");
        for empty in [Environment::default(), Environment::from_iter([("HOSTNAME", "")])] {
            let fallback = process_name(&empty, start).unwrap();
            assert!(!fallback.starts_with('.'), "the kernel knows a name: {fallback}");
        }
    }
}
