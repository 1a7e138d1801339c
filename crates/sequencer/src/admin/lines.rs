//! Lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// The next line without its end, of at most `max` bytes; `None` where the stream ends.
pub async fn read_line(reader: &mut (impl AsyncBufRead + Unpin), max: usize) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_until(b'\n', &mut line).await?;
    if line.pop_if(|last| *last == b'\n').is_none() {
        let wrong = |kind, text: String| Err(io::Error::new(kind, text));
        return match line.len() {
            0 => Ok(None),
            got if got > max => wrong(
                io::ErrorKind::InvalidData,
                format!("a line of more than {max} bytes"),
            ),
            _ => wrong(io::ErrorKind::UnexpectedEof, "a line without its end".into()),
        };
    }
    String::from_utf8(line)
        .map(Some)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
