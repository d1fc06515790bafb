//! The outbox: where a run "sends" to. One JSON object a line, keyed by the send's token.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use holdline::model::{Instant, Token};
use serde_json::{Value, json};

use crate::exit::Failure;

/// A message that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The send's token.
    pub token: Token,
    /// The campaign's key.
    pub campaign: String,
    /// The prospect's key.
    pub prospect: String,
    /// Where it goes.
    pub address: String,
    /// The sender's key.
    pub sender: String,
    /// The step, counted from 1.
    pub step: u16,
    /// What the host calls it.
    pub message: String,
}

impl Message {
    /// What tells it from every other, also from those of another data directory.
    pub fn key(&self) -> Key {
        Key {
            token: self.token.to_string(),
            campaign: self.campaign.clone(),
            prospect: self.prospect.clone(),
            step: u64::from(self.step),
        }
    }

    fn line(&self, at: Instant) -> String {
        let mut line = json!({
            "token": self.token.to_string(),
            "campaign": self.campaign,
            "prospect": self.prospect,
            "address": self.address,
            "sender": self.sender,
            "step": self.step,
            "message": self.message,
            "at": at.to_string(),
        })
        .to_string();
        line.push('\n');
        line
    }
}

/// What tells a message from every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    token: String,
    campaign: String,
    prospect: String,
    step: u64,
}

impl Key {
    fn read(line: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(line).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            token: text("token")?,
            campaign: text("campaign")?,
            prospect: text("prospect")?,
            step: value.get("step")?.as_u64()?,
        })
    }
}

/// Where messages go.
#[derive(Debug)]
pub enum Sink {
    /// A file that is read again when a run goes on.
    File {
        /// Its name.
        path: PathBuf,
        /// It, open for appending.
        file: File,
    },
    /// The standard output; what was written there cannot be looked up.
    Stdout,
}

impl Sink {
    /// Opens the outbox. A line that was cut short is taken away: its message was never reported.
    ///
    /// For new data the file must be new, too: what it has belongs to other data.
    pub fn open(path: &Path, new_data: bool) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        let failed = |error: io::Error| Failure::file(path.display(), &error);
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let mut file = options.open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if new_data && length > 0 {
            let message = format_args!("`{}` has sends of other data in it", path.display());
            return Err(Failure::input(message).help("name another `--out`, or move it away"));
        }
        let whole = whole_lines(&mut file, length).map_err(failed)?;
        if whole < length {
            file.set_len(whole).map_err(failed)?;
            file.sync_data().map_err(failed)?;
        }
        Ok(Self::File { path: path.to_owned(), file })
    }

    /// Which of these messages were written.
    pub fn written(&mut self, wanted: &BTreeSet<Key>) -> Result<BTreeSet<Key>, Failure> {
        let Self::File { path, file } = self else {
            return Ok(BTreeSet::new());
        };
        let mut found = BTreeSet::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let failed = |error: io::Error| Failure::file(path.display(), &error);
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            found.extend(Key::read(&line).filter(|key| wanted.contains(key)));
            line.clear();
        }
        Ok(found)
    }

    /// Writes messages, and returns when they are safe.
    pub fn write(&mut self, messages: &[Message], at: Instant) -> Result<(), Failure> {
        if messages.is_empty() {
            return Ok(());
        }
        let text: String = messages.iter().map(|message| message.line(at)).collect();
        match self {
            Self::File { path, file } => {
                let failed = |error: io::Error| Failure::file(path.display(), &error);
                file.write_all(text.as_bytes()).map_err(failed)?;
                file.sync_data().map_err(failed)
            }
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())?;
                Ok(out.flush()?)
            }
        }
    }
}

/// The length of a file up to its last line end.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    const PIECE: u64 = 1 << 16;
    let mut end = length;
    while end > 0 {
        let from = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(from))?;
        let mut piece = Vec::new();
        Read::by_ref(file).take(end - from).read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(index: u32) -> Message {
        Message {
            token: Token { incarnation: 1, sequence: 52, index },
            campaign: "spring".into(),
            prospect: "ann@acme.example".into(),
            address: "ann@acme.example".into(),
            sender: "tom@ours.example".into(),
            step: 2,
            message: "hello again".into(),
        }
    }

    #[test]
    fn what_was_written_is_found_and_a_torn_line_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outbox.jsonl");
        let mut sink = Sink::open(&path, true).unwrap();
        sink.write(&[message(0), message(1)], Instant::from_ms(1_000)).unwrap();
        drop(sink);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..60 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let mut sink = Sink::open(&path, false).unwrap();
            let wanted = [message(0).key(), message(1).key(), message(2).key()].into();
            assert_eq!(sink.written(&wanted).unwrap(), [message(0).key()].into());
            sink.write(&[message(1)], Instant::from_ms(1_000)).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn an_outbox_of_other_data_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        Sink::open(file.path(), true).unwrap().write(&[message(0)], Instant::MIN).unwrap();
        assert!(matches!(Sink::open(file.path(), true), Err(Failure::Told(_))));
    }

    #[test]
    fn a_token_of_another_prospect_is_not_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut sink = Sink::open(file.path(), true).unwrap();
        sink.write(&[message(0)], Instant::MIN).unwrap();
        let other = Message { prospect: "bob@acme.example".into(), ..message(0) };
        assert!(sink.written(&[other.key()].into()).unwrap().is_empty());
    }
}
