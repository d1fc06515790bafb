//! `holdline lsp`: a language server on the standard streams. It reads, answers, and publishes the
//! findings when nothing else waits; what it knows of the language it asks `holdline::lang`.

mod answer;
mod documents;
mod findings;
mod place;
mod proof;
mod server;
mod uri;
mod wire;

use std::io::{self, BufReader};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use lsp_server::{ErrorCode, Message};

use self::server::Server;
use self::wire::Received;
use crate::exit::{Exit, Failure};

/// The command that runs a test.
const RUN_TEST: &str = "holdline.runTest";

/// So many messages may wait.
const WAITING: usize = 256;

/// Serves an editor until it goes.
pub fn lsp() -> Result<Exit, Failure> {
    let (to, from) = sync_channel(WAITING);
    // A reader of its own, so that findings are looked for only when nothing else waits.
    thread::spawn(move || {
        let mut input = BufReader::new(io::stdin());
        loop {
            let received = wire::receive(&mut input);
            let goes_on = matches!(received, Ok(Some(_)));
            if to.send(received).is_err() || !goes_on {
                return;
            }
        }
    });
    serve(&from)
}

/// Whether an editor that is gone said that it would go decides the exit code.
fn serve(from: &Receiver<io::Result<Option<Received>>>) -> Result<Exit, Failure> {
    let mut server = Server::default();
    let mut out = io::stdout().lock();
    loop {
        let received = match from.try_recv() {
            Err(TryRecvError::Empty) => {
                for message in server.findings() {
                    wire::send(&mut out, message)?;
                }
                from.recv().unwrap_or(Ok(None))
            }
            received => received.unwrap_or(Ok(None)),
        };
        let message = match received {
            Ok(Some(Received::Message(message))) => message,
            Ok(Some(Received::Broken(id, code, why))) => {
                wire::complain(&mut out, &id, code, &why)?;
                continue;
            }
            Ok(None) => return Ok(Exit::Findings),
            Err(error) => {
                return Err(Failure::input(format_args!("the standard input: {error}")));
            }
        };
        match message {
            Message::Notification(notice) if notice.method == "exit" => {
                return Ok(if server.is_shut_down() { Exit::Fine } else { Exit::Findings });
            }
            Message::Notification(notice) => server.notice(notice),
            Message::Request(request) => {
                let id = request.id.clone();
                let answer = match server.request(request) {
                    Ok(result) => lsp_server::Response { id, response_result: Ok(result) },
                    Err(refused) => refused.answer(id),
                };
                for told in server.told() {
                    wire::send(&mut out, told)?;
                }
                wire::send(&mut out, answer)?;
            }
            // Nothing is asked of the editor.
            Message::Response(_) => {}
        }
    }
}

/// The request makes no sense now.
fn invalid(why: impl ToString) -> wire::Refused {
    wire::Refused::new(ErrorCode::InvalidRequest, why)
}
