//! Where `tracing` events go.

use std::{io::IsTerminal as _, sync::OnceLock};

use tracing_subscriber::{
    EnvFilter, Registry, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

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
    /// Nothing has set up logging in this process, so there is no filter to change.
    #[error("logging is not set up in this process")]
    NotSet,
}

/// The filter of this process's events, which may be changed while it runs.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Sends this process's events to stderr. [`FILTER_ENV`] wins over `filter`.
pub fn init(format: Format, filter: &str) -> Result<(), LogError> {
    let directives = std::env::var(FILTER_ENV).unwrap_or_else(|_| filter.to_owned());
    let (filter, handle) = reload::Layer::new(parse_filter(&directives)?);
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
    set.map_err(|_| LogError::AlreadySet)?;
    FILTER.set(handle).map_err(|_| LogError::AlreadySet)
}

/// The filter in use; `None` if logging is not set up.
pub fn filter() -> Option<String> {
    FILTER.get()?.with_current(ToString::to_string).ok()
}

/// Puts another filter in its place, for all events from now on.
pub fn set_filter(directives: &str) -> Result<(), LogError> {
    let filter = parse_filter(directives)?;
    let handle = FILTER.get().ok_or(LogError::NotSet)?;
    // It fails only if the subscriber is gone, and that lives as long as the process.
    handle.reload(filter).map_err(|_| LogError::NotSet)
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
    fn logging_is_set_up_once_and_its_filter_changes() {
        assert!(matches!(set_filter("info"), Err(LogError::NotSet)));
        let first = init(Format::Json, "off");
        assert!(first.is_ok(), "{first:?}");
        assert!(matches!(init(Format::Json, "off"), Err(LogError::AlreadySet)));
        assert_eq!(filter().as_deref(), Some("off"));
        set_filter("error,hotshot=debug").expect("it parses");
        assert!(tracing::enabled!(target: "hotshot", tracing::Level::DEBUG));
        assert!(matches!(
            set_filter("hotshot=shout"),
            Err(LogError::Filter { .. })
        ));
        let kept = filter().expect("set up");
        assert!(kept.contains("hotshot=debug"), "{kept}");
    }
}
