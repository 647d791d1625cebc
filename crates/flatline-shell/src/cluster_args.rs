//! The flags that say which clusters there are.

use clap::Args;
use failover_policy::ClusterId;

use crate::ConfigError;

/// Which cluster this is, which one it watches, and which one owns the work at first.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Clusters")]
pub struct ClusterArgs {
    /// The cluster that this process runs in, such as a
    #[arg(long, value_name = "ID", env = "THIS_CLUSTER")]
    pub this_cluster: Option<ClusterId>,
    /// The cluster whose heart is watched, such as b
    #[arg(long, value_name = "ID", env = "THAT_CLUSTER")]
    pub that_cluster: Option<ClusterId>,
    /// The cluster that owns the work at first [default: a; required where neither cluster is a]
    #[arg(long, value_name = "ID", env = "PRIMARY_CLUSTER")]
    pub primary: Option<ClusterId>,
}

/// The checked clusters: `this` and `that` differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The cluster that this process runs in.
    pub this: ClusterId,
    /// The cluster whose heart is watched, where one was named.
    pub that: Option<ClusterId>,
    /// The cluster that owns the work where there is no ownership record; `None` where it was not named and
    /// neither cluster is `a`.
    pub primary: Option<ClusterId>,
}

/// The primary of the classic pair.
const CLASSIC_PRIMARY: &str = "a";

impl ClusterArgs {
    /// Checks what every command that runs inside a cluster needs: which one it is, and that it does not watch
    /// itself.
    pub fn check(&self) -> Result<Clusters, ConfigError> {
        let this = self.this_cluster.clone().ok_or_else(|| {
            ConfigError::new("which cluster is this? set --this-cluster or THIS_CLUSTER, such as a")
        })?;
        let that = self.that_cluster.clone();
        if that.as_ref() == Some(&this) {
            return Err(ConfigError::new(format_args!(
                "--this-cluster and --that-cluster are both '{this}'; name two different clusters"
            )));
        }
        let primary = self.primary_among(self.named());
        Ok(Clusters { this, that, primary })
    }

    /// The clusters that were named, this one first.
    pub fn named(&self) -> impl Iterator<Item = &ClusterId> {
        [&self.this_cluster, &self.that_cluster].into_iter().flatten()
    }

    /// The primary: the one that was named, or the classic one where it is among these.
    pub fn primary_among<'c>(&self, clusters: impl IntoIterator<Item = &'c ClusterId>) -> Option<ClusterId> {
        let classic = || clusters.into_iter().find(|id| id.as_str() == CLASSIC_PRIMARY).cloned();
        self.primary.clone().or_else(classic)
    }
}

impl Clusters {
    /// The primary, for commands that need one.
    pub fn require_primary(&self) -> Result<&ClusterId, ConfigError> {
        self.primary.as_ref().ok_or_else(|| {
            ConfigError::new("which cluster is the primary? neither is 'a': set --primary or PRIMARY_CLUSTER")
        })
    }

    /// The watched cluster, for commands that need one.
    pub fn require_that(&self) -> Result<&ClusterId, ConfigError> {
        self.that.as_ref().ok_or_else(|| {
            ConfigError::new("whose heart is to be watched? set --that-cluster or THAT_CLUSTER, such as b")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(this: &str, that: &str, primary: &str) -> ClusterArgs {
        let id = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        ClusterArgs { this_cluster: id(this), that_cluster: id(that), primary: id(primary) }
    }

    #[test]
    fn the_primary_is_a_unless_named_or_neither_cluster_is_a() {
        let table = [
            ("a", "b", "", Some("a")),
            ("b", "a", "", Some("a")),
            ("a", "", "", Some("a")),
            ("b", "", "", None),
            ("west", "east", "", None),
            ("west", "east", "east", Some("east")),
            ("a", "b", "b", Some("b")),
            ("b", "c", "a", Some("a")),
        ];
        for (this, that, primary, expected) in table {
            let clusters = args(this, that, primary).check().unwrap();
            let found = clusters.primary.as_ref().map(ClusterId::as_str);
            assert_eq!(found, expected, "{this:?} {that:?} {primary:?}");
            assert_eq!(clusters.require_primary().is_ok(), expected.is_some());
            assert_eq!(clusters.require_that().is_ok(), !that.is_empty());
        }
    }

    #[test]
    fn a_cluster_without_a_name_and_one_that_watches_itself_are_refused() {
        let table = [("", "b", "THIS_CLUSTER"), ("a", "a", "two different clusters")];
        for (this, that, hint) in table {
            let error = args(this, that, "").check().unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
