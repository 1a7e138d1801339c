//! An RPC endpoint that is not there ends nothing: the poster counts, waits and looks again.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use batch_poster::{BatchPoster, BlockSource, Poster, PosterConfig, PosterPhase, Settleable, SourceError};
use settlement::{CommitmentConfig, Keypair, KnownProgram, Pubkey, RollupClient};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

struct NoBlocks;

impl BlockSource for NoBlocks {
    fn blocks(&self, _: RangeInclusive<u64>) -> Result<Vec<Settleable>, SourceError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn an_unreachable_endpoint_ends_nothing() {
    // Bound, so that nobody else can answer there, and never accepted from: the system refuses once it is dropped.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let program = Pubkey::new_from_array([5; 32]);
    let url = format!("http://127.0.0.1:{port}");
    let tip = watch::Sender::new(3);
    let parts = Poster {
        client: RollupClient::new(&url, program, CommitmentConfig::confirmed()),
        key: Arc::new(Keypair::new()),
        source: Arc::new(NoBlocks),
        tip: tip.subscribe(),
        program: KnownProgram::new(1, b"a program"),
    };
    let config = PosterConfig {
        poll: Duration::from_millis(5),
        ..PosterConfig::default()
    };
    let (poster, mut status) = BatchPoster::new(parts, config);
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(poster.run(shutdown.clone()));
    let counted = status.wait_for(|status| status.counters.failures.get("transport") >= Some(&3));
    let counted = tokio::time::timeout(Duration::from_secs(60), counted).await;
    let status = counted.expect("it keeps trying").expect("it runs").clone();
    assert_eq!(status.phase, PosterPhase::Starting);
    shutdown.cancel();
    task.await.unwrap();
}
