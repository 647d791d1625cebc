//! Links between the repository's own pages lead somewhere: to a file, and to a heading in it where one is named.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use crate::workspace;

/// The links that lead nowhere.
pub(super) fn check() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for page in workspace::files_with("md")? {
        let text = workspace::read(&page)?;
        for (number, target) in links(&text) {
            if let Some(reason) = broken(&page, &text, &target)? {
                findings
                    .push(format!("{}:{number}: the link to {target} is broken: {reason}", page.display()));
            }
        }
    }
    Ok(findings)
}

/// Why a link leads nowhere; `None` where it leads somewhere, or out of the repository.
fn broken(page: &Path, text: &str, target: &str) -> Result<Option<String>> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(None);
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let (path, text) = if file.is_empty() {
        (page.to_owned(), text.to_owned())
    } else {
        let path = normal(&page.parent().unwrap_or(Path::new("")).join(file));
        if !workspace::root().join(&path).exists() {
            return Ok(Some(format!("there is no {}", path.display())));
        }
        let is_page = path.extension().is_some_and(|extension| extension == "md");
        let text = if is_page { workspace::read(&path)? } else { String::new() };
        (path, text)
    };
    let is_missing = !anchor.is_empty() && !anchors(&text).contains(anchor);
    Ok(is_missing.then(|| format!("{} has no heading #{anchor}", path.display())))
}

/// The targets of inline links, images and reference definitions with their line, code left out.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code(line);
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let inline = line.split("](").skip(1).map(closed);
        let targets = inline.chain(definition.map(|(_, target)| target));
        let targets = targets.filter_map(|target| target.split_whitespace().next());
        found.extend(targets.map(|target| (number, target.trim_matches(['<', '>']).to_owned())));
    }
    found
}

/// The text up to the bracket that closes a link.
fn closed(rest: &str) -> &str {
    rest.split_once(')').map_or(rest, |(target, _)| target)
}

/// The anchors of a page's headings, the way the common hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title.trim());
        let repeated = (1..).map(|count| format!("{slug}-{count}"));
        let free = std::iter::once(slug.clone()).chain(repeated).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

fn slug(title: &str) -> String {
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

/// The numbered lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_images_and_definitions_are_found_and_code_is_not() {
        let text = "See [a](docs/a.md#top \"title\") and ![b](b.svg).\n```\n[no](no.md)\n```\n`[no](no.md)` [c][c]\n\n[c]: <c.md>\n";
        let expected =
            [(1, "docs/a.md#top"), (1, "b.svg"), (7, "c.md")].map(|(line, target)| (line, target.to_owned()));
        assert_eq!(links(text), expected);
    }

    #[test]
    fn headings_become_anchors_as_the_hosts_make_them() {
        let found = anchors("# The `T − p` rule, explained\n## Exit codes\n## Exit codes\n#no heading\n");
        let expected = ["exit-codes", "exit-codes-1", "the-t--p-rule-explained"];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_link_is_broken_when_its_file_or_heading_is_not_there() {
        let page = Path::new("crates/xtask/page.md");
        let text = "# Here\n";
        let table = [
            ("https://example.org/x", false),
            ("mailto:a@example.org", false),
            ("Cargo.toml", false),
            ("../../Cargo.toml", false),
            ("#here", false),
            ("#there", true),
            ("missing.md", true),
            ("../../../outside/missing.md", true),
        ];
        for (target, is_broken) in table {
            assert_eq!(broken(page, text, target).unwrap().is_some(), is_broken, "{target}");
        }
    }
}
