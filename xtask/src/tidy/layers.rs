//! The layers of the workspace, and what their crates may use.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package, PackageId};

use super::Finding;

/// Each workspace crate's layer. A crate may use crates of its own and of earlier layers; tests may use any.
const LAYERS: &[(&str, &[&str])] = &[
    ("L0 what program and host share", &["rollup-abi"]),
    ("L0 program", &["asset_rollup_program"]),
    ("L0 values", &["hotshot-types"]),
    ("L1 pure cores", &["hotshot", "curvevm", "curve-lang", "assetvm"]),
    (
        "L2 ports, simulator, scenarios",
        &[
            "hotshot-engine",
            "hotshot-testing",
            "hotshot-model",
            "hotshot-cluster",
        ],
    ),
    (
        "L3 adapters",
        &[
            "hotshot-libp2p",
            "store",
            "settlement",
            "signer",
            "telemetry",
            "registry",
            "rpc-types",
            "localnet",
            "fault-proxy",
        ],
    ),
    ("L4 services", &["batch-poster", "sequencer", "client"]),
    ("L5 for people", &["asset", "assetctl", "curve", "testnet"]),
    ("development", &["program-tests", "xtask", "fuzz"]),
];

/// Crates without IO, clock and randomness of their own.
const PURE: &[&str] = &[
    "rollup-abi",
    "hotshot-types",
    "hotshot",
    "curvevm",
    "curve-lang",
    "assetvm",
];
/// What pure crates must not have in their dependency tree, by the beginning of the name.
const IMPURE: &[&str] = &[
    "tokio",
    "mio",
    "libp2p",
    "solana-",
    "surfpool-",
    "async-std",
    "socket2",
];

/// Checks the whole workspace.
pub fn check(metadata: &Metadata) -> Vec<Finding> {
    let members: Vec<&Package> = metadata.workspace_packages();
    let mut findings = Vec::new();
    for package in &members {
        let uses = package
            .dependencies
            .iter()
            .filter(|d| d.kind != DependencyKind::Development);
        let uses: Vec<&str> = uses.map(|d| d.name.as_str()).collect();
        let ours = |name: &&str| members.iter().any(|m| m.name.as_str() == *name);
        let uses: Vec<&str> = uses.into_iter().filter(ours).collect();
        let path = manifest_path(metadata, package);
        findings.extend(check_arrows(&path, &package.name, &uses));
    }
    let graph = normal_graph(metadata);
    for package in members.iter().filter(|p| PURE.contains(&p.name.as_str())) {
        if let Some(chain) = impurity(&graph, &package.name) {
            let message = format!("no IO in a pure crate: {}", chain.join(" -> "));
            findings.push(Finding::error(&manifest_path(metadata, package), 1, message));
        }
    }
    findings
}

fn manifest_path(metadata: &Metadata, package: &Package) -> String {
    let path = package.manifest_path.strip_prefix(&metadata.workspace_root);
    path.unwrap_or(&package.manifest_path).as_str().replace('\\', "/")
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, crates)| crates.contains(&name))
}

/// Checks what one crate uses of the workspace.
fn check_arrows(path: &str, name: &str, uses: &[&str]) -> Vec<Finding> {
    let Some(own) = layer(name) else {
        let message = format!("crate {name} is in no layer: give it one in xtask/src/tidy/layers.rs");
        return vec![Finding::error(path, 1, message)];
    };
    let later = uses
        .iter()
        .filter_map(|used| Some((used, layer(used)?)))
        .filter(|(_, layer)| *layer > own);
    let message = |(used, layer): (&&str, usize)| {
        format!(
            "{name} ({}) must not use {used} ({})",
            LAYERS[own].0, LAYERS[layer].0
        )
    };
    later
        .map(|found| Finding::error(path, 1, message(found)))
        .collect()
}

/// Names of the crates that each crate is built with, without those for tests and build scripts.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn normal_graph(metadata: &Metadata) -> Graph {
    let names: BTreeMap<&PackageId, &Package> = metadata.packages.iter().map(|p| (&p.id, p)).collect();
    let name = |id: &PackageId| names.get(id).map_or_else(String::new, |p| p.name.to_string());
    let macros = |id: &PackageId| {
        let targets = names.get(id).map_or(&[][..], |p| &p.targets);
        targets.iter().any(|t| t.is_proc_macro())
    };
    let mut graph = Graph::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let normal = node
            .deps
            .iter()
            .filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
        // A macro runs in the compiler.
        let linked = normal.filter(|d| !macros(&d.pkg)).map(|d| name(&d.pkg));
        graph.entry(name(&node.id)).or_default().extend(linked);
    }
    graph
}

/// The way from `start` to the nearest crate that does IO.
fn impurity(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut ways = std::collections::VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        if IMPURE.iter().any(|name| last.starts_with(name)) {
            return Some(way);
        }
        for next in graph.get(last).into_iter().flatten() {
            if seen.insert(next.clone()) {
                ways.push_back(way.iter().cloned().chain([next.clone()]).collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_crate_stands_in_two_layers() {
        let all: Vec<&str> = LAYERS
            .iter()
            .flat_map(|(_, crates)| crates.iter().copied())
            .collect();
        let different: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), different.len());
        assert!(PURE.iter().all(|name| different.contains(name)));
    }

    #[test]
    fn arrows_run_one_way() {
        let cases: [(&str, &[&str], &[&str]); 6] = [
            (
                "asset_rollup_program",
                &["rollup-abi", "hotshot-types"],
                &["L0 values"],
            ),
            ("hotshot", &["hotshot-types", "rollup-abi"], &[]),
            ("sequencer", &["batch-poster", "store"], &[]),
            (
                "hotshot",
                &["hotshot-engine"],
                &["L2 ports, simulator, scenarios"],
            ),
            (
                "store",
                &["sequencer", "testnet", "assetvm"],
                &["L4 services", "L5 for people"],
            ),
            ("nobody-knows-me", &[], &["is in no layer"]),
        ];
        for (name, uses, expected) in cases {
            let found = check_arrows("Cargo.toml", name, uses);
            assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
            for (finding, text) in found.iter().zip(expected) {
                assert!(finding.message.contains(text), "{finding}");
            }
        }
    }

    #[test]
    fn io_is_found_however_deep() {
        let graph = |arrows: &[(&str, &str)]| {
            let mut graph = Graph::new();
            for (from, to) in arrows {
                graph
                    .entry((*from).to_owned())
                    .or_default()
                    .insert((*to).to_owned());
            }
            graph
        };
        let pure = graph(&[("hotshot", "borsh"), ("borsh", "bytes"), ("other", "tokio")]);
        assert_eq!(impurity(&pure, "hotshot"), None);
        let impure = graph(&[
            ("hotshot", "borsh"),
            ("borsh", "hotshot"),
            ("borsh", "x"),
            ("x", "mio"),
        ]);
        assert_eq!(
            impurity(&impure, "hotshot").unwrap(),
            ["hotshot", "borsh", "x", "mio"]
        );
        let solana = graph(&[("assetvm", "solana-pubkey")]);
        assert_eq!(
            impurity(&solana, "assetvm").unwrap(),
            ["assetvm", "solana-pubkey"]
        );
    }

    #[test]
    fn the_real_tree_is_read() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let metadata = cargo_metadata::MetadataCommand::new()
            .manifest_path(manifest)
            .exec()
            .unwrap();
        let graph = normal_graph(&metadata);
        assert_eq!(
            impurity(&graph, "hotshot-engine").unwrap(),
            ["hotshot-engine", "tokio"]
        );
        assert_eq!(impurity(&graph, "hotshot"), None);
    }
}
