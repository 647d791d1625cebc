//! What no file may mention: somebody's own machine, and the hosts of package registries, so that the project
//! builds the same wherever it lies and whatever mirror serves it.

use std::path::Path;

use anyhow::Result;

use crate::workspace;

/// The file that cargo writes itself, with the address of its registry.
const CARGO_LOCK: &str = "Cargo.lock";

/// The places that mention what they must not.
pub(super) fn check() -> Result<Vec<String>> {
    let patterns = patterns();
    let files = workspace::files()?.into_iter().filter(|file| file != Path::new(CARGO_LOCK));
    let texts = files.filter_map(|file| workspace::read(&file).ok().map(|text| (file, text)));
    Ok(texts.flat_map(|(file, text)| mentions(&file, &text, &patterns)).collect())
}

/// The patterns, put together here so that this file does not hold them.
fn patterns() -> Vec<String> {
    let homes = ["home", "root", "Users"].map(|folder| format!("/{folder}/"));
    let hosts = [
        ["crates", "io"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["yarnpkg", "com"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["debian", "org"],
        ["proxy.golang", "org"],
    ];
    let here = workspace::root().display().to_string();
    homes.into_iter().chain(hosts.map(|host| host.join("."))).chain([here]).collect()
}

fn mentions(file: &Path, text: &str, patterns: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for pattern in patterns.iter().filter(|pattern| line.contains(pattern.as_str())) {
            found.push(format!("{}:{number}: mentions {pattern}", file.display()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_folder_and_a_registry_are_found_with_their_line() {
        let home = ["", "home", "somebody", "x"].join("/");
        let registry = ["https://static.crates", "io/x"].join(".");
        let text = format!("fine\nsee {home}\n{registry}\nthe /homely/ thing");
        let found = mentions(Path::new("notes.md"), &text, &patterns());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("notes.md:2: mentions "), "{found:?}");
        assert!(found[1].starts_with("notes.md:3: mentions "), "{found:?}");
    }
}
