//! The mount table: what kind of place a path is on.

use std::path::{Path, PathBuf};

/// The mount table of this process; the format is that of proc(5).
pub(crate) const MOUNT_TABLE: &str = "/proc/self/mountinfo";

/// One line of the mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) point: PathBuf,
    pub(crate) kind: String,
    options: Vec<String>,
}

impl Mount {
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|option| option == name)
    }
}

/// The innermost mount that holds `path`; of two on the same point the later one, which covers the other.
pub(crate) fn mount_of(table: &str, path: &Path) -> Option<Mount> {
    let holding = table.lines().filter_map(parse).filter(|mount| path.starts_with(&mount.point));
    holding.max_by_key(|mount| mount.point.components().count())
}

/// Reads `36 35 98:0 /root /point rw,noatime shared:1 - cifs //server/share rw,actimeo=30`.
fn parse(line: &str) -> Option<Mount> {
    let (own, super_block) = line.split_once(" - ")?;
    let mut own = own.split(' ').skip(4);
    let (point, own_options) = (unescape(own.next()?), own.next()?);
    let mut super_block = super_block.split(' ');
    let (kind, _source, super_options) = (super_block.next()?, super_block.next()?, super_block.next()?);
    let options = own_options.split(',').chain(super_options.split(',')).map(str::to_owned).collect();
    Some(Mount { point: PathBuf::from(point), kind: kind.to_owned(), options })
}

/// Undoes the octal escapes of space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";

    #[test]
    fn the_innermost_and_latest_mount_counts() {
        let table = format!(
            "{ROOT}40 22 0:5 / /mnt rw - nfs4 a:/x rw\n41 40 0:6 / /mnt/a\\040b rw - cifs //s/x rw\n42 40 0:7 / /mnt rw - ext4 /dev/sdc rw\n"
        );
        let kind = |path: &str| mount_of(&table, Path::new(path)).unwrap().kind;
        assert_eq!(
            [kind("/mnt/a b/c"), kind("/mnt/c"), kind("/mntx"), kind("/")],
            ["cifs", "ext4", "ext4", "ext4"]
        );
        assert_eq!(mount_of(&table, Path::new("/mntx")).unwrap().point, Path::new("/"));
    }

    #[test]
    fn lines_that_make_no_sense_are_passed_over() {
        for line in ["", "-", "1 2 3", " - ", "a b c d e f - g", "1 2 3:4 / /mnt rw - ext4"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
