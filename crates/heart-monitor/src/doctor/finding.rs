//! What `doctor` found, and what to do about it.

use std::time::Duration;

use heartbeat_store::StoreError;
use serde::Serialize;

/// How bad a finding is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Ok,
    Warn,
    Fail,
}

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// What was examined, in a word or two.
    pub(crate) subject: &'static str,
    /// What was found.
    pub(crate) text: String,
    /// What to do about it; nothing where all is well.
    pub(crate) remedy: Option<String>,
    /// How long it took, in microseconds, where that matters.
    pub(crate) took_us: Option<u64>,
    /// What this finding may have in common with others: it is said once, with all that it blocks.
    #[serde(skip)]
    pub(crate) cause: Option<Cause>,
    /// What is meant beside the subject, where several findings have one: whose heart.
    #[serde(skip)]
    whose: Option<String>,
}

impl Finding {
    pub(crate) fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        let (text, remedy, took_us) = (text.into(), None, None);
        Self { level: Level::Ok, subject, text, remedy, took_us, cause: None, whose: None }
    }

    pub(crate) fn warn(subject: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warn, remedy: Some(remedy.into()), ..Self::ok(subject, text) }
    }

    pub(crate) fn fail(subject: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(subject, text, remedy) }
    }

    #[must_use]
    pub(crate) fn taking(self, took: Duration) -> Self {
        Self { took_us: Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)), ..self }
    }

    /// The same, because of this: findings with one cause become one line. Give it to whatever an error of the store
    /// led to.
    #[must_use]
    pub(crate) fn because(self, cause: impl Into<Option<Cause>>) -> Self {
        Self { cause: cause.into(), ..self }
    }

    /// The same, about one of several: `heart` of cluster a.
    #[must_use]
    pub(crate) fn of(self, whose: impl Into<String>) -> Self {
        Self { whose: Some(whose.into()), ..self }
    }

    /// What was examined, also whose.
    pub(crate) fn title(&self) -> String {
        self.whose
            .as_ref()
            .map_or_else(|| self.subject.to_owned(), |whose| format!("{} of {whose}", self.subject))
    }
}

/// Why something was found: what makes two findings one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    kind: &'static str,
    /// The rest of what must be the same; nothing where all of the kind come from this one.
    detail: Option<String>,
}

/// The word for a write whose fate is not known.
const AMBIGUOUS: &str = "ambiguous";

impl Cause {
    /// No cluster has a stamp in the store.
    pub(crate) const EMPTY_STORE: Self = Self { kind: "empty store", detail: None };
    /// Nothing in the store answers.
    pub(crate) const STORE_AWAY: Self = Self { kind: "unreachable", detail: None };

    /// What of an error is not about the one thing that was tried. An error that is about one file has no such part.
    pub(crate) fn of(error: &StoreError) -> Option<Self> {
        let detail = match error {
            StoreError::NoStore { place, .. } => place.clone(),
            StoreError::Denied { detail, hint, .. } | StoreError::Unsupported { detail, hint, .. } => {
                format!("{detail}; {hint}")
            }
            StoreError::Unreachable { detail, .. }
            | StoreError::NoSpace { detail, .. }
            | StoreError::Ambiguous { detail, .. } => detail.clone(),
            StoreError::Obstructed { what, detail } => format!("{what}: {detail}"),
            StoreError::NotFound { .. } | StoreError::Conflict { .. } | StoreError::Malformed { .. } => {
                return None;
            }
        };
        Some(Self { kind: error.reason(), detail: Some(detail) })
    }

    /// The cause of an error in the first thing that is asked of a store, its list of clusters: a store that is away
    /// is away for everything, however each attempt words it.
    pub(crate) fn of_the_whole(error: &StoreError) -> Option<Self> {
        match error {
            StoreError::Unreachable { .. } => Some(Self::STORE_AWAY),
            _ => Self::of(error),
        }
    }

    /// Whether whatever has the other cause follows from this one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        // Whether a write took effect that got no answer cannot be told where nothing answers.
        if *self == Self::STORE_AWAY && other.kind == AMBIGUOUS {
            return true;
        }
        self.kind == other.kind
            && self.detail.as_ref().is_none_or(|detail| other.detail.as_ref() == Some(detail))
    }
}
