//! A line as a tree of values that borrow from it. Unlike a map, it keeps a field's second value,
//! so that duplicates are found; and it is never deeper than a command needs.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::MAX_LINE_BYTES;
use super::error::{JsonError, JsonErrorKind};

/// The deepest nesting that is read. A command needs four levels.
const MAX_DEPTH: usize = 16;

/// A JSON value.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above what an `i64` holds.
    Big(u64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Node<'_> {
    /// What an error says was found.
    pub(super) fn found(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(flag) => format!("`{flag}`"),
            Self::Int(number) => format!("the number `{number}`"),
            Self::Big(number) => format!("the number `{number}`"),
            Self::Float(number) => format!("the number `{number}`"),
            Self::Text(text) => format!("the text `{}`", shortened(text)),
            Self::List(_) => "a list".into(),
            Self::Object(_) => "an object".into(),
        }
    }
}

/// A text for an error message: long ones are cut, control characters escaped.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let mut out: String = text.chars().take(MOST).flat_map(printable).collect();
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

fn printable(c: char) -> Box<dyn Iterator<Item = char>> {
    if c.is_control() { Box::new(c.escape_default()) } else { Box::new(std::iter::once(c)) }
}

/// Reads one line.
pub(super) fn parse(line: &[u8]) -> Result<Node<'_>, JsonError> {
    if line.len() > MAX_LINE_BYTES {
        let message = format!("a line has at most {MAX_LINE_BYTES} bytes, found {}", line.len());
        return Err(JsonError::new(JsonErrorKind::TooLong, message));
    }
    let text = std::str::from_utf8(line).map_err(|error| {
        let message = "the line is not UTF-8".to_owned();
        JsonError::new(JsonErrorKind::NotUtf8, message).byte(error.valid_up_to() + 1)
    })?;
    if text.trim_ascii().is_empty() {
        let message = "expected a JSON object, found an empty line".to_owned();
        return Err(JsonError::new(JsonErrorKind::Syntax, message));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Level(0)
        .deserialize(&mut reader)
        .and_then(|node| reader.end().map(|()| node))
        .map_err(|error| explained(&error, text))
}

fn explained(error: &serde_json::Error, text: &str) -> JsonError {
    let lines_before: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let byte = lines_before + error.column();
    let (kind, message) = if error.is_data() {
        let message = format!("lists and objects may be nested {MAX_DEPTH} deep, found more");
        (JsonErrorKind::TooDeep, message)
    } else {
        let full = error.to_string();
        let cause = full.split(" at line ").next().unwrap_or(&full);
        let message = match cause {
            "trailing characters" => "expected the end of the line, found more".into(),
            "key must be a string" => "expected a field's name in double quotes".into(),
            "number out of range" => "the number is out of range".into(),
            "trailing comma" => "a comma must not be the last thing in a list or object".into(),
            // The reader's own words are short and plain: "expected value", "EOF while …".
            other => format!(
                "the line is not JSON: {}",
                other.replace("EOF while parsing", "the line ends inside")
            ),
        };
        (JsonErrorKind::Syntax, message)
    };
    JsonError::new(kind, message).byte(byte)
}

/// A value at this depth.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.0 >= MAX_DEPTH {
            return Err(E::custom("too deep"));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Node<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(i64::try_from(number).map_or(Node::Big(number), Node::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let level = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(level)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        let level = self.deeper()?;
        let mut fields = Vec::with_capacity(8);
        while let Some(name) = entries.next_key_seed(Name)? {
            fields.push((name, entries.next_value_seed(level)?));
        }
        Ok(Node::Object(fields))
    }
}

/// A field's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Cow<'de, str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
