//! Where `tracing` events go.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// The environment variable that overrides the configured filter, in `tracing`'s syntax: `info,hotshot_engine=debug`.
pub const FILTER_ENV: &str = "ASSET_L2_LOG";

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Pretty when stderr is a terminal, else JSON.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter does not parse.
    #[error("log filter {got:?}: {reason}; expected directives such as info,hotshot_engine=debug")]
    Filter {
        /// What was given.
        got: String,
        /// Where it fails.
        reason: String,
    },
    /// Something else has set up logging in this process.
    #[error("logging is already set up in this process")]
    AlreadySet,
}

/// Sends this process's events to stderr. [`FILTER_ENV`] wins over `filter`.
pub fn init(format: Format, filter: &str) -> Result<(), LogError> {
    let directives = std::env::var(FILTER_ENV).unwrap_or_else(|_| filter.to_owned());
    let filter = parse_filter(&directives)?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let json = match format {
        Format::Json => true,
        Format::Pretty => false,
        Format::Auto => !std::io::stderr().is_terminal(),
    };
    let set = if json {
        registry
            .with(
                layer
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false),
            )
            .try_init()
    } else {
        registry.with(layer).try_init()
    };
    set.map_err(|_| LogError::AlreadySet)
}

fn parse_filter(directives: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(directives).map_err(|error| LogError::Filter {
        got: directives.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_parse_or_say_why() {
        assert!(parse_filter("info,hotshot_engine=debug").is_ok());
        let error = parse_filter("hotshot=shout")
            .expect_err("no such level")
            .to_string();
        assert!(
            error.contains("hotshot=shout") && error.contains("expected"),
            "{error}"
        );
    }

    #[test]
    fn a_second_set_up_is_refused() {
        let first = init(Format::Json, "off");
        assert!(first.is_ok(), "{first:?}");
        assert!(matches!(init(Format::Json, "off"), Err(LogError::AlreadySet)));
    }
}
