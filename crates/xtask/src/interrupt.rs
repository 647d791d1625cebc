//! Ctrl-C that cleans up.

use anyhow::Result;
use flatline_tests::giving_up;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit code after Ctrl-C: 128 and the number of SIGINT.
pub(crate) const EXIT_CODE: u8 = 130;

/// From here on the first signal makes every wait fail, so that processes are ended and folders removed on the
/// way out; a second one ends this process at once.
pub(crate) fn leads_through_the_error_path() -> Result<()> {
    for signal in [SIGINT, SIGTERM] {
        // In this order: the signal that sets the flag does not yet find it set.
        flag::register_conditional_shutdown(signal, EXIT_CODE.into(), giving_up())?;
        flag::register(signal, giving_up())?;
    }
    Ok(())
}
