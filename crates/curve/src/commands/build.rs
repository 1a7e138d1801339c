//! `curve build`

use std::{fs, path::Path};

use curve_lang::{Artifact, lower, source_map::SourceMap};
use serde_json::json;

use super::{Compiled, compiled, options};
use crate::{
    Error, Verdict,
    cli::{BuildArgs, Emit},
    files::{self, Source},
    report,
    shell::Shell,
};

pub fn run(args: &BuildArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let source = files::read_source(&files::named_or_only(args.file.as_ref())?)?;
    let Some(Compiled { source, artifact }) = compiled(source, !args.no_optimise, shell)? else {
        return Ok(Verdict::Findings);
    };
    if !artifact.warnings.is_empty() {
        report::show(&artifact.warnings, &source, shell);
    }
    for emit in &args.emit {
        let bytes = emitted(*emit, &artifact, &source, args);
        if args.stdout {
            shell.raw(&bytes)?;
            continue;
        }
        let file = args
            .out_dir
            .join(format!("{}.{}", stem(&source, &artifact), ending(*emit)));
        create(&args.out_dir)?;
        files::write(&file, &bytes)?;
        shell.line(format!("{}: {} bytes", file.display(), bytes.len()))?;
    }
    Ok(Verdict::Good)
}

fn create(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(|source| Error::Write {
        path: directory.to_owned(),
        source,
    })
}

/// Files are named like the source; from standard input, like the program.
fn stem(source: &Source, artifact: &Artifact) -> String {
    let path = Path::new(&source.name);
    match path.file_stem() {
        Some(stem) if path.extension().is_some() => stem.to_string_lossy().into_owned(),
        _ => artifact.program.name.clone(),
    }
}

const fn ending(emit: Emit) -> &'static str {
    match emit {
        Emit::Bytecode => "curvevm",
        Emit::Interface => "json",
        Emit::SourceMap => "map.json",
        Emit::Asm => "asm",
        Emit::Ir => "ir",
    }
}

fn emitted(emit: Emit, artifact: &Artifact, source: &Source, args: &BuildArgs) -> Vec<u8> {
    match emit {
        Emit::Bytecode => artifact.program.encode(),
        Emit::Interface => format!("{}\n", artifact.interface.to_json()).into_bytes(),
        Emit::SourceMap => map(&artifact.source_map).into_bytes(),
        Emit::Asm => artifact.program.disassemble().into_bytes(),
        Emit::Ir => lower(&source.text, &options(source, !args.no_optimise))
            .expect("the same source has just been compiled")
            .into_bytes(),
    }
}

/// For each function, the first instruction of each place: `[instruction, line, column]`.
fn map(map: &SourceMap) -> String {
    let functions: Vec<_> = map
        .functions()
        .iter()
        .map(|function| json!({ "name": function.name, "marks": function.marks }))
        .collect();
    format!(
        "{}\n",
        json!({ "version": 1, "file": map.file(), "functions": functions })
    )
}
