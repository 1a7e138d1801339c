//! One real node, a committee of one, from its files: started, asked over its RPC, stopped, started again.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use assetvm::{
    Action, Address, Amount, Gas, Nonce, SigningKey, Transaction, TransactionBody, TxId, program_address,
};
use hotshot_libp2p::identity_from_seed;
use hotshot_types::Signature;
use jsonrpsee::{
    core::{ClientError, client::Subscription},
    http_client::HttpClient,
    ws_client::{WsClient, WsClientBuilder},
};
use rand::rngs::OsRng;
use rollup_abi::{CertificateRef, Header};
use sequencer::{
    config::{Config, KeyFiles, Settings},
    genesis::{AccountEntry, Deployment, GenesisFile, MemberEntry},
    halt::{Divergence, Halt},
    keystore::Keys,
    node::{Node, NodeError, Ports},
    rpc::{
        AssetApiClient as _, MAX_ASK_GAS,
        text::{Hex32, HexBytes},
        types::{AddressText, BlockSummary, IdText, ReceiptView, Submitted, TransactionStatus},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task::JoinHandle,
};

/// No step of a test may take longer: then something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

struct Validator {
    config: Config,
    deployment: Deployment,
    alice: SigningKey,
}

struct Running {
    ports: Ports,
    halt: Halt,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), NodeError>>,
}

/// Files of a validator that is its whole committee. Solana is where nobody listens: consensus does not wait for it.
fn validator(dir: &Path) -> Validator {
    let files = KeyFiles::in_dir(dir);
    let keys = Keys::generate(&mut OsRng);
    keys.write(&files).expect("fresh");
    let alice = SigningKey::from_seed(&[1; 32]);
    let program = Address::new([7; 32]);
    let genesis = GenesisFile {
        program_id: program,
        mint_authority: alice.address(),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(5),
        gas_price: Amount::from_base_units(1_000),
        block_gas: 100_000_000,
        timestamp_ms: 1,
        accounts: vec![AccountEntry {
            address: alice.address(),
            balance: Amount::from_base_units(1_000_000),
        }],
        committee: vec![MemberEntry {
            node: keys.solana.address(),
            bls: HexBytes(keys.bls.public().to_bytes().to_vec()),
            stake: 1,
            peer_id: identity_from_seed(*keys.libp2p).public().to_peer_id().to_string(),
            address: "/ip4/127.0.0.1/tcp/1".into(),
            possession: None,
        }],
        epoch_length: 0,
        roster_authority: None,
    };
    std::fs::write(dir.join("genesis.json"), genesis.to_text()).expect("written");
    let settings = Settings {
        data_dir: Some(dir.join("data")),
        genesis: Some(dir.join("genesis.json")),
        bls_key: Some(files.bls),
        libp2p_key: Some(files.libp2p),
        solana_key: Some(files.solana),
        listen_p2p: Some("/ip4/127.0.0.1/tcp/0".into()),
        listen_rpc: Some("127.0.0.1:0".into()),
        listen_metrics: Some("127.0.0.1:0".into()),
        block_interval_ms: Some(50),
        mempool_per_sender: Some(100),
        solana_rpc_url: Some("http://127.0.0.1:1".into()),
        solana_ws_url: Some("ws://127.0.0.1:1".into()),
        program_id: Some(program.to_string()),
        ..Settings::default()
    };
    let config = Config::resolve(settings).expect("complete");
    Validator {
        config,
        deployment: genesis.deploy().expect("valid"),
        alice,
    }
}

impl Validator {
    async fn start(&self) -> Running {
        let node = Node::start(&self.config).await.expect("starts");
        let (ports, halt) = (node.ports().clone(), node.halt());
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(node.run_until(async move {
            let _ = stopped.await;
            "the test"
        }));
        Running {
            ports,
            halt,
            stop,
            ended,
        }
    }

    fn pay(&self, nonce: u64, amount: u64) -> Transaction {
        let amount = Amount::from_base_units(amount);
        self.alice
            .sign(self.body(nonce, Action::transfer(Address::new([2; 32]), amount)))
    }

    /// What alice signs for an action, with the least fee.
    fn body(&self, nonce: u64, action: Action) -> TransactionBody {
        let sender = self.alice.address();
        TransactionBody {
            chain_id: self.deployment.chain_id,
            sender,
            nonce: Nonce::new(nonce),
            fee: self.deployment.state.params().minimum_fee(&sender, &action),
            action,
        }
    }
}

impl Running {
    async fn websocket(&self) -> WsClient {
        WsClientBuilder::default()
            .build(format!("ws://{}", self.ports.rpc))
            .await
            .expect("connects")
    }

    fn http(&self) -> HttpClient {
        HttpClient::builder()
            .build(format!("http://{}", self.ports.rpc))
            .expect("a client")
    }

    /// How it ends once it is asked to.
    async fn end(self) -> Result<(), NodeError> {
        self.stop.send(()).expect("the node waits for it");
        let ended = tokio::time::timeout(PATIENCE, self.ended)
            .await
            .expect("stops in time");
        ended.expect("no panic")
    }

    async fn stop(self) {
        self.end().await.expect("an orderly end");
    }
}

fn bytes(transaction: &Transaction) -> HexBytes {
    HexBytes(transaction.encode())
}

/// Follows blocks until the transaction is in one.
async fn included(
    client: &WsClient,
    blocks: &mut Subscription<BlockSummary>,
    id: TxId,
) -> sequencer::rpc::types::Inclusion {
    let found = async {
        loop {
            let status = client.transaction_status(IdText(id)).await.expect("answers");
            if let Some(inclusion) = status.inclusion() {
                return inclusion.clone();
            }
            blocks.next().await.expect("blocks go on").expect("a summary");
        }
    };
    tokio::time::timeout(PATIENCE, found)
        .await
        .expect("it is decided")
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        Ipv4Addr::LOCALHOST
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer
}

fn code(error: ClientError) -> i32 {
    match error {
        ClientError::Call(error) => error.code(),
        other => panic!("no answer of the node: {other}"),
    }
}

/// The account is proven against a root that the committee has certified.
async fn check_proof(validator: &Validator, client: &WsClient) {
    let account = client
        .account(AddressText(Address::new([2; 32])))
        .await
        .expect("answers");
    let certified = client.certificate(account.height).await.expect("decided");
    let header = Header::decode(&certified.header.0).expect("a header");
    assert_eq!(
        header.height, account.height,
        "alone, each block has a certificate of its own"
    );
    assert_eq!(
        account
            .verify(&header.state_root)
            .expect("proven")
            .balance
            .base_units(),
        100
    );
    assert!(account.verify(&[1; 32]).is_err());
    let wire = CertificateRef::decode(&certified.certificate.0, 1).expect("a certificate");
    let digest = rollup_abi::vote::vote2_digest(
        &header.chain_id,
        0,
        header.view,
        header.height,
        &header.commitment(),
    );
    let signature = Signature::from_bytes(wire.signature).expect("a point");
    assert!(
        wire.has(0)
            && validator.deployment.committee.members()[0]
                .key
                .verify(&digest, &signature)
    );
}

/// The block holds exactly this payment, as it was signed.
async fn check_block(client: &WsClient, height: u64, payment: &Transaction) {
    let block = client.block(height).await.expect("decided");
    assert_eq!((block.summary.transactions, block.receipts.len()), (1, 1));
    let payload = assetvm::Payload::decode(&block.payload.0).expect("a payload");
    assert_eq!(payload[0].peek(), payment);
    let header = Header::decode(&block.header.0).expect("a header");
    assert_eq!(
        header.payload_commitment,
        rollup_abi::vote::payload_commitment(&block.payload.0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_decided_proven_certified_and_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let validator = validator(dir.path());
    let running = validator.start().await;
    let client = running.websocket().await;
    let mut blocks = client.subscribe_blocks().await.expect("subscribed");

    let payment = validator.pay(0, 100);
    let unknown = client
        .transaction_status(IdText(payment.id()))
        .await
        .expect("answers");
    assert_eq!(unknown, TransactionStatus::Unknown);
    let id = running
        .http()
        .submit_transaction(bytes(&payment))
        .await
        .expect("taken")
        .0;
    assert_eq!(id, payment.id());
    let place = included(&client, &mut blocks, id).await;
    assert_eq!(
        (place.receipt.id, place.receipt.failure.clone()),
        (IdText(id), None)
    );

    check_proof(&validator, &client).await;
    check_block(&client, place.height, &payment).await;
    let before = client.status().await.expect("answers");
    assert_eq!(
        (before.committee, before.peers, before.halted.clone()),
        (1, 0, None)
    );
    running.stop().await;

    let again = validator.start().await;
    let client = again.websocket().await;
    let mut blocks = client.subscribe_blocks().await.expect("subscribed");
    let status = client.transaction_status(IdText(id)).await.expect("answers");
    assert_eq!(status.inclusion(), Some(&place), "decided stays decided");
    let second = client
        .submit_transaction(bytes(&validator.pay(1, 7)))
        .await
        .expect("taken")
        .0;
    let next = included(&client, &mut blocks, second).await;
    assert!(next.height > place.height, "the chain goes on");
    again.stop().await;
}

/// A box with a slot for money: it says who paid what, and that nobody takes it out.
const MONEY_BOX: &str = "
program box
file \"box.curve\"
error Closed \"it never opens\"
event Paid(by: address, n: u64)
map paid: (address) -> (n: u64)
entry payable pay() -> (u64) {
  regs address, u64
  caller r0
  payment r1
  emit Paid, r0
  map.set paid, r0, r1
  ret r1
}
entry open() {
at 0 12 5
  revert Closed
}
view paid_by(who: address) -> (u64) {
  regs u64
  map.get paid, r0, r1
  ret r1
}";

fn call(program: Address, entry: &str, payment: u64, gas: u64) -> Action {
    Action::Call {
        program,
        entry: entry.into(),
        args: vec![],
        payment: Amount::from_base_units(payment),
        gas: Gas(gas),
    }
}

/// The program and what it stores, proven against a root that the committee has certified.
async fn check_program(client: &WsClient, program: Address, alice: Address) {
    let (at, key) = (AddressText(program), paid_key(alice));
    let (view, entry) = (
        client.program(at).await.expect("there"),
        client.entry(at, Hex32(key)).await.expect("answers"),
    );
    let root = async |height| {
        let certified = client.certificate(height).await.expect("decided");
        Header::decode(&certified.header.0).expect("a header").state_root
    };
    let record = view.verify(&root(view.height).await).expect("proven");
    assert_eq!(
        (record.entries, view.balance.base_units(), view.authority),
        (1, 70, None)
    );
    let names: Vec<&str> = view.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        (view.name.as_str(), names),
        ("box", vec!["pay", "open", "paid_by"])
    );
    let stored = entry.verify(&root(entry.height).await).expect("proven");
    assert_eq!(stored, Some(70u64.to_le_bytes().to_vec()));
    assert!(entry.verify(&[1; 32]).is_err() && view.verify(&[1; 32]).is_err());
    let none = client.entry(at, Hex32([9; 32])).await.expect("answers");
    assert_eq!(
        none.verify(&root(none.height).await),
        Ok(None),
        "proven to be empty"
    );
    let code = client.code(at).await.expect("there").0;
    assert_eq!(curvevm::CodeHash::of(&code), record.code_hash);
    let entries = client.entries(at, None).await.expect("answers");
    assert_eq!((entries.len(), entries[0].key), (1, Hex32(key)));
    let rest = client.entries(at, Some(Hex32(key))).await.expect("answers");
    assert!(rest.is_empty());
    let args = HexBytes(alice.as_bytes().to_vec());
    let answer = client.view(at, "paid_by".into(), args).await.expect("answers");
    assert_eq!(
        (answer.values[0].ty.as_str(), answer.values[0].value.as_str()),
        ("u64", "70")
    );
}

fn paid_key(who: Address) -> [u8; 32] {
    let program = curvevm::Program::assemble(MONEY_BOX).expect("assembly");
    program.slots[0].key(&[curvevm::Value::Address(who)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_deployed_called_asked_and_proven() {
    let dir = tempfile::tempdir().expect("a directory");
    let validator = validator(dir.path());
    let running = validator.start().await;
    let client = running.websocket().await;
    let mut blocks = client.subscribe_blocks().await.expect("subscribed");
    let alice = validator.alice.address();
    let program = program_address(&alice, Nonce::new(0));
    let code = curvevm::Program::assemble(MONEY_BOX).expect("assembly").encode();
    let deploy = Action::Deploy {
        code,
        upgradeable: false,
        args: vec![],
        payment: Amount::ZERO,
        gas: Gas(10_000_000),
    };
    let mut receipts = vec![];
    for (nonce, action) in (0..).zip([
        deploy,
        call(program, "pay", 70, 1_000_000),
        call(program, "open", 0, 1_000_000),
        Action::transfer(program, Amount::from_base_units(1)),
    ]) {
        let body = validator.body(nonce, action);
        let encoded = HexBytes(borsh::to_vec(&body).expect("written"));
        let simulated = client.simulate(encoded).await.expect("answers");
        assert_eq!(simulated.minimum_fee, body.fee);
        let signed = validator.alice.sign(body);
        let id = client.submit_transaction(bytes(&signed)).await.expect("taken").0;
        let receipt = included(&client, &mut blocks, id).await.receipt;
        let alike = (simulated.receipt.gas_used, simulated.receipt.failure.clone());
        assert_eq!(
            alike,
            (receipt.gas_used, receipt.failure.clone()),
            "as it was simulated"
        );
        receipts.push(receipt);
    }
    let [_, paid, opened, sent] = receipts.as_slice() else {
        panic!("four receipts");
    };
    let event = &paid.events[0];
    let fields: Vec<_> = event
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.value.clone()))
        .collect();
    assert_eq!(event.name.as_deref(), Some("Paid"));
    assert_eq!(fields, [("by", alice.to_string()), ("n", "70".to_owned())]);
    assert_eq!(paid.results, Some(HexBytes(70u64.to_le_bytes().to_vec())));
    let failure = |receipt: &ReceiptView| receipt.failure.clone().expect("it failed");
    let message = format!("Closed: it never opens, in open of {program} at box.curve:12:5");
    assert_eq!((failure(opened).code, failure(opened).message), (244, message));
    assert_eq!(failure(sent).code, 204, "a program is paid by calling it");
    check_program(&client, program, alice).await;
    running.stop().await;

    let again = validator.start().await;
    check_program(&again.websocket().await, program, alice).await;
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_programs_are_asked_wrongly_has_codes() {
    let dir = tempfile::tempdir().expect("a directory");
    let validator = validator(dir.path());
    let running = validator.start().await;
    let client = running.websocket().await;
    let nowhere = AddressText(Address::new([9; 32]));
    let none = || HexBytes(vec![]);
    let view = client.view(nowhere, "total".into(), none()).await;
    assert_eq!(code(view.expect_err("no program")), 212);
    assert_eq!(code(client.program(nowhere).await.expect_err("no program")), 212);
    assert_eq!(code(client.code(nowhere).await.expect_err("no program")), 212);
    assert!(client.entries(nowhere, None).await.expect("answers").is_empty());
    let simulate = async |body: &TransactionBody| {
        let encoded = HexBytes(borsh::to_vec(body).expect("written"));
        client.simulate(encoded).await.map_err(code)
    };
    let dear = validator.body(0, call(nowhere.0, "pay", 0, MAX_ASK_GAS.0 + 1));
    assert_eq!(simulate(&dear).await.expect_err("too much gas"), 604);
    let later = validator.body(1, call(nowhere.0, "pay", 0, 1));
    assert_eq!(simulate(&later).await.expect_err("not the next nonce"), 105);
    assert_eq!(code(client.simulate(none()).await.expect_err("malformed")), 605);
    let unknown = validator.body(0, call(nowhere.0, "pay", 0, 60_000));
    let failed = simulate(&unknown).await.expect("answers").receipt.failure;
    assert_eq!(failed.map(|failure| failure.code), Some(212));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_have_stable_codes_and_health_has_reasons() {
    let dir = tempfile::tempdir().expect("a directory");
    let validator = validator(dir.path());
    let running = validator.start().await;
    let client = running.websocket().await;
    let mut blocks = client.subscribe_blocks().await.expect("subscribed");
    let submit = async |bytes: HexBytes| code(client.submit_transaction(bytes).await.expect_err("refused"));

    let mut forged = validator.pay(0, 1);
    forged.signature[0] ^= 1;
    let mut elsewhere = validator.pay(0, 1);
    elsewhere.body.chain_id = [9; 32];
    let elsewhere = validator.alice.sign(elsewhere.body);
    let mut cheap = validator.pay(0, 1);
    cheap.body.fee = Amount::from_base_units(4);
    let cheap = validator.alice.sign(cheap.body);
    assert_eq!(submit(HexBytes(vec![1, 2, 3])).await, 101);
    assert_eq!(submit(bytes(&forged)).await, 103);
    assert_eq!(submit(bytes(&elsewhere)).await, 104);
    assert_eq!(submit(bytes(&cheap)).await, 107);
    assert_eq!(submit(bytes(&validator.pay(100, 1))).await, 502);
    let too_many = client.submit_transactions(vec![HexBytes(vec![]); 513]).await;
    assert_eq!(code(too_many.expect_err("refused")), 600);
    assert_eq!(code(client.block(1_000_000).await.expect_err("not decided")), 601);

    let several = vec![
        bytes(&validator.pay(0, 1)),
        bytes(&forged),
        bytes(&validator.pay(1, 1)),
    ];
    let outcomes = client.submit_transactions(several).await.expect("answers");
    let [
        Submitted::Id(_),
        Submitted::Error { code: 103, .. },
        Submitted::Id(last),
    ] = outcomes.as_slice()
    else {
        panic!("one outcome each, in order: {outcomes:?}");
    };
    included(&client, &mut blocks, last.0).await;
    assert_eq!(submit(bytes(&validator.pay(0, 1))).await, 501);

    let ready = get(running.ports.metrics, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.contains("\"ready\":true"),
        "{ready}"
    );
    assert!(
        get(running.ports.metrics, "/livez")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let metrics = get(running.ports.metrics, "/metrics").await;
    assert!(metrics.contains("asset_l2_transactions_total 2"), "{metrics}");
    assert!(
        metrics.contains("asset_l2_mempool_admissions_total{outcome=\"accepted\"} 2"),
        "{metrics}"
    );
    assert!(metrics.contains("asset_l2_root_divergence 0"), "{metrics}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_or_a_taken_port_is_an_error_at_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let validator = validator(dir.path());
    let start = async |config: Config| match Node::start(&config).await {
        Ok(_) => panic!("it must not start"),
        Err(error) => error.to_string(),
    };
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("free");
    let mut config = validator.config.clone();
    config.listen.rpc = taken.local_addr().expect("bound");
    let error = start(config).await;
    assert!(error.starts_with("listen_rpc 127.0.0.1:"), "{error}");

    let other = tempfile::tempdir().expect("a directory");
    let files = KeyFiles::in_dir(other.path());
    Keys::generate(&mut OsRng).write(&files).expect("fresh");
    let mut config = validator.config.clone();
    config.keys.bls = files.bls.clone();
    assert!(
        start(config.clone())
            .await
            .starts_with("BLS key of the key files is")
    );
    config.keys = files;
    assert!(start(config).await.contains("is not in the committee"));
    let mut config = validator.config.clone();
    config.solana.program_id = [8; 32].into();
    assert!(start(config).await.starts_with("program_id is "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_divergence_nothing_is_signed_and_the_node_goes_on_telling_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let validator = validator(dir.path());
    let running = validator.start().await;
    let client = running.websocket().await;
    let mut blocks = client.subscribe_blocks().await.expect("subscribed");
    blocks.next().await.expect("blocks").expect("a summary");
    running.halt.trip(Divergence::Settled {
        reason: "another root at height 1".into(),
    });
    let stopped = async {
        while client
            .submit_transaction(bytes(&validator.pay(0, 1)))
            .await
            .map_err(code)
            != Err(603)
        {}
        get(running.ports.metrics, "/readyz").await
    };
    let ready = tokio::time::timeout(PATIENCE, stopped).await.expect("refused");
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.contains("root divergence"),
        "{ready}"
    );
    let metrics = get(running.ports.metrics, "/metrics").await;
    assert!(metrics.contains("asset_l2_root_divergence 1"), "{metrics}");
    let status = client.status().await.expect("still answers");
    assert!(
        status
            .halted
            .expect("it says so")
            .contains("another root at height 1")
    );
    let ended = running.end().await.expect_err("not an orderly end");
    assert_eq!(ended.exit_code(), 3);
    assert!(matches!(ended, NodeError::Diverged(_)), "{ended}");
}
