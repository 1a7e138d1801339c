//! The tree speaks of itself alone: no paths of somebody's machine, no hosts of registries.

use super::Finding;

/// First parts of absolute paths that exist on one machine only.
const HOMES: [&str; 4] = ["work", "root", "home", "Users"];
/// Where a registry's index and files lie. (`crates.io` itself may be talked about.)
const HOSTS: [&str; 2] = ["index", "static"];

/// Checks one text file.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for home in HOMES {
            let word = format!("/{home}/");
            if line
                .match_indices(&word)
                .any(|(at, _)| starts_a_path(&line[..at]))
            {
                findings.push(Finding::error(path, number, format!("machine path {word}…")));
            }
        }
        for host in HOSTS {
            let word = format!("{host}.crates.io");
            if line.contains(&word) {
                findings.push(Finding::error(path, number, format!("registry host {word}")));
            }
        }
    }
    findings
}

/// Whether a slash after `before` begins an absolute path, not the middle of a relative one or of a URL.
fn starts_a_path(before: &str) -> bool {
    before
        .chars()
        .last()
        .is_none_or(|c| !(c.is_alphanumeric() || "/._-~}*".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_machine_paths_and_hosts_only() {
        let [work, root, home, users] = HOMES.map(|home| format!("/{home}/"));
        let cases = [
            (format!("cd {work}main"), 1),
            (format!("\"{root}.cargo\""), 1),
            (format!("see {home}me/x and {users}you"), 2),
            (format!("https://{}.crates.io/api", HOSTS[1]), 1),
            (format!("https://example.org{work}list"), 0),
            (format!("docs{work}plan.md, .{root}x, $HOME{root}y"), 0),
            ("published on crates.io".to_owned(), 0),
            (format!("a fraction n{root}m"), 0),
        ];
        for (line, expected) in cases {
            let found = check("a.md", &format!("first line\n{line}\n"));
            assert_eq!(found.len(), expected, "{line}: {found:?}");
            assert!(found.iter().all(|f| f.line == 2), "{found:?}");
        }
    }
}
