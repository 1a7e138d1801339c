//! The real binary, as a person at a terminal has it: a directory, commands, and what they print.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A directory in which commands run.
pub struct Playground {
    root: TempDir,
    here: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Result and notices, in the order in which they came.
    pub shown: String,
    pub code: i32,
}

impl Playground {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        let here = root.path().to_owned();
        Self { root, here }
    }

    /// With the example programs in it.
    pub fn with_examples() -> Self {
        let playground = Self::new();
        for path in examples() {
            fs::copy(
                &path,
                playground.path(path.file_name().unwrap().to_str().unwrap()),
            )
            .unwrap();
        }
        playground
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.here.join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a line as a shell would: `curve …`, `cd …`, and several with `&&`.
    pub fn run(&mut self, line: &str) -> Ran {
        let mut all = Ran {
            shown: String::new(),
            code: 0,
        };
        for command in line.split(" && ") {
            let words = words(command);
            match words.first().map(String::as_str) {
                Some("cd") => self.here = self.here.join(&words[1]),
                Some("curve") => {
                    let ran = self.curve(&words[1..], "");
                    all.shown.push_str(&ran.shown);
                    all.code = ran.code;
                }
                _ => panic!("{command}: only `curve` and `cd` are known here"),
            }
            if all.code != 0 {
                break;
            }
        }
        all
    }

    /// Runs the binary with these arguments and this standard input.
    pub fn curve(&self, args: &[impl AsRef<OsStr>], input: &str) -> Ran {
        // Both streams go to one file, in the order in which they are written.
        let file = self.root.path().join(".shown");
        let shown = File::create(&file).unwrap();
        let mut child = binary(&self.here)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(shown.try_clone().unwrap())
            .stderr(shown)
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        Ran {
            shown: fs::read_to_string(file).unwrap(),
            code,
        }
    }

    /// What goes to standard output and to standard error.
    pub fn streams(&self, args: &[&str]) -> (String, String) {
        let output = binary(&self.here).args(args).output().unwrap();
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Runs lines and writes down what a terminal would show, but for what calls cost.
    pub fn transcript(&mut self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            let Ran { shown, code, .. } = self.run(line);
            text.push_str(&format!("$ {line}\n{}", without_gas(&shown)));
            if code != 0 {
                text.push_str(&format!("[exit code {code}]\n"));
            }
            text.push('\n');
        }
        text
    }
}

/// Costs are calibrated now and then; what is shown besides them stays.
pub fn without_gas(shown: &str) -> String {
    let line = |line: &str| match line.split_once("gas ") {
        Some(("", cost)) if cost.trim().parse::<u64>().is_ok() => "gas      …\n".to_owned(),
        _ => format!("{line}\n"),
    };
    shown.lines().map(line).collect()
}

/// The binary, with nothing in its environment that changes what it prints.
pub fn binary(here: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_curve"));
    command
        .current_dir(here)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE");
    command
}

/// The words of a line, as a shell divides it.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None) => word.get_or_insert_default().extend(chars.next()),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    assert_eq!(quote, None, "an open quote in {line}");
    words.extend(word);
    words
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example programs.
pub fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("curve/examples")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "curve"));
    paths.sort();
    assert!(paths.len() >= 5);
    paths
}
