//! Takes log lines off the thread that beats: whoever reads stderr may stop reading, and a full pipe would
//! then stop the heart.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use heartbeat_store::redact;

/// Lines that wait at the most; further ones are lost. An outage makes a few lines, tracing a few hundred.
const WAITING_LINES: usize = 512;
/// How long the end of the process waits for lines that were not written yet. A `SIGTERM` has to end it within
/// a second.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// The queue of this process, once logging has started.
static OF_PROCESS: OnceLock<LogQueue> = OnceLock::new();

/// The near end of a queue whose far end is a thread that writes. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct LogQueue(SyncSender<Message>);

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Everything before this was written: say so.
    Drained(SyncSender<()>),
}

impl LogQueue {
    /// Starts the thread that writes to `sink`, masking secrets on the way: those that can be told by their
    /// surroundings, and this one wherever it stands.
    pub(crate) fn start(sink: impl Write + Send + 'static, secret: Option<String>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING_LINES);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&receiver, sink, secret.as_deref()))?;
        Ok(Self(sender))
    }

    /// Makes this the queue that [`drain`] waits for. Only the first one is.
    pub(crate) fn serve_process(&self) {
        let _ = OF_PROCESS.set(self.clone());
    }

    /// Waits until everything that was logged so far is written, but not for long.
    pub(crate) fn drain(&self, patience: Duration) {
        let (done, is_done) = sync_channel(1);
        if self.0.try_send(Message::Drained(done)).is_ok() {
            let _ = is_done.recv_timeout(patience);
        }
    }
}

/// Waits, but not for long, until everything that this process logged is written.
pub(crate) fn drain() {
    if let Some(queue) = OF_PROCESS.get() {
        queue.drain(LAST_WORDS);
    }
}

/// Prints a line on stderr without secrets: behind what was logged so far, once logging has started.
pub(crate) fn print(line: &str) {
    let line = format!("{line}\n");
    // Nobody is left to tell when stderr itself is closed.
    let _ = match OF_PROCESS.get() {
        Some(queue) => queue.clone().write_all(line.as_bytes()),
        None => io::stderr().write_all(redact(&line).as_bytes()),
    };
}

/// Each call takes one whole line, as the subscriber hands them over.
impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.0.try_send(Message::Line(line.to_vec())) {
            // A line that finds no room is lost: the beat matters more.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Ok(line.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(messages: &Receiver<Message>, mut sink: impl Write, secret: Option<&str>) {
    for message in messages {
        match message {
            Message::Line(line) => {
                let text = String::from_utf8_lossy(&line);
                // Nobody is left to tell when the log itself cannot be written.
                let _ = sink.write_all(without(secret, redact(&text)).as_bytes());
            }
            Message::Drained(done) => {
                let _ = sink.flush();
                let _ = done.send(());
            }
        }
    }
}

/// The text without the secret, which is looked for as it is, without regard to escapes.
fn without(secret: Option<&str>, text: String) -> String {
    match secret {
        Some(secret) if text.contains(secret) => text.replace(secret, "REDACTED"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    use super::*;

    /// A reader that takes each line only when the test lets it.
    struct Reluctant {
        lines: Arc<Mutex<Vec<String>>>,
        may_read: Receiver<()>,
    }

    impl Write for Reluctant {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.may_read.recv();
            self.lines.lock().unwrap().push(String::from_utf8(line.to_vec()).unwrap());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stopped_reading_stops_nobody_who_logs() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (let_read, may_read) = channel();
        let mut queue = LogQueue::start(Reluctant { lines: Arc::clone(&lines), may_read }, None).unwrap();
        let start = Instant::now();
        for number in 0..WAITING_LINES * 3 {
            queue.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        queue.drain(Duration::from_millis(50));
        assert!(start.elapsed() < Duration::from_secs(5), "it neither blocked nor waited for long");
        assert!(lines.lock().unwrap().is_empty());

        drop(let_read);
        while lines.lock().unwrap().len() < WAITING_LINES {
            thread::yield_now();
        }
        assert_eq!(lines.lock().unwrap()[0], "0\n", "the oldest lines are kept");
    }

    #[test]
    fn draining_waits_for_the_last_words_and_secrets_are_masked_on_the_way() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (let_read, may_read) = channel();
        drop(let_read);
        let mut queue = LogQueue::start(Reluctant { lines: Arc::clone(&lines), may_read }, None).unwrap();
        queue.write_all(b"GET https://x/c?sig=PLANTED&x=y\n").unwrap();
        queue.drain(Duration::from_mins(1));
        assert_eq!(*lines.lock().unwrap(), ["GET https://x/c?sig=REDACTED&x=y\n"]);
    }

    #[test]
    fn the_secret_of_this_process_is_masked_wherever_it_stands() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (let_read, may_read) = channel();
        drop(let_read);
        let secret = Some("PLANTED9".to_owned());
        let mut queue = LogQueue::start(Reluctant { lines: Arc::clone(&lines), may_read }, secret).unwrap();
        queue.write_all(b"{\"output\":\"+ echo xPLANTED9PLANTED9x\"}\n").unwrap();
        queue.drain(Duration::from_mins(1));
        assert_eq!(*lines.lock().unwrap(), ["{\"output\":\"+ echo xREDACTEDREDACTEDx\"}\n"]);
    }
}
