//! Cargo.toml, Cargo.lock and the test runner's configuration.

use super::Finding;

/// Where the lock file may take crates from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks one file by its name.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    match path.rsplit('/').next() {
        Some("Cargo.toml") => check_manifest(path, text),
        Some("Cargo.lock") => check_lock(path, text),
        Some("nextest.toml") => check_runner(path, text),
        _ => Vec::new(),
    }
}

fn parse(path: &str, text: &str) -> Result<toml::Table, Finding> {
    text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        Finding::error(path, line_of(text, start), error.message())
    })
}

fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    let table = match parse(path, text) {
        Ok(table) => table,
        Err(finding) => return vec![finding],
    };
    let workspace = table.get("workspace").and_then(|w| w.get("package"));
    let Some(package) = table.get("package").or(workspace) else {
        return Vec::new();
    };
    if package.get("license").and_then(toml::Value::as_str) == Some("MIT") {
        return Vec::new();
    }
    let line = text.find("package]").map_or(1, |at| line_of(text, at));
    vec![Finding::error(path, line, "no `license = \"MIT\"`")]
}

fn check_lock(path: &str, text: &str) -> Vec<Finding> {
    let lines = (1..).zip(text.lines());
    let sources = lines
        .filter_map(|(number, line)| Some((number, line.strip_prefix("source = \"")?.strip_suffix('"')?)));
    let foreign = sources.filter(|(_, source)| *source != REGISTRY);
    foreign
        .map(|(number, source)| Finding::error(path, number, format!("a crate from {source}")))
        .collect()
}

fn check_runner(path: &str, text: &str) -> Vec<Finding> {
    let table = match parse(path, text) {
        Ok(table) => table,
        Err(finding) => return vec![finding],
    };
    if !has_key(&toml::Value::Table(table), "retries") {
        return Vec::new();
    }
    let mut lines = (1..).zip(text.lines());
    let line = lines.find(|(_, line)| line.contains("retries") && !line.trim_start().starts_with('#'));
    vec![Finding::error(
        path,
        line.map_or(1, |(number, _)| number),
        "tests are not retried",
    )]
}

fn has_key(value: &toml::Value, key: &str) -> bool {
    match value {
        toml::Value::Table(table) => table.iter().any(|(k, v)| k == key || has_key(v, key)),
        toml::Value::Array(values) => values.iter().any(|v| has_key(v, key)),
        _ => false,
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(path, text).iter().map(|f| f.line).collect()
    }

    #[test]
    fn manifests_name_the_licence() {
        let cases: [(&str, &[usize]); 6] = [
            ("[package]\nname = \"a\"\nlicense = \"MIT\"\n", &[]),
            ("[workspace.package]\nlicense = \"MIT\"\n", &[]),
            ("# a crate\n[package]\nname = \"a\"\n", &[2]),
            ("[package]\nlicense = \"GPL-3.0\"\n", &[1]),
            ("[package]\nlicense.workspace = true\n", &[1]),
            ("[package]\nname =\n", &[2]),
        ];
        for (text, expected) in cases {
            assert_eq!(lines("crates/a/Cargo.toml", text), expected, "{text}");
        }
    }

    #[test]
    fn locks_use_the_public_registry_only() {
        let ours = format!("[[package]]\nsource = \"{REGISTRY}\"\n");
        assert!(lines("Cargo.lock", &ours).is_empty());
        assert_eq!(
            lines(
                "Cargo.lock",
                "[[package]]\nsource = \"git+https://example.org/x#1\"\n"
            ),
            [2]
        );
        assert_eq!(
            lines(
                "Cargo.lock",
                "[[package]]\nsource = \"sparse+https://example.org/\"\n"
            ),
            [2]
        );
    }

    #[test]
    fn tests_are_not_retried() {
        let path = ".config/nextest.toml";
        assert!(lines(path, "# no retries\n[profile.default]\nfail-fast = false\n").is_empty());
        assert_eq!(lines(path, "[profile.default]\nretries = 2\n"), [2]);
        assert_eq!(
            lines(
                path,
                "[[profile.ci.overrides]]\nfilter = \"all()\"\nretries = { count = 1 }\n"
            ),
            [3]
        );
    }
}
