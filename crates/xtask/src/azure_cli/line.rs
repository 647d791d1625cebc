//! Command lines as the scripts' tests recorded them.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};

/// A command line without the program's name.
#[derive(Debug, PartialEq)]
pub(super) struct Line(Vec<String>);

impl Line {
    pub(super) fn new(words: &[&str]) -> Self {
        Self(words.iter().map(|word| (*word).to_owned()).collect())
    }

    /// The calls of `az` among recorded ones (a JSON array each, the program first). Of those with the same command and
    /// flags in the same order one is kept: the parser looks at flags, and at few values.
    pub(super) fn of_every_form(calls: &str) -> Result<Vec<Self>> {
        let mut forms = BTreeMap::new();
        for call in calls.lines() {
            let mut words: Vec<String> =
                serde_json::from_str(call).with_context(|| format!("this is no recorded call: {call}"))?;
            if words.first().is_some_and(|program| program == "az") {
                words.remove(0);
                let line = Self(words);
                forms.entry((line.command(), line.flags().collect::<Vec<_>>())).or_insert(line);
            }
        }
        Ok(forms.into_values().collect())
    }

    /// The words before the first flag, such as `aks create`.
    pub(super) fn command(&self) -> String {
        let words = self.words().take_while(|word| !word.starts_with('-'));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The flags, without values that are glued to them by `=`.
    pub(super) fn flags(&self) -> impl Iterator<Item = String> {
        let flags = self.words().filter(|word| word.starts_with('-'));
        flags.map(|flag| flag.split('=').next().unwrap_or(flag).to_owned())
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "az {}", self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    const CALLS: &str = r#"["az", "group", "show", "--name", "one"]
["kubectl", "config", "get-contexts"]
["az", "group", "show", "--name", "two"]
["az", "group", "show", "-g", "two"]
"#;

    #[test]
    fn one_line_of_each_form_is_kept_and_other_programs_are_not() -> anyhow::Result<()> {
        let lines = Line::of_every_form(CALLS)?;
        assert_eq!(
            lines,
            [Line::new(&["group", "show", "--name", "one"]), Line::new(&["group", "show", "-g", "two"])]
        );
        Ok(())
    }

    #[test]
    fn a_line_knows_its_command_and_its_flags() {
        let line = Line::new(&["role", "assignment", "list", "--role", "AcrPull", "--scope=/x"]);
        assert_eq!(line.command(), "role assignment list");
        assert_eq!(line.flags().collect::<Vec<_>>(), ["--role", "--scope"]);
    }

    #[test]
    fn what_is_no_recorded_call_is_an_error() {
        assert!(Line::of_every_form("az group show").is_err());
    }
}
