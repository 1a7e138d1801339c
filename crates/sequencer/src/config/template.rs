//! The text of a configuration file.

use std::fmt::Write as _;

use super::Settings;

/// A configuration file with every setting explained; those in `settings` are set, the others stand as comments.
pub fn file_text(settings: &Settings) -> String {
    let table = toml::Table::try_from(settings).expect("settings are plain values, which TOML can hold");
    let mut text = String::from(
        "# Configuration of an Asset L2 validator. Relative paths start at this file's directory.\n\
         # A flag (--data-dir) wins over its environment variable (ASSET_L2_DATA_DIR), which wins over this file.\n",
    );
    for (name, help) in Settings::ALL {
        for line in *help {
            let _ = write!(text, "\n#{line}");
        }
        let _ = match table.get(*name) {
            Some(value) => writeln!(text, "\n{name} = {value}"),
            None => writeln!(text, "\n# {name} ="),
        };
    }
    text
}
