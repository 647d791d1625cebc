//! Logs on stderr, for a person or for a collector.

use std::io::{IsTerminal, Write, stderr};

use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use crate::log_format::{Redacting, UtcMillis};
use crate::{ConfigError, Environment};

/// How the program logs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArgs {
    /// How log lines look on stderr; levels come from RUST_LOG, such as `debug` or `heartbeat_store=trace`
    /// [default: human on a terminal, json otherwise]
    #[arg(long, value_name = "FORMAT", env = "LOG_FORMAT")]
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
const OWN_CRATES: [&str; 5] =
    ["failover_policy", "flatline_shell", "heart_monitor", "heartbeat_store", "heartbeat_writer"];

impl LogArgs {
    /// Starts logging for the whole process. Once only: a second call changes nothing.
    pub fn start(&self, environment: &Environment) -> Result<(), ConfigError> {
        let terminal = stderr().is_terminal();
        let format = self.log_format.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json });
        let colour = terminal && environment.get("NO_COLOR")?.is_none_or(str::is_empty);
        let rust_log = environment.get("RUST_LOG")?.unwrap_or_default();
        let subscriber = subscriber(format, colour, rust_log, stderr)?;
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
        .with_writer(move || Redacting(sink()));
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
    let directives = || rust_log.split(',').map(str::trim);
    // A bare word would be taken for a target at trace, so that a slip (`inof`) silenced everything else.
    if let Some(bad) = directives().find(|text| !text.contains('=') && text.parse::<LevelFilter>().is_err()) {
        return Err(bad_directive(bad));
    }
    let given = directives().collect::<Vec<_>>().join(",");
    let given = given.parse::<Targets>().map_err(|_| bad_directive(rust_log))?;
    Ok(if given.default_level().is_some() { given } else { default.with_targets(given) })
}

fn bad_directive(text: &str) -> ConfigError {
    ConfigError::new(format_args!(
        "the variable RUST_LOG has '{text}', which is no level and no target=level; \
         write something like info or info,heartbeat_store=debug"
    ))
}
