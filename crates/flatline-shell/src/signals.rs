//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::ConfigError;

/// Listens for the signals that end a program. Installed at start-up, before anything else is awaited: as
/// process 1 of a container a signal without a handler is ignored by the kernel.
#[derive(Debug)]
pub struct Termination {
    terminate: Signal,
    interrupt: Signal,
}

impl Termination {
    /// Installs the handlers of SIGTERM and SIGINT. Fails where the runtime has no signal driver.
    pub fn install() -> Result<Self, ConfigError> {
        let listen = |kind| {
            signal(kind).map_err(|error| ConfigError::new(format_args!("cannot listen for signals: {error}")))
        };
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the first such signal and returns its number.
    pub async fn received(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        }
    }
}
