//! Errors that follow what the caller can do next.

/// Why a store operation failed. Texts are safe to log: they never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store can be read and this is not in it. Next: wait for it to be written.
    #[error("{what} does not exist")]
    NotFound {
        /// The missing thing, with its place.
        what: String,
    },
    /// The store's root folder or container is not there, or is no folder. It is never created, since a share
    /// that is not mounted looks the same. Next: mount or create it by hand, keep trying.
    #[error("there is no store at {place}; {hint}")]
    NoStore {
        /// The root folder or container.
        place: String,
        /// How to create or mount it.
        hint: String,
    },
    /// Somebody else changed the record first. Next: read it again and decide anew.
    #[error("{what} was changed by somebody else in the meantime")]
    Conflict {
        /// The record.
        what: String,
    },
    /// The store refused. Next: mend the permission or credential; it may pass, so a loop keeps trying.
    #[error("not allowed to {attempt}: {detail}; {hint}")]
    Denied {
        /// What was being tried, with its place.
        attempt: String,
        /// What the store said.
        detail: String,
        /// What to mend.
        hint: String,
    },
    /// No answer, or none in time: the store, the network or the mount is away. Next: try again.
    #[error("could not {attempt}: {detail}")]
    Unreachable {
        /// What was being tried, with its place.
        attempt: String,
        /// What went wrong; where it is known what mends it, that as well, behind a semicolon.
        detail: String,
    },
    /// The store is full. Next: make room; nothing can be written until then.
    #[error("no room to {attempt}: {detail}; free space in the store")]
    NoSpace {
        /// What was being tried, with its place.
        attempt: String,
        /// What the store said.
        detail: String,
    },
    /// A conditional write may or may not have happened, and reading back did not settle it. Next: read the
    /// record until it can be read, and decide anew.
    #[error("cannot tell whether the attempt to {attempt} took effect: {detail}")]
    Ambiguous {
        /// What was being tried, with its place.
        attempt: String,
        /// What went wrong.
        detail: String,
    },
    /// What is stored there, or was to be stored, makes no sense. Next: look at it; a beacon's next beat replaces a
    /// bad stamp.
    #[error("{what} is malformed: {detail}")]
    Malformed {
        /// The stored thing, with its place.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Something else stands in the place or the path of a file: a folder, a pipe, a link to nowhere. It says
    /// nothing about what the file would hold. Next: remove it by hand.
    #[error("{what} cannot be used: {detail}")]
    Obstructed {
        /// The file that belongs there.
        what: String,
        /// What stands there instead, and what to do about it.
        detail: String,
    },
    /// This place can never do that, such as publishing without replacing on some FUSE mounts. Next: choose
    /// another place or do without; it is never imitated.
    #[error("this store cannot {attempt}: {detail}; {hint}")]
    Unsupported {
        /// What was being tried, with its place.
        attempt: String,
        /// What the place answered.
        detail: String,
        /// What to use instead.
        hint: String,
    },
}

impl StoreError {
    /// Every word that [`reason`](Self::reason) can give.
    pub const REASONS: [&str; 10] = [
        "not_found",
        "no_store",
        "conflict",
        "denied",
        "unreachable",
        "no_space",
        "ambiguous",
        "malformed",
        "obstructed",
        "unsupported",
    ];

    /// Whether the text says what to do, so that no general advice has to follow it, and none must contradict it.
    pub fn says_what_to_do(&self) -> bool {
        match self {
            Self::NoStore { .. } | Self::Denied { .. } | Self::NoSpace { .. } | Self::Unsupported { .. } => {
                true
            }
            Self::Unreachable { detail, .. }
            | Self::Ambiguous { detail, .. }
            | Self::Malformed { detail, .. } => detail.contains("; "),
            Self::NotFound { .. } | Self::Conflict { .. } | Self::Obstructed { .. } => false,
        }
    }

    /// The kind of error in one word, for metric labels and log fields.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::NoStore { .. } => "no_store",
            Self::Conflict { .. } => "conflict",
            Self::Denied { .. } => "denied",
            Self::Unreachable { .. } => "unreachable",
            Self::NoSpace { .. } => "no_space",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Malformed { .. } => "malformed",
            Self::Obstructed { .. } => "obstructed",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_reason_of_its_own_and_all_are_listed() {
        let text = || "x".to_owned();
        let errors = [
            StoreError::NotFound { what: text() },
            StoreError::NoStore { place: text(), hint: text() },
            StoreError::Conflict { what: text() },
            StoreError::Denied { attempt: text(), detail: text(), hint: text() },
            StoreError::Unreachable { attempt: text(), detail: text() },
            StoreError::NoSpace { attempt: text(), detail: text() },
            StoreError::Ambiguous { attempt: text(), detail: text() },
            StoreError::Malformed { what: text(), detail: text() },
            StoreError::Obstructed { what: text(), detail: text() },
            StoreError::Unsupported { attempt: text(), detail: text(), hint: text() },
        ];
        assert_eq!(errors.each_ref().map(StoreError::reason), StoreError::REASONS);
    }
}
