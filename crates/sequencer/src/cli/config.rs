//! `sequencer config`.

use std::path::PathBuf;

use clap::{ArgMatches, parser::ValueSource};
use serde::Serialize;

use super::{Failure, print_json};
use crate::config::{Config, Settings, file_text};

const EXAMPLES: &str = "\
Examples:
  sequencer config print --config sequencer.toml
  sequencer config print --config sequencer.toml --explain
  ASSET_L2_POSTING=true sequencer config print --config sequencer.toml --explain --json

URLs lose what may be a credential; keys are only named by their files.";

/// Shows the configuration that run would use with the same file, environment and flags.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// What to do
    #[arg(value_name = "ACTION")]
    action: Action,
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "ASSET_L2_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Say of each value where it comes from
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    settings: Box<Settings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    /// Check the configuration and print the effective one
    Print,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Flag,
    Environment,
    File,
    Default,
}

impl Source {
    fn text(self, name: &str) -> String {
        match self {
            Self::Flag => format!("flag --{}", name.replace('_', "-")),
            Self::Environment => format!("environment ASSET_L2_{}", name.to_uppercase()),
            Self::File => "file".into(),
            Self::Default => "default".into(),
        }
    }
}

#[derive(Serialize)]
struct Explained {
    value: toml::Value,
    source: Source,
}

impl Show {
    /// `matches` are those of this command: they know what was a flag and what a variable.
    pub(super) fn execute(self, matches: &ArgMatches, json: bool) -> Result<(), Failure> {
        let Action::Print = self.action;
        let file = match &self.config {
            Some(path) => Settings::from_file(path)?,
            None => Settings::default(),
        };
        let in_file = table(&file);
        let effective = Config::resolve(self.settings.over(file))?.redacted();
        if !self.explain {
            match json {
                true => print_json(&effective),
                false => print!("{}", file_text(&effective)),
            }
            return Ok(());
        }
        let explained = table(&effective).into_iter().map(|(name, value)| {
            let source = match matches.value_source(&name) {
                Some(ValueSource::CommandLine) => Source::Flag,
                Some(ValueSource::EnvVariable) => Source::Environment,
                _ if in_file.contains_key(&name) => Source::File,
                _ => Source::Default,
            };
            (name, Explained { value, source })
        });
        let explained: Vec<(String, Explained)> = explained.collect();
        if json {
            let object: serde_json::Map<_, _> = explained
                .into_iter()
                .map(|(name, explained)| (name, serde_json::to_value(explained).expect("plain data")))
                .collect();
            print_json(&object);
            return Ok(());
        }
        let width = explained.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let values: Vec<String> = explained.iter().map(|(_, e)| e.value.to_string()).collect();
        let values_width = values.iter().map(String::len).max().unwrap_or(0);
        for ((name, Explained { source, .. }), value) in explained.iter().zip(values) {
            println!("{name:width$} = {value:values_width$}  # {}", source.text(name));
        }
        Ok(())
    }
}

/// Settings by their names.
fn table(settings: &Settings) -> toml::Table {
    toml::Table::try_from(settings).expect("settings are plain values, which TOML can hold")
}
