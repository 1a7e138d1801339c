//! `curve new`

use std::{fs, path::Path};

use curve_lang::check;

use crate::{
    Error, Verdict,
    cli::NewArgs,
    files::{self, EXTENSION},
    shell::{Ink, Shell},
};

/// A program to begin with. Its name stands in place of `NAME`.
const PROGRAM: &str = include_str!("new/program.curve");
/// What the directory is for.
const README: &str = include_str!("new/README.md");

pub fn run(args: &NewArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let name = &args.name;
    let program = PROGRAM.replace("NAME", name);
    if !is_name(name) || !check(&program).diagnostics.is_empty() {
        return Err(Error::ProgramName { got: name.clone() });
    }
    let directory = Path::new(name);
    let failed = |source| Error::Write {
        path: directory.to_owned(),
        source,
    };
    match fs::create_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::Exists {
                path: directory.to_owned(),
            });
        }
        created => created.map_err(failed)?,
    }
    let source = directory.join(format!("{name}.{EXTENSION}"));
    files::write(&source, program.as_bytes())?;
    files::write(
        &directory.join("README.md"),
        README.replace("NAME", name).as_bytes(),
    )?;
    files::write(&directory.join(".gitignore"), b"/build\n/ledger.json\n")?;
    shell.line(format!("created {}", source.display()))?;
    let next = shell.ink(Ink::Head, &format!("cd {name} && curve test"));
    shell.line(format!("next: {next}"))?;
    Ok(Verdict::Good)
}

/// Whether a program and a directory can be called so.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    first && text.len() <= curvevm::limits::MAX_NAME_BYTES && bytes.all(rest)
}
