//! Logs on stderr, for a person or for a collector.

use std::fmt;
use std::io::{IsTerminal, Write, stderr};

use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;

use crate::activation::ActivationKey;
use crate::log_queue::LogQueue;
use crate::{Clock, ConfigError, Environment, SystemClock};

/// How the program logs.
#[expect(clippy::doc_markdown, reason = "the comments of flags are help pages, which show every backtick")]
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArgs {
    /// How log lines look on stderr [default: human on a terminal, json otherwise]; RUST_LOG sets the levels,
    /// such as debug or info,heartbeat_store=trace
    #[arg(long, value_name = "FORMAT", env = "LOG_FORMAT", global = true)]
    pub log_format: Option<LogFormat>,
}

/// The look of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people: time, level, message, fields.
    Human,
    /// For collectors: one JSON object a line, fields at the top level.
    Json,
}

/// What logs at info unless `RUST_LOG` says otherwise: the project's own crates. Libraries log from warn on:
/// the Azure client tells of every request at info, which would be a line per beat.
const OWN_CRATES: [&str; 6] = [
    "failover_policy",
    "flatline_processes",
    "flatline_shell",
    "heart_monitor",
    "heartbeat_store",
    "heartbeat_writer",
];

impl LogArgs {
    /// Starts logging for the whole process. Once only: a second call changes nothing.
    pub fn start(&self, environment: &Environment) -> Result<(), ConfigError> {
        let terminal = stderr().is_terminal();
        let format = self.log_format.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json });
        let colour = terminal && environment.get("NO_COLOR")?.is_none();
        let rust_log = environment.get("RUST_LOG")?.unwrap_or_default();
        let secret = ActivationKey::secret_in(environment).map(str::to_owned);
        let queue = LogQueue::start(stderr(), secret)
            .map_err(|error| ConfigError::new(format_args!("cannot start the log's thread: {error}")))?;
        queue.serve_process();
        let subscriber = subscriber(format, colour, rust_log, move || queue.clone())?;
        // Only a process that has started logging already (a test) gets here with one in place.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Ok(())
    }
}

/// The subscriber that [`LogArgs::start`] installs, writing to any sink.
fn subscriber<W, M>(
    format: LogFormat,
    colour: bool,
    rust_log: &str,
    sink: M,
) -> Result<Box<dyn Subscriber + Send + Sync>, ConfigError>
where
    W: Write,
    M: Fn() -> W + Send + Sync + 'static,
{
    let levels = levels(rust_log)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_timer(UtcMillis)
        .with_ansi(colour && format == LogFormat::Human)
        // A person wants to know where a line comes from only when looking into it.
        .with_target(format == LogFormat::Json || !rust_log.is_empty())
        .log_internal_errors(false)
        .with_writer(sink);
    let registry = tracing_subscriber::registry();
    Ok(match format {
        LogFormat::Human => Box::new(registry.with(lines.with_filter(levels))),
        LogFormat::Json => Box::new(registry.with(lines.json().flatten_event(true).with_filter(levels))),
    })
}

/// Which levels are shown. Directives for single targets refine the default; a bare level replaces it.
fn levels(rust_log: &str) -> Result<Targets, ConfigError> {
    let own = OWN_CRATES.map(|name| (name, LevelFilter::INFO));
    let default = Targets::new().with_default(LevelFilter::WARN).with_targets(own);
    if rust_log.trim().is_empty() {
        return Ok(default);
    }
    let directives = rust_log.split(',').map(str::trim).collect::<Vec<_>>();
    if let Some(bad) = directives.iter().find(|directive| !is_directive(directive)) {
        return Err(bad_directive(bad));
    }
    let given = directives.join(",");
    let given = given.parse::<Targets>().map_err(|_| bad_directive(rust_log))?;
    Ok(if given.default_level().is_some() { given } else { default.with_targets(given) })
}

/// Stamps lines with the wall clock in UTC, RFC 3339 with milliseconds.
struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", SystemClock.now().wall)
    }
}

/// Whether a directive is `level` or `target=level`. The parser would take more: a bare word for a target at
/// trace, so that a slip (`inof`) silenced everything else, and no level at all for `error`.
fn is_directive(text: &str) -> bool {
    let (target, level) = text.split_once('=').unwrap_or(("any", text));
    let in_target = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    let is_target = !target.is_empty() && target.chars().all(in_target);
    is_target && !level.is_empty() && level.parse::<LevelFilter>().is_ok()
}

fn bad_directive(text: &str) -> ConfigError {
    ConfigError::new(format_args!(
        "the variable RUST_LOG has '{text}', which is no level and no target=level; \
         write something like info or info,heartbeat_store=debug"
    ))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tracing::Level;

    use super::*;

    /// Collects what is logged.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, rust_log: &str, act: impl FnOnce()) -> String {
        let page = Page::default();
        let queue = LogQueue::start(page.clone(), None).unwrap();
        let near_end = queue.clone();
        let subscriber = subscriber(format, false, rust_log, move || near_end.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, act);
        queue.drain(Duration::from_mins(1));
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// Cuts the time off, after checking its form.
    fn without_time(line: &str) -> &str {
        let (time, rest) = line.split_at("2025-11-01T00:00:00.000Z".len());
        assert_eq!((&time[10..11], &time[19..20], &time[23..]), ("T", ".", "Z"), "{line}");
        rest
    }

    #[test]
    fn a_person_reads_time_level_message_and_fields() {
        let text = logged(
            LogFormat::Human,
            "",
            || tracing::info!(target: "heartbeat_writer", lost = 3, "recovered"),
        );
        assert_eq!(without_time(&text), "  INFO recovered lost=3\n");
    }

    #[test]
    fn a_collector_reads_one_object_a_line_with_its_fields_at_the_top() {
        let text = logged(LogFormat::Json, "", || tracing::warn!(target: "heart_monitor", lost = 3, "away"));
        assert_eq!(text.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["message"], &line["lost"], &line["level"]),
            (&"away".into(), &3.into(), &"WARN".into())
        );
        assert_eq!(without_time(line["timestamp"].as_str().unwrap()), "");
    }

    #[test]
    fn no_secret_reaches_the_log_even_at_trace_level_and_from_a_library() {
        let secret = "c2VjcmV0U2lnbmF0dXJlT2ZTb21lTGVuZ3Ro";
        for format in [LogFormat::Human, LogFormat::Json] {
            let text = logged(format, "trace", || {
                tracing::trace!(target: "azure_core::http", url = %format_args!("https://x/c?sv=1&sig={secret}&x=y"));
                tracing::trace!(target: "hyper", header = ?format!("authorization: Bearer {secret}"));
                tracing::info!(target: "heartbeat_writer", "AccountName=x;AccountKey={secret};EndpointSuffix=y");
            });
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn levels_are_info_for_our_own_and_warn_for_libraries_unless_told() {
        let table = [
            ("", "heartbeat_writer", Level::INFO, true),
            ("", "heartbeat_store::folder", Level::DEBUG, false),
            ("", "azure_core::http", Level::INFO, false),
            ("", "azure_core::http", Level::WARN, true),
            ("warn", "heartbeat_writer", Level::INFO, false),
            ("debug", "azure_core::http", Level::DEBUG, true),
            ("heartbeat_store=trace", "heartbeat_store::folder", Level::TRACE, true),
            ("heartbeat_store=trace", "heartbeat_writer", Level::INFO, true),
            ("off, heartbeat_store=trace", "heartbeat_writer", Level::ERROR, false),
        ];
        for (rust_log, target, level, shown) in table {
            assert_eq!(
                levels(rust_log).unwrap().would_enable(target, &level),
                shown,
                "{rust_log:?} {target} {level}"
            );
        }
    }

    #[test]
    fn a_slip_in_rust_log_is_refused_rather_than_silencing_everything() {
        for text in
            ["inof", "info,", "heartbeat_store=loud", "a=b=info", "info;heartbeat_store=debug", ",", "a="]
        {
            let error = levels(text).unwrap_err().to_string();
            assert!(error.starts_with("the variable RUST_LOG has '"), "{error}");
        }
    }
}
