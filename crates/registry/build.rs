//! Embeds the newest release of the program, so that every binary carries what it deploys.

use std::path::Path;
use std::{env, fs};

fn main() {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&manifest_dir).join("../../registry/asset_rollup_program");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let newest = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some((version(&name)?, name)))
        .max();
    let text = match newest {
        None => "pub(super) const NEWEST: Option<[&[u8]; 3]> = None;\n".to_owned(),
        Some((_, name)) => {
            let include = |file: &str| {
                let path = folder.join(&name).join(file);
                println!("cargo::rerun-if-changed={}", path.display());
                format!("include_bytes!({:?})", path.display().to_string())
            };
            format!(
                "pub(super) const NEWEST: Option<[&[u8]; 3]> = Some([{}, {}, {}]);\n",
                include("manifest.json"),
                include("asset_rollup_program.so"),
                include("idl.json"),
            )
        }
    };
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("newest.rs");
    fs::write(out, text).expect("OUT_DIR is writable");
}

/// `1.2.3` as numbers; anything else is not a version.
fn version(name: &str) -> Option<[u64; 3]> {
    let parts: Option<Vec<u64>> = name.split('.').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}
