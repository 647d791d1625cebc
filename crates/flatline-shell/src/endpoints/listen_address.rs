//! The value of `--listen`.

use std::net::SocketAddr;
use std::str::FromStr;

/// Where to listen: an IP address with a port, such as `0.0.0.0:9600`; port 0 takes any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(pub(super) SocketAddr);

/// Why a text is not an address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an IP address with a port; write something like 0.0.0.0:9600 or [::1]:9600")]
pub struct InvalidListenAddress(String);

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidListenAddress(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_address_with_a_port_is_refused() {
        for text in
            ["", "9600", ":9600", "localhost:9600", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:1"]
        {
            assert_eq!(text.parse::<ListenAddress>(), Err(InvalidListenAddress(text.to_owned())));
        }
    }
}
