//! `install`: puts this very program where a workload's container finds it, without the help of a shell.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flatline_shell::{ConfigError, Exit};

use crate::cli::InstallArgs;
use crate::link::LINK;
use crate::mount_table::{MOUNT_TABLE, mount_of};
use crate::paint;

/// The program that runs, whatever has become of its name since (proc(5)).
const THIS_PROGRAM: &str = "/proc/self/exe";

/// The name that it gets.
const NAME: &str = "heart-monitor";

/// Read and run by everybody: the workload's user is not the one who installs.
const MODE: u32 = 0o755;

pub(crate) fn run(args: &InstallArgs) -> Result<Exit, ConfigError> {
    let target = install(Path::new(THIS_PROGRAM), &args.folder)?;
    warn_where_nothing_can_be_executed(&args.folder);
    paint::print(&format!("{}\n", target.display()))?;
    Ok(Exit::Done)
}

/// Copies the program into the folder, in place of an older one. Whoever executes it meanwhile gets the old one or the
/// new one, whole; one that runs goes on running.
fn install(program: &Path, folder: &Path) -> Result<PathBuf, ConfigError> {
    if !folder.is_dir() {
        return Err(ConfigError::new(format_args!(
            "{}: there is no such folder; mount a volume there that the workload's container mounts too",
            folder.display()
        )));
    }
    let target = folder.join(NAME);
    flatline_files::replace(&target, MODE, |file| copy(program, file))
        .map_err(|error| refused(&target, &error))?;
    link(&folder.join(LINK));
    Ok(target)
}

/// Makes the link beside it. Hardly anybody calls it, so that a volume without links is no reason to fail.
fn link(link: &Path) {
    if let Err(error) = flatline_files::replace_by_link(link, OsStr::new(NAME)) {
        tracing::warn!(
            link = %link.display(), %error,
            "cannot make the link by which the guard is called where there is no place for its arguments"
        );
    }
}

/// Copies the file and flushes it to the disk: a name never leads to half of it, not even after a power cut.
fn copy(program: &Path, to: &mut File) -> io::Result<()> {
    io::copy(&mut File::open(program)?, to)?;
    // A mount that cannot make it executable is no place for it.
    to.set_permissions(Permissions::from_mode(MODE))?;
    to.sync_all()
}

fn refused(target: &Path, error: &io::Error) -> ConfigError {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "; let the user of this container write there",
        io::ErrorKind::ReadOnlyFilesystem => "; mount the volume without readOnly in this container",
        io::ErrorKind::IsADirectory => "; it is a folder, remove it",
        _ => "",
    };
    ConfigError::new(format_args!("cannot write {}: {error}{remedy}", target.display()))
}

/// The copy is whole, and yet the workload's container would fail; that one may mount the volume in another way, so it
/// is no error here.
fn warn_where_nothing_can_be_executed(folder: &Path) {
    let table = fs::read_to_string(MOUNT_TABLE).unwrap_or_default();
    if executes_nothing(&table, &folder.canonicalize().unwrap_or_else(|_| folder.to_owned())) {
        tracing::warn!(
            folder = %folder.display(),
            "the volume is mounted noexec here: where the workload's container mounts it so, it cannot start the guard"
        );
    }
}

fn executes_nothing(table: &str, folder: &Path) -> bool {
    mount_of(table, folder).is_some_and(|mount| mount.has("noexec"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_program_replaces_an_older_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let volume = folder.path().join("volume");
        fs::create_dir(&volume).unwrap();
        for content in ["first", "second and longer", "2nd"] {
            fs::write(&program, content).unwrap();
            let target = install(&program, &volume).unwrap();
            assert_eq!(target, volume.join("heart-monitor"));
            assert_eq!((fs::read_to_string(&target).unwrap().as_str(), mode(&target)), (content, 0o755));
            assert_eq!(fs::read_link(volume.join("flatline-run")).unwrap(), Path::new("heart-monitor"));
            assert_eq!(fs::read_dir(&volume).unwrap().count(), 2);
        }
    }

    #[test]
    fn a_copy_that_fails_leaves_the_old_program_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "old").unwrap();
        // Reading a folder fails after the file aside was made.
        assert!(install(folder.path(), folder.path()).is_err());
        assert_eq!(fs::read_to_string(folder.path().join(NAME)).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_refusal_is_one_line_that_says_what_where_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join(NAME);
        fs::create_dir(&taken).unwrap();
        let this_test = std::env::current_exe().unwrap();
        let table = [
            (folder.path().join("absent"), "there is no such folder; mount a volume"),
            (this_test.clone(), "there is no such folder; mount a volume"),
            (folder.path().to_owned(), "it is a folder, remove it"),
        ];
        for (target, part) in table {
            let error = install(&this_test, &target).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(&*target.to_string_lossy()), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let hints =
            [(13, "let the user of this container write"), (30, "without readOnly"), (28, "No space")];
        for (code, part) in hints {
            let error = refused(Path::new("/v/x"), &io::Error::from_raw_os_error(code)).to_string();
            assert!(error.contains(part) && error.contains("/v/x"), "{error}");
        }
    }

    #[test]
    fn a_mount_that_executes_nothing_is_told() {
        let table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:5 / /v rw,noexec - tmpfs tmpfs rw\n";
        assert!(executes_nothing(table, Path::new("/v/flatline")));
        assert!(!executes_nothing(table, Path::new("/w")));
        assert!(!executes_nothing("", Path::new("/w")));
    }
}
