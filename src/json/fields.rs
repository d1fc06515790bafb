//! An object's fields, taken one by one; what nobody took is an unknown field.

use std::borrow::Cow;
use std::fmt;

use super::error::{JsonError, JsonErrorKind};
use super::nearest::did_you_mean;
use super::tree::{Node, shortened};

/// Where a value stands. It is only written out for an error.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Line,
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line => Ok(()),
            Self::Field(Self::Line, name) => f.write_str(&shortened(name)),
            Self::Field(parent, name) => write!(f, "{parent}.{}", shortened(name)),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Path<'_> {
    /// "`steps[1].hours`: expected …, found …".
    pub(super) fn ill_typed(&self, expected: &str, found: &Node<'_>) -> JsonError {
        self.wrong(
            JsonErrorKind::IllTyped,
            format_args!("expected {expected}, found {}", found.found()),
        )
    }

    pub(super) fn wrong(&self, kind: JsonErrorKind, why: fmt::Arguments<'_>) -> JsonError {
        let message = match self {
            Self::Line => why.to_string(),
            _ => format!("`{self}`: {why}"),
        };
        JsonError::new(kind, message).field(self.to_string())
    }
}

/// The fields of one object.
pub(super) struct Fields<'a, 'p> {
    path: Path<'p>,
    /// What the object is, for messages: "`claim`", "a step".
    what: &'static str,
    entries: Vec<(Cow<'a, str>, Option<Node<'a>>)>,
    /// The names that were asked for: the fields that the object may have.
    known: Vec<&'static str>,
}

impl<'a, 'p> Fields<'a, 'p> {
    pub(super) fn new(
        node: Node<'a>,
        path: Path<'p>,
        what: &'static str,
    ) -> Result<Self, JsonError> {
        let Node::Object(entries) = node else {
            let expected = match path {
                Path::Line => "a JSON object",
                _ => "an object",
            };
            return Err(path.ill_typed(expected, &node));
        };
        if let Some(name) = repeated(&entries) {
            let path = Path::Field(&path, name);
            let message = format!("field `{path}` is given twice");
            let error = JsonError::new(JsonErrorKind::DuplicateField, message);
            return Err(error.field(path.to_string()));
        }
        Ok(Self {
            path,
            what,
            entries: entries.into_iter().map(|(name, node)| (name, Some(node))).collect(),
            known: Vec::with_capacity(8),
        })
    }

    /// Says what the object is, once that is known.
    pub(super) const fn is(&mut self, what: &'static str) {
        self.what = what;
    }

    fn take(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.known.push(name);
        self.entries
            .iter_mut()
            .find(|(entry, node)| node.is_some() && entry == name)
            .and_then(|(_, node)| node.take())
    }

    /// Whether the field is there, and nobody took it yet.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(entry, node)| node.is_some() && entry == name)
    }

    /// A field that need not be there.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Path<'_>, Node<'a>) -> Result<T, JsonError>,
    ) -> Result<Option<T>, JsonError> {
        match self.take(name) {
            Some(node) => read(&Path::Field(&self.path, name), node).map(Some),
            None => Ok(None),
        }
    }

    /// A field that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Path<'_>, Node<'a>) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        match self.take(name) {
            Some(node) => read(&Path::Field(&self.path, name), node),
            None => Err(self.missing(name)),
        }
    }

    fn missing(&self, name: &'static str) -> JsonError {
        let path = Path::Field(&self.path, name);
        let message = format!("{} needs the field `{path}`", self.what);
        // A mistyped name is both missing and unknown; the help says so at once.
        let help = self
            .left()
            .find(|found| did_you_mean(found, [name]).is_some())
            .map(|found| format!("`{}` is there; did you mean `{name}`?", shortened(found)));
        JsonError::new(JsonErrorKind::MissingField, message).field(path.to_string()).help(help)
    }

    /// The names of what nobody took.
    pub(super) fn left(&self) -> impl Iterator<Item = &str> {
        let left = self.entries.iter().filter(|(_, node)| node.is_some());
        left.map(|(name, _)| name.as_ref())
    }

    /// An error at the object itself.
    pub(super) fn conflict(&self, why: fmt::Arguments<'_>) -> JsonError {
        self.path.wrong(JsonErrorKind::Conflict, why)
    }

    /// What nobody took, with the path of the object.
    pub(super) fn rest(self) -> (Path<'p>, impl Iterator<Item = (Cow<'a, str>, Node<'a>)>) {
        let left = self.entries.into_iter().filter_map(|(name, node)| Some((name, node?)));
        (self.path, left)
    }

    /// All fields must have been taken.
    pub(super) fn done(self) -> Result<(), JsonError> {
        let Some((name, _)) = self.entries.iter().find(|(_, node)| node.is_some()) else {
            return Ok(());
        };
        let path = Path::Field(&self.path, name);
        let message = format!("{} has no field `{path}`", self.what);
        let help = did_you_mean(name, self.known.iter().copied())
            .unwrap_or_else(|| format!("its fields: {}", self.known.join(", ")));
        Err(JsonError::new(JsonErrorKind::UnknownField, message).field(path.to_string()).help(help))
    }
}

/// A name that two of the entries have.
fn repeated<'e>(entries: &'e [(Cow<'_, str>, Node<'_>)]) -> Option<&'e str> {
    const FEW: usize = 24;
    if entries.len() <= FEW {
        let name = |index: usize| entries.get(index).map(|(name, _)| name.as_ref());
        return (1..entries.len())
            .filter_map(|index| name(index).map(|found| (index, found)))
            .find(|(index, found)| entries.iter().take(*index).any(|(other, _)| other == found))
            .map(|(_, found)| found);
    }
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    let pairs = names.iter().zip(names.iter().skip(1));
    pairs.into_iter().find(|(one, two)| one == two).map(|(one, _)| *one)
}
