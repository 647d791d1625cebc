//! The workload's fencing token, where the workload can read it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flatline_shell::ConfigError;
use tokio::sync::Semaphore;

/// Read by everybody, whatever the umask: the workload's user is not the gate's, and a term is no secret.
const MODE: u32 = 0o644;

/// The file of `--term-file`: the term in decimal digits and a newline, so that a shell's `read` takes it too.
///
/// Whoever reads sees the old content or the new one, never half of it. It is not flushed to the disk: after a power
/// cut the gate runs again before the workload does, and writes it again.
#[derive(Debug, Clone)]
pub(crate) struct TermFile {
    path: PathBuf,
    /// One change at a time: one that hangs could otherwise land after a later one, and bring an old term back.
    turn: Arc<Semaphore>,
}

impl TermFile {
    /// The file, by all that shows before it is needed: a slip must not show on the day of the disaster.
    pub(crate) fn check(path: &Path) -> Result<Self, ConfigError> {
        if path.file_name().is_some() && folder_of(path).is_dir() && !path.is_dir() {
            return Ok(Self { path: path.to_owned(), turn: Arc::new(Semaphore::new(1)) });
        }
        Err(ConfigError::new(format_args!(
            "--term-file {}: name a file in a folder that is there, such as one on a volume that both containers \
             mount",
            path.display()
        )))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the term, or removes the file where the term is not known. Off this thread, which has a workload to stop
    /// in time: the volume may hang. What takes longer than `within` has failed, and may still land; until it has
    /// returned, every further change fails at once.
    pub(crate) async fn hand_over(&self, term: Option<u64>, within: Duration) -> io::Result<()> {
        let file = self.clone();
        let change = move || match term {
            Some(term) => file.write(term),
            None => file.remove(),
        };
        self.in_turn(within, change).await
    }

    async fn in_turn(
        &self,
        within: Duration,
        change: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let Ok(turn) = Arc::clone(&self.turn).try_acquire_owned() else {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the change before this one still hangs"));
        };
        let change = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            change()
        });
        match tokio::time::timeout(within, change).await {
            Ok(Ok(changed)) => changed,
            Ok(Err(broken)) => Err(io::Error::other(broken)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Writes the term aside, in the same folder, and renames it.
    fn write(&self, term: u64) -> io::Result<()> {
        flatline_files::replace(&self.path, MODE, |file| writeln!(file, "{term}"))
    }

    /// Removes a term of an earlier run, where there is one: it may not be this cluster's any more.
    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_replaces_an_earlier_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        let file = TermFile::check(&path).unwrap();
        file.write(7).unwrap();
        file.write(8).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "8\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        file.remove().unwrap();
        file.remove().unwrap();
        assert!(!path.exists(), "and removing what is not there is done already");
    }

    #[test]
    fn whoever_reads_the_file_may_be_another_user() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        TermFile::check(&path).unwrap().write(7).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_term_that_cannot_be_written_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        let file = TermFile::check(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(file.write(7).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_volume_that_hangs_holds_nobody_up_and_brings_no_old_term_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        let file = TermFile::check(&path).unwrap();
        let (back, hangs) = std::sync::mpsc::channel::<()>();
        let (volume, patience) = (file.clone(), Duration::from_millis(50));
        let change = move || {
            // Until the volume is back.
            let _ = hangs.recv();
            volume.write(7)
        };
        let hangs = file.in_turn(patience, change).await.unwrap_err();
        assert_eq!(hangs.kind(), io::ErrorKind::TimedOut);
        let next = file.hand_over(Some(8), Duration::from_mins(1)).await.unwrap_err();
        assert!(next.to_string().contains("still hangs"), "{next}");
        drop(back);
        while file.turn.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        file.hand_over(Some(8), Duration::from_mins(1)).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "8\n");
    }

    #[test]
    fn what_can_never_be_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [Path::new("/"), folder.path(), &folder.path().join("absent/term"), Path::new("..")] {
            let error = TermFile::check(path).unwrap_err().to_string();
            assert!(error.contains("name a file"), "{error}");
        }
        assert!(TermFile::check(Path::new("term")).is_ok(), "in the working directory");
    }
}
