//! A signer process that is asked to contradict itself refuses, also after it was killed.

use std::{
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hotshot_types::{Epoch, Height, KeyPair, Statement, View, VoteData};
use signer::{Guard, Record, Refusal, Remote, RemoteError, Signs as _};

const CHAIN: [u8; 32] = [7; 32];
/// No socket takes longer to be there: then something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn vote(view: u64, leaf: u8) -> Statement {
    Statement::Vote1(VoteData {
        epoch: Epoch::ZERO,
        view: View::new(view),
        height: Height::new(view),
        leaf: [leaf; 32],
    })
}

fn key() -> KeyPair {
    KeyPair::from_bytes(&[3; 32]).unwrap()
}

/// Serves on a thread, which lives as long as the test; the socket is there when it returns.
fn start(dir: &Path, name: &str, record: Record) -> Remote {
    let guard = Arc::new(Guard::new(vec![key()], record));
    let path = dir.join(name);
    let listening = path.clone();
    std::thread::spawn(move || signer::serve(&listening, &guard));
    let asked = Instant::now();
    loop {
        match Remote::connect(&path) {
            Ok(remote) => return remote,
            Err(RemoteError::Io { .. }) if asked.elapsed() < PATIENCE => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn what_one_connection_signed_binds_every_other() {
    let dir = tempfile::tempdir().unwrap();
    let record = Record::create(&dir.path().join("record"), &CHAIN).unwrap();
    // A socket that a dead process left behind is replaced.
    std::fs::write(dir.path().join("signer.sock"), "").unwrap();
    let first = start(dir.path(), "signer.sock", record);
    let mode = std::fs::metadata(dir.path().join("signer.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = Remote::connect(&dir.path().join("signer.sock")).unwrap();
    let public = first.keys().remove(0);
    assert_eq!(&public, key().public());
    let signature = first.sign(&public, &CHAIN, &vote(4, 1)).unwrap();
    assert!(public.verify(&vote(4, 1).digest(&CHAIN), &signature));
    for remote in [&first, &second] {
        assert!(remote.sign(&public, &CHAIN, &vote(4, 1)).is_ok());
        let refusal = remote.sign(&public, &CHAIN, &vote(4, 2)).unwrap_err();
        assert!(matches!(refusal, Refusal::Contradiction { .. }), "{refusal}");
    }
    let other = KeyPair::from_bytes(&[4; 32]).unwrap();
    assert_eq!(first.sign(other.public(), &CHAIN, &vote(5, 1)), Err(Refusal::Key));
    assert!(matches!(
        first.sign(&public, &[8; 32], &vote(5, 1)),
        Err(Refusal::Chain { .. })
    ));
}

#[test]
fn hostile_frames_end_their_connection_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let record = Record::create(&dir.path().join("record"), &CHAIN).unwrap();
    let remote = start(dir.path(), "signer.sock", record);
    for frame in [
        &u32::MAX.to_le_bytes()[..],
        &[1, 0, 0, 0, 99],
        &[2, 0, 0, 0, 0, 0],
    ] {
        let mut stream = UnixStream::connect(dir.path().join("signer.sock")).unwrap();
        stream.write_all(frame).unwrap();
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        assert!(matches!(ended, Ok(0) | Err(_)), "{frame:?} was answered");
    }
    let public = remote.keys().remove(0);
    remote.sign(&public, &CHAIN, &vote(1, 1)).unwrap();
}
