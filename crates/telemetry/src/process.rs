//! What this process uses, from `/proc/self` (Linux; elsewhere there is nothing to read and [`usage`] is `None`).

use std::fs;

/// Clock ticks a second in `/proc/*/stat`: fixed by Linux's user-space interface on every architecture that Rust supports.
const TICKS_PER_SECOND: u64 = 100;

/// A process's use of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Memory held in RAM, bytes.
    pub resident_bytes: u64,
    /// User and system time since start, milliseconds.
    pub cpu_ms: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub open_files: u64,
}

/// What this process uses now.
pub fn usage() -> Option<Usage> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    Some(Usage {
        resident_bytes: status_field(&status, "VmRSS:")?.saturating_mul(1024),
        cpu_ms: cpu_ms(&stat)?,
        threads: status_field(&status, "Threads:")?,
        open_files: u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).unwrap_or(u64::MAX),
    })
}

/// Size of the files directly in a directory; 0 of one that cannot be read.
pub fn files_bytes(directory: &std::path::Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file);
    files.map(|file| file.len()).sum()
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15, counted after the command in parentheses, which may hold spaces and parentheses itself.
fn cpu_ms(stat: &str) -> Option<u64> {
    let rest = stat.rsplit_once(')')?.1;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)?.checked_mul(1000 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_whatever_the_command_is_called() {
        let stat = "42 (a (weird) name) S 1 42 42 0 -1 4194304 10 0 0 0 250 50 0 0 20 0 3 0 100 1000 20";
        assert_eq!(cpu_ms(stat), Some(3000));
        assert_eq!(cpu_ms("42 (cut) S 1"), None);
        assert_eq!(
            status_field("Name:\tx\nVmRSS:\t  1024 kB\n", "VmRSS:"),
            Some(1024)
        );
        assert_eq!(status_field("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    fn files_are_added_up() {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = fs::metadata(here.join("Cargo.toml"))
            .expect("of this crate")
            .len();
        assert!(files_bytes(here) >= manifest && manifest > 0);
        assert_eq!(files_bytes(&here.join("nowhere")), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_something() {
        let usage = usage().expect("/proc is mounted");
        assert!(
            usage.resident_bytes > 100_000 && usage.threads >= 1 && usage.open_files >= 3,
            "{usage:?}"
        );
    }
}
