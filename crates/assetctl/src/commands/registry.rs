//! `assetctl registry`: releases, their records, and whether the chain holds what they say.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use registry::{
    Approval, ApprovalSignature, ApproverKey, Name, PROGRAM, Policy, Record, Registry, Release, Standing,
    Version, approval_text,
};
use serde_json::{Value, json};
use settlement::Signer as _;

use crate::answer::step;
use crate::running::Running;
use crate::{Answer, Error, Settings, keyfile};

/// `assetctl registry`
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// List all releases.
    #[command(after_help = "\
Examples:
  assetctl registry list")]
    List,
    /// Show a release: hashes, toolchain, revision, checklist, approvals, rollouts.
    #[command(after_help = "\
Examples:
  assetctl registry show 0.1.0 --json")]
    Show {
        /// Which.
        version: Version,
    },
    /// Check every release's hashes and approvals, and what is on chain.
    #[command(after_help = "\
Examples:
  assetctl registry verify --offline
  assetctl --cluster devnet registry verify

Exit codes: 0 all is as it says, 1 an approval is void or the chain holds no release, 2 a file or the cluster cannot be read.")]
    Verify {
        /// Leave the chain out.
        #[arg(long)]
        offline: bool,
    },
    /// Begin a release's record: which revision of the source it is.
    #[command(after_help = "\
Examples:
  assetctl registry add 0.2.0 --revision $(git rev-parse HEAD)
  assetctl registry add 0.2.0 --revision 5f1e0c2 --from ../other-checkout/registry/asset_rollup_program/0.2.0")]
    Add(AddArgs),
    /// Confirm items of the checklist, as one of the policy's approvers.
    #[command(after_help = "\
What is signed is printed first: program, address, hashes, state version, revision, and the items. A later signature of the same
approver takes the place of an earlier one.

Examples:
  assetctl registry sign 0.2.0 --approver ann.json --all
  assetctl registry sign 0.2.0 --approver ann.json --item tests --item bit-identical")]
    Sign(SignArgs),
}

/// `assetctl registry add`
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Which.
    pub version: Version,
    /// The revision of the source that it was built from.
    #[arg(long)]
    pub revision: Name,
    /// Copy the release from this folder first, if its hashes are right.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
}

/// `assetctl registry sign`
#[derive(Args, Debug)]
pub struct SignArgs {
    /// Which.
    pub version: Version,
    /// The approver's keypair file.
    #[arg(long, value_name = "FILE")]
    pub approver: PathBuf,
    /// An item that the approver has seen done.
    #[arg(long, value_name = "NAME", required_unless_present = "all")]
    pub item: Vec<Name>,
    /// The whole checklist.
    #[arg(long, conflicts_with = "item")]
    pub all: bool,
}

pub(crate) async fn run(settings: &Settings, command: &RegistryCommand) -> Result<Answer, Error> {
    let registry = settings.open_registry()?;
    match command {
        RegistryCommand::List => list(&registry),
        RegistryCommand::Show { version } => show(&registry, *version),
        RegistryCommand::Verify { offline } => verify(settings, &registry, *offline).await,
        RegistryCommand::Add(args) => add(&registry, args),
        RegistryCommand::Sign(args) => sign(&registry, args),
    }
}

/// A release with all that is said of it.
struct Entry {
    release: Release,
    record: Option<Record>,
    standing: Option<Standing>,
}

impl Entry {
    fn read(registry: &Registry, policy: Option<&Policy>, version: Version) -> Result<Self, Error> {
        let release = registry.release(PROGRAM, version)?;
        let record = registry.record(PROGRAM, version)?;
        let standing = match (&record, policy) {
            (Some(record), Some(policy)) => Some(record.standing(policy, &release.manifest)),
            _ => None,
        };
        Ok(Self {
            release,
            record,
            standing,
        })
    }

    fn all(registry: &Registry) -> Result<Vec<Self>, Error> {
        let policy = registry.policy(PROGRAM)?;
        let versions = registry.versions(PROGRAM)?;
        let entry = |version| Self::read(registry, policy.as_ref(), version);
        versions.into_iter().map(entry).collect()
    }

    fn approved(&self) -> &'static str {
        match &self.standing {
            None => "no record",
            Some(standing) if standing.is_complete() => "approved",
            Some(_) => "not approved",
        }
    }

    fn json(&self) -> Value {
        json!({
            "manifest": self.release.manifest,
            "approved": self.standing.as_ref().is_some_and(Standing::is_complete),
            "checklist": self.standing,
            "record": self.record,
        })
    }

    fn line(&self) -> String {
        let manifest = &self.release.manifest;
        let rollouts = self.record.iter().flat_map(|record| &record.rollouts);
        let rollouts: Vec<String> = rollouts
            .map(|rollout| format!("{} {:?}", rollout.cluster, rollout.outcome).to_lowercase())
            .collect();
        format!(
            "{}  sha256 {}  state {}  {}{}\n",
            manifest.version,
            manifest.program_sha256,
            manifest.state_version,
            self.approved(),
            if rollouts.is_empty() {
                String::new()
            } else {
                format!("  {}", rollouts.join(", "))
            },
        )
    }
}

fn list(registry: &Registry) -> Result<Answer, Error> {
    let entries = Entry::all(registry)?;
    let text: String = entries.iter().map(Entry::line).collect();
    let json: Vec<Value> = entries.iter().map(Entry::json).collect();
    Ok(Answer::new(text, &json))
}

fn show(registry: &Registry, version: Version) -> Result<Answer, Error> {
    let policy = registry.policy(PROGRAM)?;
    let entry = Entry::read(registry, policy.as_ref(), version)?;
    let manifest = &entry.release.manifest;
    let mut text = format!(
        "{PROGRAM} {version}: {}\n  address  {}\n  program  {} bytes, sha256 {}\n  IDL      sha256 {}\n  state    version \
         {}\n",
        entry.approved(),
        manifest.program_id,
        manifest.program_bytes,
        manifest.program_sha256,
        manifest.idl_sha256,
        manifest.state_version,
    );
    for (tool, what) in &manifest.toolchain {
        text.push_str(&format!("  {tool:<8} {what}\n"));
    }
    if let Some(record) = &entry.record {
        text.push_str(&format!("  revision {}\n", record.revision));
    }
    for (item, by) in entry.standing.iter().flat_map(|standing| &standing.confirmed) {
        let by: Vec<String> = by.iter().map(Name::to_string).collect();
        let meaning = policy.iter().find_map(|policy| policy.checklist.get(item));
        text.push_str(&format!(
            "  [{}] {item}: {}\n",
            by.join(", "),
            meaning.map_or("", String::as_str)
        ));
    }
    for rollout in entry.record.iter().flat_map(|record| &record.rollouts) {
        let outcome = format!("{:?}", rollout.outcome).to_lowercase();
        text.push_str(&format!(
            "  {} slot {}: {outcome}\n",
            rollout.cluster, rollout.slot
        ));
    }
    Ok(Answer::new(text, &entry.json()))
}

async fn verify(settings: &Settings, registry: &Registry, offline: bool) -> Result<Answer, Error> {
    let entries = Entry::all(registry)?;
    let void: usize = entries
        .iter()
        .flat_map(|entry| &entry.standing)
        .map(|standing| standing.void)
        .sum();
    let mut text = format!(
        "{} releases are what their manifests say, {void} approvals are void\n",
        entries.len()
    );
    let mut json = json!({ "releases": entries.len(), "void_approvals": void, "on_chain": null });
    let mut good = void == 0;
    if !offline {
        step(settings.shown());
        let running = Running::find(&settings.client(), registry).await?;
        good &= running.version.is_some();
        text.push_str(&format!(
            "on chain is {}, slot {}, upgrade authority {}\n",
            running.name(),
            running.code.slot,
            running.authority().unwrap_or_else(|| "nobody".into())
        ));
        json["on_chain"] = json!({
            "version": running.version,
            "slot": running.code.slot,
            "upgrade_authority": running.authority(),
        });
    }
    Ok(Answer::new(text, &json).good_if(good))
}

fn add(registry: &Registry, args: &AddArgs) -> Result<Answer, Error> {
    if let Some(folder) = &args.from {
        registry.write(&Release::read(folder, PROGRAM)?)?;
    }
    registry.release(PROGRAM, args.version)?;
    match registry.record(PROGRAM, args.version)? {
        Some(record) if record.revision != args.revision => {
            return Err(Error::OtherRevision {
                version: args.version,
                got: record.revision,
            });
        }
        Some(_) => {}
        None => registry.write_record(PROGRAM, args.version, &Record::new(args.revision.clone()))?,
    }
    show(registry, args.version)
}

fn sign(registry: &Registry, args: &SignArgs) -> Result<Answer, Error> {
    let version = args.version;
    let manifest = registry.release(PROGRAM, version)?.manifest;
    let policy = registry
        .policy(PROGRAM)?
        .ok_or(Error::NoPolicy { program: PROGRAM })?;
    let mut record = registry
        .record(PROGRAM, version)?
        .ok_or(Error::NoRecord { version })?;
    let key = keyfile::read(&args.approver)?;
    let approver = ApproverKey::new(key.pubkey().to_bytes());
    if !policy.approvers.values().any(|known| *known == approver) {
        return Err(Error::NotApprover {
            key: approver.to_string(),
        });
    }
    let items: BTreeSet<Name> = if args.all {
        policy.checklist.keys().cloned().collect()
    } else {
        args.item.iter().cloned().collect()
    };
    if let Some(item) = items.iter().find(|item| !policy.checklist.contains_key(*item)) {
        return Err(Error::NoItem { item: item.clone() });
    }
    let text = approval_text(&manifest, &record.revision, &items);
    step(format_args!("signing:\n{text}"));
    let signature = ApprovalSignature(key.sign_message(text.as_bytes()).into());
    record.approve(Approval {
        approver,
        items,
        signature,
    });
    registry.write_record(PROGRAM, version, &record)?;
    show(registry, version)
}
