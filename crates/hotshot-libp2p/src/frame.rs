//! Frames on a stream: a length in four little-endian bytes, then that many bytes. Length zero is a sign of life.

use std::{io, time::Duration};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What is allocated at first for a frame's body. The rest is allocated as bytes arrive, so that a length alone costs
/// the receiver nothing.
const FIRST_CHUNK: usize = 64 * 1024;

/// Why no frame could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The length is over the limit of this class: the peer breaks the protocol.
    #[error("frame of {got} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Its announced length.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// Nothing came for so long that the peer must be gone.
    #[error("silent for {0:?}")]
    Silent(Duration),
    /// The stream broke.
    #[error("read: {0}")]
    Io(#[from] io::Error),
}

/// Reads the next frame, without signs of life. `None` at the stream's orderly end.
///
/// # Errors
/// If the frame is larger than `limit`, if nothing arrives for `patience`, or if the stream breaks.
pub async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    limit: usize,
    patience: Duration,
) -> Result<Option<Vec<u8>>, ReadError> {
    loop {
        let Some(header) = read_header(stream, patience).await? else {
            return Ok(None);
        };
        let len = usize::try_from(u32::from_le_bytes(header)).unwrap_or(usize::MAX);
        if len > limit {
            return Err(ReadError::TooLarge { got: len, limit });
        }
        if len > 0 {
            return read_body(stream, len, patience).await.map(Some);
        }
    }
}

async fn read_header<S: AsyncRead + Unpin>(
    stream: &mut S,
    patience: Duration,
) -> Result<Option<[u8; 4]>, ReadError> {
    let mut header = [0; 4];
    let mut filled = 0;
    while filled < header.len() {
        match within(patience, stream.read(&mut header[filled..])).await? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            n => filled += n,
        }
    }
    Ok(Some(header))
}

async fn read_body<S: AsyncRead + Unpin>(
    stream: &mut S,
    len: usize,
    patience: Duration,
) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    let mut filled = 0;
    while filled < len {
        if filled == body.len() {
            // Doubles, so that the bytes are moved a constant number of times.
            body.resize(len.min(FIRST_CHUNK.max(filled.saturating_mul(2))), 0);
        }
        match within(patience, stream.read(&mut body[filled..])).await? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            n => filled += n,
        }
    }
    Ok(body)
}

/// Writes one frame, without flushing. `patience` bounds the wait for each part.
///
/// # Errors
/// If the receiver takes nothing for `patience`, or if the stream breaks.
pub async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    body: &[u8],
    patience: Duration,
) -> Result<(), ReadError> {
    let len = u32::try_from(body.len()).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    within(patience, stream.write_all(&len.to_le_bytes())).await?;
    for part in body.chunks(FIRST_CHUNK) {
        within(patience, stream.write_all(part)).await?;
    }
    Ok(())
}

/// The result of `io`, unless it takes longer than `patience`.
///
/// # Errors
/// Those of `io`, and [`ReadError::Silent`].
pub async fn within<T>(patience: Duration, io: impl Future<Output = io::Result<T>>) -> Result<T, ReadError> {
    match timeout(patience, io).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(ReadError::Silent(patience)),
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    }

    fn read_all(bytes: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut stream = Cursor::new(bytes);
        let mut frames = Vec::new();
        runtime().block_on(async {
            while let Some(frame) = read(&mut stream, limit, PATIENCE).await? {
                frames.push(frame);
            }
            Ok(frames)
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(sizes in proptest::collection::vec(0usize..200_000, 0..5)) {
            let frames: Vec<Vec<u8>> = sizes.iter().map(|n| vec![0xA5; *n]).collect();
            let mut wire = Cursor::new(Vec::new());
            runtime().block_on(async {
                for frame in &frames {
                    write(&mut wire, frame, PATIENCE).await.unwrap();
                }
            });
            let expected: Vec<_> = frames.into_iter().filter(|f| !f.is_empty()).collect();
            prop_assert_eq!(read_all(&wire.into_inner(), 200_000).unwrap(), expected);
        }

        #[test]
        fn garbage_never_panics_nor_exceeds_the_limit(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(frames) = read_all(&bytes, 64) {
                prop_assert!(frames.iter().all(|f| f.len() <= 64));
            }
        }
    }

    #[test]
    fn bad_frames_are_refused() {
        let too_large = read_all(&[65, 0, 0, 0, 1], 64).unwrap_err();
        assert!(
            matches!(too_large, ReadError::TooLarge { got: 65, limit: 64 }),
            "{too_large}"
        );
        let cases: [(&str, &[u8]); 3] = [
            ("part of a length", &[1, 0]),
            ("no body", &[3, 0, 0, 0]),
            ("part of a body", &[3, 0, 0, 0, 1]),
        ];
        for (name, bytes) in cases {
            let error = read_all(bytes, 64).unwrap_err();
            let ReadError::Io(io) = &error else {
                panic!("{name}: {error}")
            };
            assert_eq!(io.kind(), io::ErrorKind::UnexpectedEof, "{name}");
        }
    }

    #[test]
    fn an_announced_length_allocates_only_what_arrives() {
        let mut stream = Cursor::new([0u8; 10]);
        let error = runtime()
            .block_on(read_body(&mut stream, usize::MAX, PATIENCE))
            .unwrap_err();
        assert!(matches!(error, ReadError::Io(_)), "{error}");
    }

    #[tokio::test]
    async fn silence_ends_the_wait() {
        let silent = futures::stream::pending::<io::Result<Vec<u8>>>();
        let mut reader = futures::TryStreamExt::into_async_read(silent);
        let error = read(&mut reader, 64, Duration::from_millis(1)).await.unwrap_err();
        assert!(matches!(error, ReadError::Silent(_)), "{error}");
    }

    #[test]
    fn an_empty_stream_is_an_orderly_end() {
        assert_eq!(read_all(&[], 64).unwrap(), Vec::<Vec<u8>>::new());
    }
}
