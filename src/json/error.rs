//! Why a line is not a command.

use std::fmt;

/// Which kind of mistake a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The line is longer than [`super::MAX_LINE_BYTES`].
    TooLong,
    /// The line is not UTF-8.
    NotUtf8,
    /// The line is not one JSON value.
    Syntax,
    /// Lists and objects are nested deeper than any command has them.
    TooDeep,
    /// A field is given twice.
    DuplicateField,
    /// A field that a command must have is missing.
    MissingField,
    /// A field that the command does not have.
    UnknownField,
    /// `do` names no command, or one that only the engine writes.
    UnknownCommand,
    /// A value of the wrong type, or a text of the wrong form.
    IllTyped,
    /// A number or duration that is too small or too large.
    OutOfRange,
    /// Fields that do not go together.
    Conflict,
}

impl JsonErrorKind {
    /// A stable name for programs, such as `unknown-field`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NotUtf8 => "not-utf8",
            Self::Syntax => "syntax",
            Self::TooDeep => "too-deep",
            Self::DuplicateField => "duplicate-field",
            Self::MissingField => "missing-field",
            Self::UnknownField => "unknown-field",
            Self::UnknownCommand => "unknown-command",
            Self::IllTyped => "ill-typed",
            Self::OutOfRange => "out-of-range",
            Self::Conflict => "conflict",
        }
    }
}

/// Why a line is not a command. It displays as one sentence; the help is apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    kind: JsonErrorKind,
    message: String,
    field: Option<String>,
    byte: Option<usize>,
    help: Option<String>,
}

impl JsonError {
    pub(super) const fn new(kind: JsonErrorKind, message: String) -> Self {
        Self { kind, message, field: None, byte: None, help: None }
    }

    pub(super) fn field(mut self, path: String) -> Self {
        self.field = (!path.is_empty()).then_some(path);
        self
    }

    pub(super) const fn byte(mut self, at: usize) -> Self {
        self.byte = Some(at);
        self
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// Which kind of mistake it is.
    #[must_use]
    pub const fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// The path of the field that is wrong, such as `event.at` or `steps[1].hours`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Where in the line the mistake is, in bytes counted from 1, if it is one of syntax.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        self.byte
    }

    /// What would be right, such as "did you mean `prospect`?".
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The error as one JSON object: `{"error":"unknown-field","message":"…",…}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = serde_json::Map::new();
        object.insert("error".into(), self.kind.code().into());
        object.insert("message".into(), self.to_string().into());
        if let Some(path) = &self.field {
            object.insert("field".into(), path.as_str().into());
        }
        if let Some(byte) = self.byte {
            object.insert("byte".into(), byte.into());
        }
        if let Some(help) = &self.help {
            object.insert("help".into(), help.as_str().into());
        }
        serde_json::Value::Object(object).to_string()
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.byte {
            Some(byte) => write!(f, ", at byte {byte}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}
