//! `sequencer db`.

use serde::Serialize;
use store::{Checked, Directory, FileStats, StoreError};

use super::{
    Failure,
    live::{Place, Progress},
    print_json,
};
use crate::{genesis::GenesisFile, rpc::text::Hex32};

const EXAMPLES: &str = "\
Examples:
  sequencer db stats --config sequencer.toml
  sequencer db check --config sequencer.toml

The validator must not be running: end it with sequencer exit.";

/// Looks into the data directory of a validator that is not running.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Db {
    /// What to do
    #[arg(value_name = "ACTION")]
    action: Action,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    /// Say how much is in each file and table
    Stats,
    /// Read everything and compare it with what it should be
    Check,
}

#[derive(Serialize)]
struct FileView {
    file: &'static str,
    bytes: u64,
    format: u32,
    chain_id: Hex32,
    tables: Vec<TableView>,
}

#[derive(Serialize)]
struct TableView {
    table: String,
    entries: u64,
    stored_bytes: u64,
    overhead_bytes: u64,
}

#[derive(Serialize)]
struct CheckView {
    oldest: u64,
    newest: u64,
    blocks: u64,
    transactions: u64,
    certificates: u64,
}

impl From<FileStats> for FileView {
    fn from(stats: FileStats) -> Self {
        Self {
            file: stats.name,
            bytes: stats.bytes,
            format: stats.format,
            chain_id: Hex32(stats.chain_id),
            tables: stats
                .tables
                .into_iter()
                .map(|table| TableView {
                    table: table.name,
                    entries: table.entries,
                    stored_bytes: table.stored_bytes,
                    overhead_bytes: table.overhead_bytes,
                })
                .collect(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::InUse { .. } | StoreError::Locked { .. } => {
                "end that process first: sequencer exit, if it is a validator"
            }
            StoreError::Io { .. } => "check the path of the data directory, its owner and the disk",
            StoreError::Format { .. } => "use the version that wrote it",
            StoreError::Chain { .. } => "use the genesis file of that chain, or another data directory",
            StoreError::LostLog { .. } => "docs/operators/recovery.md says what to do without the log",
            _ => "the data is damaged: docs/operators/recovery.md says how to come back",
        };
        Self::new(error, hint)
    }
}

impl Db {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let directory = Directory::existing(&self.place.directory()?)?;
        match self.action {
            Action::Stats => stats(&directory, json),
            Action::Check => check(&directory, &self.place, json),
        }
    }
}

fn stats(directory: &Directory, json: bool) -> Result<(), Failure> {
    let files: Vec<FileView> = store::stats(directory)?.into_iter().map(FileView::from).collect();
    if json {
        print_json(&files);
        return Ok(());
    }
    for file in files {
        println!(
            "{}: {} bytes, format {}, chain {}",
            file.file, file.bytes, file.format, file.chain_id
        );
        println!(
            "  {:16} {:>12} {:>16} {:>16}",
            "TABLE", "ENTRIES", "STORED BYTES", "OVERHEAD BYTES"
        );
        for table in file.tables {
            println!(
                "  {:16} {:>12} {:>16} {:>16}",
                table.table, table.entries, table.stored_bytes, table.overhead_bytes
            );
        }
    }
    Ok(())
}

fn check(directory: &Directory, place: &Place, json: bool) -> Result<(), Failure> {
    let deployment = GenesisFile::parse(&crate::config::read_text(&place.genesis()?)?)?.deploy()?;
    let progress = Progress::new();
    let checked = store::check(directory, &deployment.genesis, &deployment.header, |height| {
        progress.at(height);
    });
    drop(progress);
    let Checked {
        oldest,
        newest,
        blocks,
        transactions,
        certificates,
    } = checked?;
    match json {
        true => print_json(&CheckView {
            oldest,
            newest,
            blocks,
            transactions,
            certificates,
        }),
        false => println!(
            "whole: heights {oldest} to {newest}, {blocks} blocks, {transactions} transactions, {certificates} certificates"
        ),
    }
    Ok(())
}
