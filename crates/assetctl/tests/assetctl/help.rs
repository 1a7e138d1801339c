//! What each command says of itself, and what the command line refuses, by the real process.

use crate::stage::assetctl;

macro_rules! assert_shows {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

/// Every command that does something.
const COMMANDS: [&str; 20] = [
    "deploy",
    "registry list",
    "registry show",
    "registry verify",
    "registry add",
    "registry sign",
    "status",
    "pause",
    "resume",
    "poster add",
    "poster revoke",
    "role propose",
    "role accept",
    "committee show",
    "committee stage",
    "evidence show",
    "upgrade",
    "rollback",
    "registry",
    "committee",
];

fn shown(line: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = assetctl(folder.path())
        .args(line.split_whitespace())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn help_says_how() {
    assert_shows!("help", shown("--help").1);
    for command in COMMANDS {
        let (code, text) = shown(&format!("{command} --help"));
        assert_eq!(code, 0, "{command}: {text}");
        assert!(
            text.contains("Example") || ["registry", "committee"].contains(&command),
            "{command}"
        );
        assert_shows!(format!("help_{}", command.replace(' ', "_")), text);
    }
}

#[test]
fn mistakes_are_said_with_what_to_do() {
    let lines = [
        "",
        "deplyo",
        "registry list",
        "status --cluster moon",
        "status --program-id x",
        "status --config no.toml",
        "poster add x --keypair none.json --url http://127.0.0.1:1",
        "registry sign 0.1 --approver a --all",
        "registry sign 0.1.0 --approver a",
        "upgrade 0.2.0 --until lunch",
    ];
    let text: String = lines
        .iter()
        .map(|line| {
            let (code, text) = shown(line);
            assert_eq!(code, 2, "{line}: {text}");
            format!("$ assetctl {line}\n{text}\n")
        })
        .collect();
    assert_shows!("mistakes", text);
}
