//! The flags that a command's help names.

use std::collections::BTreeSet;

/// How far flags are set in; what explains them stands further right.
const INDENT: &str = "    -";

/// Every flag, long or short, in lines such as `    --name -n  [Required] : Name of the cluster.`
pub(super) fn flags(help: &str) -> BTreeSet<String> {
    let lines = help.lines().filter(|line| line.starts_with(INDENT));
    let names = lines.flat_map(|line| line.split_whitespace().take_while(|word| word.starts_with('-')));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::flags;

    const HELP: &str = "
Command
    az group show : Gets a resource group.

Arguments
    --name --resource-group -g -n [Required] : Name of resource group; see \"--
                                               query\" below.
        Values from: `az group list`. --not-a-flag

Global Arguments
    --output -o                              : Output format.
    --verbose                                : Increase logging verbosity. Use --debug for full
                                               debug logs.
";

    #[test]
    fn flags_are_what_stands_before_the_colon() {
        let found: Vec<_> = flags(HELP).into_iter().collect();
        assert_eq!(found, ["--name", "--output", "--resource-group", "--verbose", "-g", "-n", "-o"]);
    }

    #[test]
    fn a_page_without_flags_has_none() {
        assert!(flags("Group\n    az group : Manage resource groups.\n").is_empty());
    }
}
