//! What to do about a record that no monitor can go by: the same words in every command, log and answer.

use failover_policy::UnusableRecord;

use crate::advice::{Advice, Term, Whom};

/// What to do about a record that this version cannot use.
pub(crate) fn unusable(why: &UnusableRecord) -> String {
    match why {
        UnusableRecord::Malformed(_) => malformed(),
        UnusableRecord::Newer(_) => NEWER.to_owned(),
    }
}

/// About bytes that are no record.
fn malformed() -> String {
    let replace = Advice::ActivateUnder(Whom::Chosen, Term::Found);
    format!("look who else writes it; {replace}, N above every term that was used, replaces it")
}

/// About bytes that nothing can be written over.
pub(crate) fn untouchable() -> String {
    let begin = Advice::ActivateUnder(Whom::Chosen, Term::Found);
    format!("move it out of the store by hand, then {begin}")
}

/// About a record that is not there, and may be lost: whoever looks once cannot tell.
pub(crate) fn may_be_lost() -> String {
    let name = Advice::ActivateUnder(Whom::Chosen, Term::Found);
    format!(
        "restart no monitor, look for 'lost' in their logs, then {name}, N above every term that was used"
    )
}

/// About a record that is well, and that others can use.
const NEWER: &str = "bring what is older to the version that wrote it, and activate nothing: the record is well, and an \
                     activation refuses to replace it without --replace-newer";

/// About a record that cannot count any further.
pub(crate) fn exhausted() -> String {
    format!(
        "scale the workload to zero in every cluster, move the ownership record out of the store by hand (the folder \
         'ownership', in Blob 'ownership.json'), begin anew with {}, and scale up again; whatever remembers terms has to \
         forget them",
        Advice::ActivateUnder(Whom::Chosen, Term::Known(1))
    )
}
