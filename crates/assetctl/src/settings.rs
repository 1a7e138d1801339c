//! Where to act and with what: flags over environment over `assetctl.toml` over defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use registry::Name;
use serde::Deserialize;
use settlement::{CommitmentConfig, Keypair, Pubkey, RollupClient};

use crate::cli::GlobalArgs;
use crate::{Error, keyfile};

/// The file that is read if it is there and no other is named.
const FILE: &str = "assetctl.toml";
/// The cluster that is meant if none is named.
const CLUSTER: &str = "localnet";
/// Where a key lies if none is named, as for Solana's own tools.
const KEYPAIR: &str = "~/.config/solana/id.json";
/// Where the registry lies if it is not named.
const REGISTRY: &str = "registry";
/// Clusters that everybody knows, with the one that a release must have run on before.
const CLUSTERS: [(&str, &str, Option<&str>); 4] = [
    ("localnet", "http://127.0.0.1:8899", None),
    ("devnet", "https://api.devnet.solana.com", None),
    ("testnet", "https://api.testnet.solana.com", Some("devnet")),
    (
        "mainnet-beta",
        "https://api.mainnet-beta.solana.com",
        Some("testnet"),
    ),
];

/// The configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    cluster: Option<Name>,
    registry: Option<PathBuf>,
    keypair: Option<PathBuf>,
    #[serde(default)]
    clusters: BTreeMap<Name, ClusterFile>,
}

/// What the file says of a cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterFile {
    url: Option<String>,
    program_id: Option<String>,
    keypair: Option<PathBuf>,
    after: Option<Name>,
}

/// Where to act and with what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster's name.
    pub cluster: Name,
    /// The cluster's RPC.
    pub url: String,
    /// The program's address there.
    pub program_id: Pubkey,
    /// The signer's keypair file.
    pub keypair: PathBuf,
    /// The registry's folder.
    pub registry: PathBuf,
    /// The cluster on which a release must have run before it comes to this one.
    pub after: Option<Name>,
}

impl Settings {
    /// Puts them together.
    pub fn load(args: &GlobalArgs) -> Result<Self, Error> {
        let file = read_file(args.config.as_deref())?;
        let name = args.cluster.clone().or(file.cluster);
        let cluster = name.map_or_else(|| CLUSTER.parse(), Ok)?;
        let known = CLUSTERS.iter().find(|(name, ..)| *name == cluster.to_string());
        let ours = file.clusters.get(&cluster).cloned().unwrap_or_default();
        let url = args.url.clone().or(ours.url);
        let url = url.or_else(|| known.map(|(_, url, _)| (*url).to_owned()));
        let after = match (ours.after, known) {
            (Some(after), _) => Some(after),
            (None, Some((_, _, Some(after)))) => Some(after.parse()?),
            (None, _) => None,
        };
        let program_id = match args.program_id.clone().or(ours.program_id) {
            Some(text) => parse_key(&text)?,
            None => parse_key(&registry::embedded()?.manifest.program_id)?,
        };
        let keypair = args.keypair.clone().or(ours.keypair).or(file.keypair);
        Ok(Self {
            url: url.ok_or_else(|| Error::ClusterUnknown {
                cluster: cluster.clone(),
            })?,
            cluster,
            program_id,
            keypair: at_home(&keypair.unwrap_or_else(|| KEYPAIR.into())),
            registry: args
                .registry
                .clone()
                .or(file.registry)
                .unwrap_or_else(|| REGISTRY.into()),
            after,
        })
    }

    /// A client of the program.
    pub fn client(&self) -> RollupClient {
        RollupClient::new(&self.url, self.program_id, CommitmentConfig::confirmed())
    }

    /// The key that signs and pays.
    pub fn signer(&self) -> Result<Keypair, Error> {
        keyfile::read(&self.keypair)
    }

    /// Another key if one is named, else the signer's.
    pub fn key_or_signer(&self, path: Option<&Path>) -> Result<Keypair, Error> {
        path.map_or_else(|| self.signer(), keyfile::read)
    }

    /// The registry.
    pub fn open_registry(&self) -> Result<registry::Registry, Error> {
        Ok(registry::Registry::open(&self.registry)?)
    }

    /// What is printed before anything is done; the URL without what may be secret in it.
    pub fn shown(&self) -> String {
        format!(
            "cluster {} at {}, program {}",
            self.cluster,
            redacted(&self.url),
            self.program_id
        )
    }
}

/// Reads an address in base58.
pub fn parse_key(text: &str) -> Result<Pubkey, Error> {
    text.parse().map_err(|_| Error::Address { got: text.to_owned() })
}

/// Scheme, host and port; a path, a query or a user may hold a secret.
fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let secret = host.len() < authority.len() || path.len() > 1;
    format!("{scheme}://{host}{}", if secret { "/…" } else { "" })
}

fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn read_file(named: Option<&Path>) -> Result<SettingsFile, Error> {
    let path = named.unwrap_or(Path::new(FILE));
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
            return Ok(SettingsFile::default());
        }
        other => other.map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?,
    };
    toml::from_str(&text).map_err(|source| Error::Toml {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, args: GlobalArgs) -> Result<Settings, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        fs::write(&path, file).unwrap();
        Settings::load(&GlobalArgs {
            config: Some(path),
            ..args
        })
    }

    const OURS: &str = "cluster = \"staging\"\nkeypair = \"all.json\"\n[clusters.staging]\nurl = \"http://s\"\nafter = \
                        \"devnet\"\n[clusters.devnet]\nkeypair = \"dev.json\"\n";

    #[test]
    fn flags_come_before_the_file_and_the_file_before_defaults() {
        let settings = load(OURS, GlobalArgs::default()).unwrap();
        assert_eq!(
            (settings.cluster.to_string().as_str(), settings.url.as_str()),
            ("staging", "http://s")
        );
        assert_eq!(settings.after.unwrap().to_string(), "devnet");
        assert_eq!(settings.keypair, Path::new("all.json"));
        let devnet = GlobalArgs {
            cluster: Some("devnet".parse().unwrap()),
            ..GlobalArgs::default()
        };
        let settings = load(OURS, devnet).unwrap();
        assert!(settings.url.contains("devnet") && settings.keypair == Path::new("dev.json"));
        let flags = GlobalArgs {
            url: Some("http://f".into()),
            program_id: Some("11111111111111111111111111111111".into()),
            ..GlobalArgs::default()
        };
        let settings = load(OURS, flags).unwrap();
        assert_eq!(settings.url, "http://f");
        assert_eq!(settings.program_id, Pubkey::default());
        let defaults = load("", GlobalArgs::default()).unwrap();
        assert_eq!(
            (defaults.cluster.to_string().as_str(), defaults.after),
            ("localnet", None)
        );
    }

    #[test]
    fn mistakes_are_refused() {
        assert!(matches!(
            load("clutser = 1", GlobalArgs::default()),
            Err(Error::Toml { .. })
        ));
        let unknown = GlobalArgs {
            cluster: Some("moon".parse().unwrap()),
            ..GlobalArgs::default()
        };
        assert!(matches!(load("", unknown), Err(Error::ClusterUnknown { .. })));
        let address = GlobalArgs {
            program_id: Some("x".into()),
            ..GlobalArgs::default()
        };
        assert!(matches!(load("", address), Err(Error::Address { .. })));
    }

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown() {
        for (url, shown) in [
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("https://rpc.example/", "https://rpc.example"),
            ("https://rpc.example/v2/key", "https://rpc.example/…"),
            ("https://rpc.example?api-key=1", "https://rpc.example/…"),
            ("https://me:pass@rpc.example", "https://rpc.example/…"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
