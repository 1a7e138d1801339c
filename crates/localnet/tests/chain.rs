//! The local chain as its users meet it: ports, airdrops, and a program deployed by loader transactions.

use std::net::TcpListener;
use std::sync::Arc;

use localnet::{Airdrop, Localnet, LocalnetConfig, LocalnetError, PortUse};
use settlement::deploy::{Deployment, deploy_program};
use settlement::{CommitmentConfig, Keypair, RollupClient, RpcClient, SettlementError, Signer};

const SOL: u64 = 1_000_000_000;

async fn start(payer: &Keypair) -> Localnet {
    let airdrops = vec![Airdrop {
        to: payer.pubkey(),
        lamports: 10 * SOL,
    }];
    let config = LocalnetConfig {
        airdrops,
        ..LocalnetConfig::default()
    };
    Localnet::start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_is_deployed_by_loader_transactions_and_only_once() {
    let payer = Keypair::new();
    let chain = start(&payer).await;
    let rpc = Arc::new(RpcClient::new(chain.rpc_url().to_owned()));
    let release = registry::embedded().unwrap();
    let program = Keypair::new();
    // Another key than the payer's may upgrade: both sign.
    let authority = Keypair::new();
    let deployment = Deployment {
        payer: &payer,
        program: &program,
        authority: &authority,
        elf: &release.program,
        max_len: 2 * release.program.len(),
    };
    let client = RollupClient::with_rpc(rpc.clone(), program.pubkey(), CommitmentConfig::confirmed());
    let missing = client.program_status().await.unwrap_err();
    assert!(
        matches!(missing, SettlementError::AccountMissing { .. }),
        "{missing}"
    );

    let deployed = deploy_program(&rpc, &deployment).await.unwrap();
    println!(
        "{} bytes in {} writes, {:?}",
        release.program.len(),
        deployed.writes,
        deployed.took
    );
    let status = client.program_status().await.unwrap();
    assert_eq!(status.program, program.pubkey());
    assert_eq!(
        status.data_len,
        45 + 2 * release.program.len(),
        "room for an upgrade, behind the loader's own 45 bytes"
    );
    let code = rpc.get_account_data(&deployed.program_data).await.unwrap();
    assert_eq!(code[45..45 + release.program.len()], release.program);

    let again = deploy_program(&rpc, &deployment).await.unwrap_err();
    assert!(
        matches!(again, SettlementError::AlreadyDeployed { .. }),
        "{again}"
    );
    let cluster = client.cluster().await.unwrap();
    assert!(cluster.slot > 0 && !cluster.version.is_empty() && !cluster.genesis_hash.is_empty());
    chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn airdrops_arrive_and_stopping_frees_the_ports() {
    let payer = Keypair::new();
    let chain = start(&payer).await;
    let rpc = RpcClient::new(chain.rpc_url().to_owned());
    assert_eq!(rpc.get_balance(&payer.pubkey()).await.unwrap(), 10 * SOL);
    let more = Airdrop {
        to: payer.pubkey(),
        lamports: SOL,
    };
    chain.airdrop(more).await.unwrap();
    let processed = CommitmentConfig::processed();
    let balance = rpc.get_balance_with_commitment(&payer.pubkey(), processed).await;
    assert_eq!(balance.unwrap().value, 11 * SOL);

    let ports = [chain.rpc_url(), chain.ws_url()].map(|url| url.rsplit(':').next().unwrap().to_owned());
    for port in &ports {
        TcpListener::bind(format!("127.0.0.1:{port}")).expect_err("the chain listens there");
    }
    chain.stop().await.unwrap();
    for port in ports {
        TcpListener::bind(format!("127.0.0.1:{port}")).expect("free again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_chain_on_the_same_port_is_told_which_port() {
    let chain = start(&Keypair::new()).await;
    let port: u16 = chain.rpc_url().rsplit(':').next().unwrap().parse().unwrap();
    let second = Localnet::start(LocalnetConfig {
        rpc_port: Some(port),
        ..LocalnetConfig::default()
    });
    let error = second.await.err().expect("it is taken");
    let taken = matches!(error, LocalnetError::PortTaken { port_use: PortUse::Rpc, port: p } if p == port);
    assert!(taken, "{error}");
    chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_stop_and_accounts_are_rolled_back() {
    let payer = Keypair::new();
    let chain = start(&payer).await;
    let rpc = RpcClient::new(chain.rpc_url().to_owned());
    let balance = async || rpc.get_balance(&payer.pubkey()).await.unwrap();
    let before = chain
        .snapshot(&[payer.pubkey(), Keypair::new().pubkey()])
        .await
        .unwrap();
    chain.set_balance(&payer.pubkey(), 7).await.unwrap();
    assert_eq!(balance().await, 7);
    chain.roll_back(&before).await.unwrap();
    assert_eq!(balance().await, 10 * SOL);

    chain.stop_slots().await.unwrap();
    let stopped = rpc.get_slot().await.unwrap();
    // Longer than a slot: a chain that went on would show it.
    tokio::time::sleep(2 * localnet::LocalnetConfig::default().slot_time).await;
    assert!(rpc.get_slot().await.unwrap() <= stopped + 1);
    chain.resume_slots().await.unwrap();
    let went_on = async {
        while rpc.get_slot().await.unwrap() < stopped + 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), went_on)
        .await
        .unwrap();
    chain.stop().await.unwrap();
}
