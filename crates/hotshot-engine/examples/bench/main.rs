//! What consensus costs: one table per question.
//!
//! `cargo run --release -p hotshot-engine --example bench [-- TABLE…] [--members N,…] [--payload BYTES,…] [--seconds S]`
//!
//! | table | question |
//! |---|---|
//! | `views` | views per second and CPU per view, engines in one process over the network in memory, real signatures |
//! | `finality` | message delays from a proposal to its finality, and between two proposals, in simulated time |
//! | `steps` | one step of the core by kind of input |
//! | `memory` | bytes that a core holds, over 10,000 views and by undecided view |

mod finality;
mod memory;
mod one;
mod steps;
mod views;

use std::{error::Error, time::Duration};

use hotshot_cluster::measure;

const TABLES: [&str; 4] = ["finality", "steps", "memory", "views"];

struct Options {
    tables: Vec<String>,
    members: Vec<usize>,
    payloads: Vec<usize>,
    seconds: u64,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            tables: Vec::new(),
            members: vec![4, 5, 7, 16, 64],
            payloads: vec![0, 100_000, 1_000_000],
            seconds: 5,
        };
        while let Some(word) = arguments.next() {
            if TABLES.contains(&word.as_str()) {
                options.tables.push(word);
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--members" => options.members = numbers(&value)?,
                "--payload" => options.payloads = numbers(&value)?,
                "--seconds" => options.seconds = value.parse()?,
                _ => return Err(format!("unknown option {word}").into()),
            }
        }
        if options.tables.is_empty() {
            options.tables = TABLES.map(str::to_owned).to_vec();
        }
        Ok(options)
    }
}

fn numbers(list: &str) -> Result<Vec<usize>, Box<dyn Error>> {
    Ok(list.split(',').map(str::parse).collect::<Result<_, _>>()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    println!("{}", measure::machine());
    for table in &options.tables {
        println!();
        match table.as_str() {
            "finality" => finality::print(),
            "steps" => steps::print(),
            "memory" => memory::print(),
            _ => views::print(
                &options.members,
                &options.payloads,
                Duration::from_secs(options.seconds),
            )?,
        }
    }
    Ok(())
}
