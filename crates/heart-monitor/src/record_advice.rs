//! What to do about a record that no monitor can go by: the same words in every command, log and answer.

use failover_policy::UnusableRecord;

/// What to do about a record that this version cannot use.
pub(crate) const fn unusable(why: &UnusableRecord) -> &'static str {
    match why {
        UnusableRecord::Malformed(_) => MALFORMED,
        UnusableRecord::Newer(_) => NEWER,
    }
}

/// About bytes that are no record.
pub(crate) const MALFORMED: &str = "look who else writes it; 'heart-monitor activate --cluster X --term N', N above every \
                                    term that was used, replaces it";

/// About a record that is well, and that others can use.
const NEWER: &str = "bring what is older to the version that wrote it, and activate nothing: the record is well, and \
                     'heart-monitor activate' refuses to replace it without --replace-newer";

/// About a record that cannot count any further.
pub(crate) const EXHAUSTED: &str = "scale the workload to zero in every cluster, move the ownership record out of the \
                                    store by hand (the folder 'ownership', in Blob 'ownership.json'), begin anew with \
                                    'heart-monitor activate --cluster X --term 1', and scale up again; whatever \
                                    remembers terms has to forget them";
