//! Places in a source text.

use std::ops::Range;

/// A range of bytes of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From `start` to before `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span with both.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The empty span behind this one.
    pub const fn after(self) -> Self {
        Self::new(self.end, self.end)
    }

    /// The empty span before this one.
    pub const fn before(self) -> Self {
        Self::new(self.start, self.start)
    }

    /// Whether the byte at `offset` is inside, or just behind.
    pub const fn touches(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }

    /// For slicing.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A line and a column, both from 0. The column counts bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Lines before.
    pub line: u32,
    /// Bytes of the line before.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<u32>,
    length: u32,
}

impl LineIndex {
    /// Of this text. What is behind 4 GiB has no place.
    pub fn new(text: &str) -> Self {
        let ends = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(_, next)| next)).collect();
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self { starts, length }
    }

    /// The line and column of a byte.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let line = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        LineColumn {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: offset.saturating_sub(start),
        }
    }

    /// The line and column of a byte, the column in UTF-16 code units: what editors speak of.
    pub fn utf16(&self, text: &str, offset: u32) -> LineColumn {
        let LineColumn { line, column } = self.line_column(offset);
        let start = offset.saturating_sub(column) as usize;
        let rest = text.get(start..).unwrap_or_default();
        let before = rest.char_indices().take_while(|(at, _)| *at < column as usize);
        let units: usize = before.map(|(_, c)| c.len_utf16()).sum();
        LineColumn {
            line,
            column: u32::try_from(units).unwrap_or(u32::MAX),
        }
    }

    /// The byte at a line and a column in UTF-16 code units, or the nearest before it that there is.
    pub fn offset_of_utf16(&self, text: &str, at: LineColumn) -> u32 {
        let first = LineColumn {
            line: at.line,
            column: 0,
        };
        let last = LineColumn {
            line: at.line,
            column: u32::MAX,
        };
        let (start, end) = (self.offset(first), self.offset(last));
        let line = text.get(start as usize..end as usize).unwrap_or_default();
        let mut units = 0u32;
        for (byte, c) in line.char_indices() {
            units = units.saturating_add(if c.len_utf16() == 2 { 2 } else { 1 });
            if units > at.column {
                return start.saturating_add(u32::try_from(byte).unwrap_or(u32::MAX));
            }
        }
        end
    }

    /// The byte at a line and column, or the nearest there is.
    pub fn offset(&self, at: LineColumn) -> u32 {
        let line = at.line as usize;
        let Some(start) = self.starts.get(line) else {
            return self.length;
        };
        let end = self
            .starts
            .get(line.saturating_add(1))
            .map_or(self.length, |next| next.saturating_sub(1));
        start.saturating_add(at.column).min(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_offsets_are_inverse() {
        let text = "ab\n\ncde";
        let index = LineIndex::new(text);
        for offset in 0..=7 {
            assert_eq!(index.offset(index.line_column(offset)), offset);
        }
        assert_eq!(index.line_column(5), LineColumn { line: 2, column: 1 });
        assert_eq!(index.offset(LineColumn { line: 0, column: 99 }), 2);
        assert_eq!(index.offset(LineColumn { line: 9, column: 0 }), 7);
    }

    #[test]
    fn editors_count_in_utf16() {
        let text = "aé\n𝄞b→c\n";
        let index = LineIndex::new(text);
        let places = [
            (0, 0, 0),
            (1, 0, 1),
            (3, 0, 2),
            (4, 1, 0),
            (8, 1, 2),
            (9, 1, 3),
            (12, 1, 4),
            (13, 1, 5),
            (14, 2, 0),
        ];
        for (offset, line, column) in places {
            let at = LineColumn { line, column };
            assert_eq!(index.utf16(text, offset), at, "byte {offset}");
            assert_eq!(index.offset_of_utf16(text, at), offset, "{at:?}");
        }
        let inside = LineColumn { line: 1, column: 1 };
        assert_eq!(index.offset_of_utf16(text, inside), 4);
        let behind = LineColumn { line: 1, column: 99 };
        assert_eq!(index.offset_of_utf16(text, behind), 13);
    }
}
