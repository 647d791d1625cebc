//! Turns what the operating system says into what the caller can do next: the only place that maps its codes.

use std::io;

use rustix::io::Errno;

use crate::StoreError;

/// What stopped an operation on one file.
#[derive(Debug)]
pub(super) enum FileFault {
    /// It is not there.
    Missing,
    /// A folder stands in its place.
    Folder,
    /// Something else stands in its place or in its path, such as a pipe or a link to nowhere.
    Odd(&'static str),
    /// The operating system or the server failed.
    Io(io::Error),
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => Self::Missing,
            Some(Errno::ISDIR) => Self::Folder,
            // What the open of a pipe without a reader, or of a socket, answers.
            Some(Errno::NXIO) => Self::Odd("it is a pipe or a socket, not a file; remove it"),
            Some(Errno::NOTDIR) => Self::Odd("a part of its path is not a folder; remove it"),
            Some(Errno::LOOP) => Self::Odd("the links in its path lead in a circle; remove them"),
            Some(Errno::NAMETOOLONG) => Self::Odd("a part of its path is too long; shorten it"),
            _ => Self::Io(error),
        }
    }
}

/// The error for a failure of the operating system or the server during `attempt`.
pub(super) fn from_io(attempt: String, error: &io::Error) -> StoreError {
    let detail = error.to_string();
    let denied = |hint: &str| StoreError::Denied {
        attempt: attempt.clone(),
        detail: detail.clone(),
        hint: hint.to_owned(),
    };
    match Errno::from_io_error(error) {
        Some(Errno::ACCESS) => {
            denied("check the owner and mode of the folder, or the uid, gid and mode of the mount")
        }
        Some(Errno::PERM) => denied("check whether the file is immutable or belongs to somebody else"),
        Some(Errno::ROFS) => denied("mount it writable where a writer runs"),
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => StoreError::NoSpace { attempt, detail },
        // Whatever else a mount invents: not knowing is the safe reading, and trying again is all that can be done here.
        code => StoreError::Unreachable { attempt, detail: with_next_step(detail, code) },
    }
}

/// What the operating system said, in its words, which are what people search for, and what mends it where that is
/// known.
fn with_next_step(said: String, code: Option<Errno>) -> String {
    let step = match code {
        Some(
            Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::TIMEDOUT
            | Errno::CONNREFUSED
            | Errno::CONNRESET,
        ) => {
            "the file server does not answer this node: look at the storage account, its firewall, and port 445 (SMB) or \
             2049 (NFS); the mount goes on by itself when it does"
        }
        Some(Errno::STALE) => {
            "the share was made anew or exported again under this mount: recreate the pod (kubectl delete pod), so that it \
             is mounted anew"
        }
        Some(Errno::NOTCONN | Errno::CONNABORTED) => {
            "the driver that serves this mount is gone: recreate the pod (kubectl delete pod), so that it is mounted anew"
        }
        Some(Errno::NOKEY | Errno::KEYEXPIRED | Errno::KEYREVOKED | Errno::KEYREJECTED) => {
            "the server takes the mount's credential no more: put the present key into the secret of the volume, then \
             recreate the pod (kubectl delete pod)"
        }
        Some(Errno::IO | Errno::REMOTEIO) => {
            "the node's kernel log says more (dmesg); where it lasts, recreate the pod (kubectl delete pod)"
        }
        Some(Errno::MFILE | Errno::NFILE) => "too many files are open here: look who leaks them",
        _ => return said,
    };
    format!("{said}; {step}")
}

/// Whether a refused flush of a folder means only that this place flushes none (SMB and some FUSE mounts).
pub(super) fn cannot_flush_folders(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::BADF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_what_the_caller_can_do_next() {
        let table = [
            (Errno::ACCESS, "denied"),
            (Errno::PERM, "denied"),
            (Errno::ROFS, "denied"),
            (Errno::NOSPC, "no_space"),
            (Errno::DQUOT, "no_space"),
            (Errno::FBIG, "no_space"),
            (Errno::IO, "unreachable"),
            (Errno::STALE, "unreachable"),
            (Errno::HOSTDOWN, "unreachable"),
            (Errno::HOSTUNREACH, "unreachable"),
            (Errno::NOTCONN, "unreachable"),
            (Errno::TIMEDOUT, "unreachable"),
            (Errno::CONNABORTED, "unreachable"),
            (Errno::INTR, "unreachable"),
            (Errno::MFILE, "unreachable"),
            (Errno::REMOTEIO, "unreachable"),
        ];
        for (code, reason) in table {
            let error = from_io("read /mnt/store/a/heartbeat.txt".to_owned(), &code.into());
            assert_eq!(error.reason(), reason, "{code:?}");
            assert!(error.to_string().contains("/mnt/store/a/heartbeat.txt"), "{error}");
        }
    }

    #[test]
    fn what_a_mount_says_is_kept_word_for_word_and_followed_by_the_next_step() {
        let table = [
            (Errno::HOSTDOWN, "Host is down (os error 112); the file server does not answer"),
            (Errno::HOSTUNREACH, "No route to host (os error 113); the file server"),
            (Errno::TIMEDOUT, "Connection timed out (os error 110); the file server"),
            (Errno::STALE, "Stale file handle (os error 116); the share was made anew"),
            (Errno::NOTCONN, "Transport endpoint is not connected (os error 107); the driver that serves"),
            (Errno::CONNABORTED, "Software caused connection abort (os error 103); the driver that serves"),
            (
                Errno::NOKEY,
                "Required key not available (os error 126); the server takes the mount's credential",
            ),
            (Errno::IO, "Input/output error (os error 5); the node's kernel log"),
            (Errno::MFILE, "Too many open files (os error 24); too many"),
        ];
        for (code, expected) in table {
            let error = from_io("read /mnt/store/a/heartbeat.txt".to_owned(), &code.into());
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.says_what_to_do(), "{error}");
        }
        let odd = from_io("read".to_owned(), &Errno::INTR.into());
        assert!(!odd.says_what_to_do(), "{odd}");
    }

    #[test]
    fn what_stands_in_a_files_place_is_told_apart_from_failures() {
        let table = [
            (Errno::NOENT, "missing"),
            (Errno::ISDIR, "folder"),
            (Errno::NXIO, "odd"),
            (Errno::NOTDIR, "odd"),
            (Errno::LOOP, "odd"),
            (Errno::IO, "io"),
            (Errno::ACCESS, "io"),
        ];
        for (code, expected) in table {
            let kind = match FileFault::from(io::Error::from(code)) {
                FileFault::Missing => "missing",
                FileFault::Folder => "folder",
                FileFault::Odd(_) => "odd",
                FileFault::Io(_) => "io",
            };
            assert_eq!(kind, expected, "{code:?}");
        }
    }
}
