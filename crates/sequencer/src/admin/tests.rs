//! Lines of bounded length, and sockets in directories with long names.

use std::{io, os::unix::fs::PermissionsExt as _};

use super::{MAX_SOCKET_PATH, SOCKET, Socket, at_socket, lines::read_line};

#[tokio::test]
async fn lines_are_bounded_and_complete() {
    let mut bytes: &[u8] = b"one\n\nfour\n";
    for expected in [Some("one"), Some(""), Some("four"), None] {
        let line = read_line(&mut bytes, 4).await.expect("short enough");
        assert_eq!(line.as_deref(), expected);
    }
    for (bytes, kind) in [
        (&b"12345\n"[..], io::ErrorKind::InvalidData),
        (b"cut", io::ErrorKind::UnexpectedEof),
        (b"\xff\n", io::ErrorKind::InvalidData),
    ] {
        let mut bytes = bytes;
        let error = read_line(&mut bytes, 4).await.expect_err("no line");
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn a_socket_is_private_replaces_a_dead_one_and_goes_with_its_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let deep = dir.path().join("d".repeat(MAX_SOCKET_PATH));
    std::fs::create_dir(&deep).expect("made");
    for directory in [dir.path(), &deep] {
        let path = directory.join(SOCKET);
        std::fs::write(&path, "a dead process's").expect("written");
        let socket = Socket::bind(directory).expect("bound");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        at_socket(directory, |path| std::os::unix::net::UnixStream::connect(path)).expect("reached");
        drop(socket);
        assert!(!path.exists());
    }
}
