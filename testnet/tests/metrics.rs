//! Every metric of the table is emitted by a running testnet, and nothing that is not in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use testnet::live::Progress;
use testnet::load::{Load, Profile, Shape};
use testnet::scrape::Scrape;
use testnet::{Testnet, TestnetConfig};

/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// Killed, so that views time out and others take over.
const VICTIM: usize = 1;
/// What stays at zero as long as nobody misbehaves and nothing is overloaded.
const FAULTS: &[&str] = &[
    "asset_l2_blocks_refused_total",
    "asset_l2_blocks_abandoned_total",
    "asset_l2_reorg_depth_blocks",
    "asset_l2_root_divergence",
    "asset_l2_current_epoch",
    "asset_l2_mempool_dropped_total",
    "asset_l2_gossip_refused_total",
    "asset_l2_network_messages_dropped_total",
    "asset_l2_poster_price_micro_lamports",
    "asset_l2_poster_wrong_program",
    "asset_l2_rpc_errors_total",
    "asset_l2_settlement_pressure_per_mille",
];
/// What is zero most of the time that it is looked at.
const FLEETING: &[&str] = &[
    "asset_l2_mempool_transactions",
    "asset_l2_mempool_size_bytes",
    "asset_l2_undecided_blocks",
];

async fn pages(testnet: &Testnet) -> Vec<String> {
    let mut pages = Vec::new();
    for node in testnet.nodes().iter() {
        let (status, page) = testnet::http::get(node.health(), "/metrics").await.unwrap();
        assert_eq!(status, 200);
        pages.push(page);
    }
    pages
}

/// The metrics that a page declares.
fn declared(page: &str) -> BTreeSet<&str> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split(' ').next()).collect()
}

/// Whether some series of a metric is not zero.
fn counts(scrape: &Scrape, name: &str) -> bool {
    let of = |series: &str| {
        let base = series.split('{').next().unwrap_or(series);
        base == name || base.strip_suffix("_count") == Some(name)
    };
    scrape.series().any(|(series, value)| of(series) && value != 0.0)
}

async fn until(what: &str, testnet: &Testnet, done: impl Fn(&[Scrape]) -> bool) {
    let waiting = async {
        loop {
            let scrapes: Vec<_> = pages(testnet)
                .await
                .iter()
                .map(|page| Scrape::parse(page))
                .collect();
            if done(&scrapes) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "{what}: not within {PATIENCE:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_table_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let exe = Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned();
    let config = TestnetConfig::new(dir.path().to_owned(), exe);
    let mut testnet = Testnet::start(config, &mut Progress::new(false)).await.unwrap();
    let shape = Shape {
        profile: Profile::Adversarial,
        tps: 50,
        length: Duration::from_secs(5),
        seed: 1,
    };
    let load = Load::prepare(testnet.attached().unwrap(), shape).await.unwrap();
    let report = load.start().await.unwrap().finish().await;
    assert!(report.is_good() && report.hostile > 0, "{report}");
    testnet.kill(VICTIM).await;
    let others = |scrapes: &[Scrape]| {
        scrapes
            .iter()
            .filter(|s| s.count("view_timeouts_total") > 0)
            .count()
    };
    let survivors: Vec<_> = (0..5).filter(|index| *index != VICTIM).collect();
    let timed_out = async {
        loop {
            let mut found = Vec::new();
            for index in &survivors {
                found.push(Scrape::of(testnet.client(*index).health()).await.unwrap());
            }
            if others(&found) == survivors.len() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, timed_out).await;
    assert!(waited.is_ok(), "nobody's view timed out within {PATIENCE:?}");
    testnet.restart(VICTIM).unwrap();
    testnet.until_ready(&[VICTIM]).await.unwrap();

    let table: BTreeSet<&str> = telemetry::TABLE.iter().map(|spec| spec.name).collect();
    for (index, page) in pages(&testnet).await.iter().enumerate() {
        assert_eq!(declared(page), table, "validator {index}");
    }
    let expected: Vec<&str> = table
        .iter()
        .copied()
        .filter(|name| !FAULTS.contains(name) && !FLEETING.contains(name))
        .collect();
    let silent = |scrapes: &[Scrape]| -> Vec<&str> {
        let heard = |name: &&str| scrapes.iter().any(|scrape| counts(scrape, name));
        expected.iter().copied().filter(|name| !heard(name)).collect()
    };
    until("everything counts something", &testnet, |scrapes| {
        let silent = silent(scrapes);
        if !silent.is_empty() {
            println!("silent yet: {silent:?}");
        }
        silent.is_empty()
    })
    .await;
    let troubles = testnet.stop().await;
    assert!(troubles.is_empty(), "{troubles:?}");
}
