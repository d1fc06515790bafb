//! Places as editors count them: lines, and units of UTF-16 or bytes inside a line.

use gen_lsp_types::{Position, PositionEncodingKind, Range};

/// What columns are counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// Units of UTF-16, which every editor can.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
}

impl Units {
    /// Bytes if the editor can count them.
    pub fn of(offered: Option<&[PositionEncodingKind]>) -> Self {
        let bytes = offered.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8));
        if bytes { Self::Utf8 } else { Self::Utf16 }
    }

    /// As the protocol names it.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf8 => PositionEncodingKind::UTF8,
        }
    }

    fn of_char(self, c: char) -> usize {
        match self {
            Self::Utf16 => c.len_utf16(),
            Self::Utf8 => c.len_utf8(),
        }
    }
}

/// The lines of a text.
pub struct Lines<'t> {
    text: &'t str,
    units: Units,
    /// The first byte of each line.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of a text; `\n`, `\r\n` and `\r` end one.
    pub fn of(text: &'t str, units: Units) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(at + 1);
            }
        }
        Self { text, units, starts }
    }

    /// The byte of a place; one that is past the end of its line, or inside a character, is put
    /// right.
    pub fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let end = self.starts.get(line.saturating_add(1)).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or("");
        let line = line.trim_end_matches(['\n', '\r']);
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        for (at, c) in line.char_indices() {
            let width = self.units.of_char(c);
            if left < width {
                return start + at;
            }
            left -= width;
        }
        start + line.len()
    }

    /// The place of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let inside = self.text.get(start..).unwrap_or("");
        let units = inside
            .char_indices()
            .take_while(|(at, c)| start + at + c.len_utf8() <= offset)
            .map(|(_, c)| self.units.of_char(c))
            .sum();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: small(line), character: small(units) }
    }

    /// The place of a stretch of bytes.
    pub fn range(&self, from: usize, to: usize) -> Range {
        Range { start: self.position(from), end: self.position(to) }
    }

    /// The place of the whole text.
    pub fn whole(&self) -> Range {
        self.range(0, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::Position;

    use super::{Lines, Units};

    const TEXT: &str = "añ𝄞x\r\ny\n\rz";

    #[test]
    fn places_are_counted_in_the_units_of_the_editor() {
        let found = |units| {
            let lines = Lines::of(TEXT, units);
            let boundaries = (0..=TEXT.len()).filter(|at| TEXT.is_char_boundary(*at));
            let place = |at| {
                let Position { line, character } = lines.position(at);
                (line, character)
            };
            boundaries.map(place).collect::<Vec<_>>()
        };
        assert_eq!(found(Units::Utf16)[..5], [(0, 0), (0, 1), (0, 2), (0, 4), (0, 5)]);
        assert_eq!(found(Units::Utf8)[..5], [(0, 0), (0, 1), (0, 3), (0, 7), (0, 8)]);
        assert_eq!(found(Units::Utf16).last(), Some(&(3, 1)));
    }

    #[test]
    fn places_that_are_not_there_are_put_right() {
        let lines = Lines::of(TEXT, Units::Utf16);
        for (line, character, offset) in
            [(0, 3, 3), (0, 4, 7), (0, 99, 8), (1, 9, 11), (2, 0, 12), (3, 9, 14), (9, 0, 14)]
        {
            assert_eq!(lines.offset(Position { line, character }), offset, "{line}:{character}");
        }
        let bytes = Lines::of(TEXT, Units::Utf8);
        assert_eq!(bytes.offset(Position { line: 0, character: 2 }), 1);
        assert_eq!(bytes.offset(Position { line: u32::MAX, character: u32::MAX }), 14);
    }
}
