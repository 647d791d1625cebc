//! The go-ahead between a plan and its execution.

use flatline_shell::{ConfigError, Exit};

use crate::operator::args::ConsentArgs;
use crate::operator::console::{Consent, Console};

/// Gets the go-ahead for the plan that was just printed; `None` says go, anything else is how the command ends.
pub(crate) async fn obtain(
    args: ConsentArgs,
    question: &str,
    console: &mut impl Console,
) -> Result<Option<Exit>, ConfigError> {
    if args.dry_run {
        console.tell("dry run: nothing was changed\n")?;
        return Ok(Some(Exit::Done));
    }
    if args.yes {
        return Ok(None);
    }
    Ok(match console.ask(question).await {
        Consent::Given => None,
        Consent::Refused => {
            console.tell("nothing was changed\n")?;
            Some(Exit::Refused)
        }
        Consent::NobodyToAsk => {
            console.complain(
                "nothing was changed: the plan needs a go-ahead and nobody is at a terminal; read it, then say --yes",
            );
            Some(Exit::Refused)
        }
    })
}
