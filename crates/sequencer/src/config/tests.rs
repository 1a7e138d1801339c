//! Precedence, ranges, the file, what is shown.

use batch_poster::PosterConfig;

use super::*;

fn minimal() -> Settings {
    Settings {
        data_dir: Some("/d".into()),
        genesis: Some("/g.json".into()),
        bls_key: Some("/bls".into()),
        libp2p_key: Some("/p2p".into()),
        solana_key: Some("/sol".into()),
        listen_p2p: Some("/ip4/127.0.0.1/tcp/7845".into()),
        solana_rpc_url: Some("http://127.0.0.1:8899".into()),
        solana_ws_url: Some("ws://127.0.0.1:8900".into()),
        program_id: Some("11111111111111111111111111111111".into()),
        ..Settings::default()
    }
}

#[test]
fn upper_layers_win_and_defaults_fill() {
    let file = Settings {
        block_interval_ms: Some(400),
        posting: Some(true),
        posting_rank: Some(3),
        ..minimal()
    };
    let over = Settings {
        block_interval_ms: Some(300),
        posting: Some(false),
        ..Settings::default()
    };
    let config = Config::resolve(over.over(file)).expect("complete");
    assert_eq!(
        config.block_interval,
        Duration::from_millis(300),
        "the upper layer wins"
    );
    assert!(!config.solana.posting, "also with a false");
    assert_eq!(
        config.solana.rank, 3,
        "the lower layer stays where the upper is silent"
    );
    assert_eq!(
        config.listen.rpc.port(),
        8845,
        "the default fills what is nowhere"
    );
    assert_eq!(config.mempool.expiry, Duration::from_secs(300));
}

#[test]
fn every_required_setting_is_asked_for_by_name() {
    let complete = toml::Table::try_from(minimal()).expect("plain values");
    for name in complete.keys() {
        let mut table = complete.clone();
        table.remove(name);
        let settings = table.try_into().expect("still settings");
        let error = Config::resolve(settings).expect_err(name).to_string();
        assert!(
            error.contains(name.as_str()) && error.contains("missing"),
            "{error}"
        );
    }
}

#[test]
fn values_out_of_range_say_what_would_do() {
    let cases: [(&str, toml::Value); 22] = [
        ("listen_p2p", "127.0.0.1:80".into()),
        ("listen_rpc", "localhost".into()),
        ("listen_metrics", "9000".into()),
        ("block_interval_ms", 0.into()),
        ("max_block_transactions", 0.into()),
        ("mempool_transactions", 2_000_000.into()),
        ("mempool_per_sender", 100_000.into()),
        ("mempool_expiry_seconds", 0.into()),
        ("solana_rpc_url", "ftp://somewhere".into()),
        ("solana_rpc_url", "http://one,ftp://two".into()),
        ("solana_rpc_url", "http://one, http://one".into()),
        (
            "solana_rpc_url",
            (0..9)
                .map(|n| format!("http://{n}"))
                .collect::<Vec<_>>()
                .join(",")
                .into(),
        ),
        ("posting_price_floor", 2_000_000_000.into()),
        ("posting_price_cap", 999.into()),
        ("posting_lamports_per_hour", 100_000.into()),
        ("posting_runway_alert_hours", 0.into()),
        ("pressure_from_seconds", 9.into()),
        ("pressure_full_seconds", 120.into()),
        ("pressure_full_seconds", 1_000_000.into()),
        ("posting_lamports_per_hour", i64::MAX.into()),
        ("program_id", "short".into()),
        ("posting_rank", 128.into()),
    ];
    for (name, value) in cases {
        let mut table = toml::Table::try_from(minimal()).expect("plain values");
        table.insert(name.into(), value);
        let settings = table.try_into().expect("settings");
        let error = Config::resolve(settings).expect_err(name).to_string();
        assert!(
            error.starts_with(&format!("setting {name} is ")) && error.contains("expected"),
            "{error}"
        );
    }
}

#[test]
fn a_misspelt_setting_is_refused_with_its_place() {
    let error =
        Settings::from_toml("data_dir = \"d\"\nblock_intervall_ms = 3\n").expect_err("no such setting");
    assert!(
        error.contains("line 2") && error.contains("block_intervall_ms"),
        "{error}"
    );
}

#[test]
fn paths_in_a_file_start_at_its_directory() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("sequencer.toml");
    std::fs::write(&path, "data_dir = \"data\"\ngenesis = \"/abs/g.json\"\n").expect("written");
    let settings = Settings::from_file(&path).expect("parses");
    assert_eq!(settings.data_dir, Some(dir.path().join("data")));
    assert_eq!(settings.genesis, Some("/abs/g.json".into()));
}

#[test]
fn a_written_file_reads_back_and_documents_everything() {
    let settings = minimal();
    let text = file_text(&settings);
    assert_eq!(Settings::from_toml(&text), Ok(settings));
    for (name, _) in Settings::ALL {
        assert!(text.contains(&format!("{name} =")), "{name} is not documented");
    }
    let full = Config::resolve(minimal()).expect("complete").redacted();
    assert_eq!(Settings::from_toml(&file_text(&full)), Ok(full));
}

#[test]
fn credentials_in_urls_are_not_shown() {
    for (url, shown) in [
        ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
        ("https://host/", "https://host/"),
        ("https://host/v1/secret", "https://host/<redacted>"),
        ("https://host?api-key=secret", "https://host/<redacted>"),
        ("https://user:secret@host:1/", "https://<redacted>@host:1/"),
        ("secret", "<redacted>"),
    ] {
        assert_eq!(redact_url(url), shown);
    }
}

#[test]
fn the_poster_is_what_the_settings_say() {
    let settings = Settings {
        solana_rpc_url: Some("http://one:1, https://two/key".into()),
        solana_commitment: Some(Commitment::Finalized),
        posting_rank: Some(2),
        posting_price_floor: Some(5),
        posting_price_cap: Some(50),
        posting_lamports_per_hour: Some(1_000_000),
        posting_runway_alert_hours: Some(2),
        ..minimal()
    };
    let config = Config::resolve(settings).expect("complete");
    assert_eq!(config.solana.rpc_urls, ["http://one:1", "https://two/key"]);
    let poster = config.solana.poster();
    let fees = (
        poster.micro_lamports,
        poster.max_micro_lamports,
        poster.lamports_per_hour,
    );
    assert_eq!(fees, (5, 50, 1_000_000));
    assert_eq!(
        (poster.rank, poster.runway_alert),
        (2, Duration::from_secs(7_200))
    );
    let soon = PosterConfig::default();
    assert!(
        poster.replace_after > soon.replace_after,
        "what is final shows later"
    );
    let shown = config.redacted().solana_rpc_url;
    assert_eq!(shown.as_deref(), Some("http://one:1,https://two/<redacted>"));
}

#[test]
fn an_hours_money_pays_for_posts_at_the_cap() {
    let settings = Settings {
        posting_price_cap: Some(10_000_000),
        posting_lamports_per_hour: Some(PosterConfig::least_lamports_per_hour(10_000_000) - 1),
        ..minimal()
    };
    let error = Config::resolve(settings).expect_err("too little").to_string();
    let least = PosterConfig::least_lamports_per_hour(10_000_000);
    assert!(error.contains(&format!("expected {least} to")), "{error}");
}
