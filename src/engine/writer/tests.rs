//! The two stages, with a disk that says when it is done.

#[cfg(holdline_orders)]
mod orders;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Codec;
use crate::engine::port::{Frame, Journal, JournalError, MemoryJournal, Sync};
use crate::engine::{Engine, Opened, Parts, State};
use crate::json::read_command;
use crate::model::{Action, Command, Instant, Outcome, Report, Token, Verdict};

/// Tells of each group that was applied: it is made into a frame right after that.
struct Telling(Mutex<Sender<()>>);

impl Codec for Telling {
    fn encode(&self, commands: &[Command]) -> Result<Vec<u8>, String> {
        let told = self.0.lock().unwrap().send(());
        told.map_err(|error| error.to_string())?;
        Ok(vec![0; commands.len()])
    }

    fn decode(&self, _payload: &[u8]) -> Result<Vec<Command>, String> {
        Err("nothing is read here".to_owned())
    }

    fn begins_with(&self, _first_seq: u64) -> Result<Option<State>, String> {
        Ok(None)
    }
}

/// What is asked of a journal, or was.
enum Moment<'a> {
    /// With how safe it is to be before that returns.
    Appends(Sync),
    #[cfg_attr(
        not(holdline_orders),
        expect(dead_code, reason = "only a disk of which each byte counts looks at it")
    )]
    Appended(&'a [Frame<'a>]),
    /// All that was appended is to be safe.
    Syncs,
}

/// A journal in memory, and who sees what is asked of it, and may have it fail.
struct Seen<F> {
    inner: MemoryJournal,
    by: F,
}

impl<F: FnMut(Moment<'_>) -> Result<(), JournalError>> Seen<F> {
    fn by(by: F) -> Self {
        Self { inner: MemoryJournal::new(), by }
    }
}

impl<F: FnMut(Moment<'_>) -> Result<(), JournalError> + Send> Journal for Seen<F> {
    fn append(&mut self, frames: &[Frame<'_>], sync: Sync) -> Result<(), JournalError> {
        (self.by)(Moment::Appends(sync))?;
        self.inner.append(frames, sync)?;
        (self.by)(Moment::Appended(frames))
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        (self.by)(Moment::Syncs)?;
        self.inner.sync()
    }

    fn sync_due(&self) -> Option<Duration> {
        self.inner.sync_due()
    }

    fn read(
        &mut self,
        from_seq: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.inner.read(from_seq, each)
    }

    fn last_seq(&self) -> u64 {
        self.inner.last_seq()
    }

    fn first_seq(&self) -> u64 {
        self.inner.first_seq()
    }

    fn trim(&mut self, below_seq: u64) -> Result<(), JournalError> {
        self.inner.trim(below_seq)
    }

    fn close(&mut self) -> Result<(), JournalError> {
        (self.by)(Moment::Syncs)?;
        self.inner.close()
    }
}

/// A disk on which the first group is safe only once the second was applied.
struct Waiting {
    begun: Sender<()>,
    applied: Receiver<()>,
    appends: u32,
}

impl Waiting {
    fn append(&mut self) -> Result<(), JournalError> {
        self.appends += 1;
        if self.appends > 1 {
            return Ok(());
        }
        let failed = |what: &str| JournalError::Failed { what: what.to_owned() };
        self.begun.send(()).map_err(|_| failed("nobody waits for the first group"))?;
        for which in ["the first", "the second"] {
            // So long that only a writer that waits for the disk can take it.
            let applied = self.applied.recv_timeout(Duration::from_secs(30));
            applied.map_err(|_| failed(&format!("{which} group was not applied meanwhile")))?;
        }
        Ok(())
    }
}

fn advance() -> Vec<Command> {
    vec![Command::new(Instant::from_ms(1_772_438_400_000), Action::Advance)]
}

#[test]
fn a_group_is_applied_while_the_one_before_it_is_made_durable() {
    let ((begun, has_begun), (tell, applied)) = (channel(), channel());
    let mut disk = Waiting { begun, applied, appends: 0 };
    let journal = Seen::by(move |moment| match moment {
        Moment::Appends(_) => disk.append(),
        _ => Ok(()),
    });
    let parts = Parts::of(Box::new(journal), Arc::new(Telling(Mutex::new(tell))));
    let engine = Engine::start(State::new(), parts, Opened::default()).unwrap();
    let first = engine.submit(advance()).unwrap();
    has_begun.recv().unwrap();
    let second = engine.submit(advance()).unwrap();
    for pending in [first, second] {
        let outcomes = pending.wait().unwrap();
        assert!(matches!(outcomes[..], [Outcome::Applied]), "{outcomes:?}");
    }
    engine.close().unwrap();
}

/// Where whoever sends was told to go, it goes; so a loss of power may not make it go again.
#[test]
fn a_go_is_safe_before_it_is_answered_whatever_the_level() {
    let ((asks, asked), (tell, _applied)) = (channel(), channel());
    let journal = Seen::by(move |moment| match moment {
        Moment::Appends(sync) => {
            asks.send(sync).map_err(|error| JournalError::Failed { what: error.to_string() })
        }
        _ => Ok(()),
    });
    let parts = Parts::of(Box::new(journal), Arc::new(Telling(Mutex::new(tell))));
    let engine = Engine::start(State::new(), parts, Opened::default()).unwrap();
    let at: Instant = "2026-03-02T08:00:00Z".parse().unwrap();
    let read = |body: &str| read_command(format!(r#"{{"at":"{at}",{body}}}"#).as_bytes()).unwrap();
    let begin = [
        r#""do":"put-sender","key":"s""#,
        r#""do":"put-prospect","key":"ann""#,
        r#""do":"put-campaign","key":"c","senders":["s"],"steps":[{"name":"a"}]"#,
        r#""do":"enroll","campaign":"c","prospect":"ann""#,
    ];
    engine.apply_batch(begin.iter().map(|body| read(body)).collect()).unwrap();
    let claimed = engine.apply(read(r#""do":"claim","limit":1,"lease":"1m""#)).unwrap();
    let Outcome::Claimed { sends, .. } = claimed else { panic!("{claimed:?}") };
    let token: Token = sends[0].token;
    let go = engine.apply(Command::new(at, Action::Confirm { token })).unwrap();
    assert_eq!(go, Outcome::Confirmed(Verdict::Go));
    let sent = Action::Report { token, report: Report::Sent { at } };
    engine.apply(Command::new(at, sent)).unwrap();
    let levels: Vec<Sync> = asked.try_iter().collect();
    assert_eq!(levels, [Sync::Level, Sync::Level, Sync::Now, Sync::Level]);
    engine.close().unwrap();
}
