//! Messages on the standard streams: a header with a length, then JSON. What a client sends may be
//! anything; only a broken header ends the conversation: where the next begins is unknown then.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message, Response};
use serde_json::{Value, json};

/// The longest message that is read. A rules file has at most 1 MiB.
const MOST_BYTES: u64 = 64 << 20;
/// The longest line of a header.
const MOST_HEADER_BYTES: u64 = 8 << 10;

/// What came in.
pub enum Received {
    /// A message.
    Message(Message),
    /// What is no message: the id to answer to, and why.
    Broken(Value, ErrorCode, String),
}

/// Reads what comes next; none at the end.
pub fn receive(input: &mut impl BufRead) -> io::Result<Option<Received>> {
    let Some(length) = header(input)? else {
        return Ok(None);
    };
    let mut body = input.take(length);
    if length > MOST_BYTES {
        io::copy(&mut body, &mut io::sink())?;
        let why = format!("a message has at most {MOST_BYTES} bytes, found {length}");
        return Ok(Some(Received::Broken(Value::Null, ErrorCode::InvalidRequest, why)));
    }
    let mut bytes = Vec::new();
    if u64::try_from(body.read_to_end(&mut bytes)?).unwrap_or(0) < length {
        return Ok(None);
    }
    Ok(Some(message(&bytes)))
}

/// The length that a header says; none at the end.
fn header(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let broken = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut length = None;
    loop {
        let mut line = Vec::new();
        input.take(MOST_HEADER_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(broken("the header of a message has no end"));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            let length = length.ok_or_else(|| broken("a message came without `Content-Length`"))?;
            return Ok(Some(length));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            let value = value.trim().parse::<u64>();
            length = Some(value.map_err(|_| broken("`Content-Length` is not a number"))?);
        }
    }
}

fn message(bytes: &[u8]) -> Received {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => {
            let why = format!("the message is not JSON: {error}");
            return Received::Broken(Value::Null, ErrorCode::ParseError, why);
        }
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    let asks = !id.is_null() && value.get("method").is_some();
    let why = "expected a request, a response or a notification".to_owned();
    match serde_json::from_value(value) {
        // A request whose id cannot be read would be taken for a notification.
        Ok(Message::Notification(_)) if asks => {
            Received::Broken(id, ErrorCode::InvalidRequest, why)
        }
        Ok(message) => Received::Message(message),
        Err(_) => Received::Broken(id, ErrorCode::InvalidRequest, why),
    }
}

/// Writes an answer, or something that nobody asked for.
pub fn send(out: &mut impl Write, message: impl Into<Message>) -> io::Result<()> {
    message.into().write(out)
}

/// Says that what came in was no message.
pub fn complain(out: &mut impl Write, id: &Value, code: ErrorCode, why: &str) -> io::Result<()> {
    let error = json!({ "code": code as i32, "message": why });
    let text = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
    write!(out, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    out.flush()
}

/// A request that failed.
pub struct Refused {
    code: ErrorCode,
    why: String,
}

impl Refused {
    /// A request that failed so.
    pub fn new(code: ErrorCode, why: impl ToString) -> Self {
        Self { code, why: why.to_string() }
    }

    /// As the answer to a request.
    pub fn answer(self, id: lsp_server::RequestId) -> Response {
        Response::new_err(id, self.code as i32, self.why)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Received, receive};

    fn framed(body: &str) -> Vec<u8> {
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[test]
    fn bad_messages_are_told_and_the_next_one_is_read() {
        for (body, code) in [
            ("{", -32700),
            ("", -32700),
            ("\u{1}", -32700),
            ("[]", -32600),
            ("3", -32600),
            ("{}", -32600),
            ("{\"id\":1}", -32600),
            ("{\"id\":9999999999,\"method\":\"shutdown\"}", -32600),
            ("{\"id\":{},\"method\":\"shutdown\"}", -32600),
        ] {
            let mut bytes = framed(body);
            bytes.extend(framed("{\"method\":\"exit\"}"));
            let mut input = Cursor::new(bytes);
            match receive(&mut input) {
                Ok(Some(Received::Broken(_, found, _))) => assert_eq!(found as i32, code, "{body}"),
                _ => panic!("{body}"),
            }
            assert!(matches!(receive(&mut input), Ok(Some(Received::Message(_)))), "{body}");
            assert!(matches!(receive(&mut input), Ok(None)));
        }
    }

    #[test]
    fn a_broken_header_is_an_error_and_a_cut_message_is_the_end() {
        let long = format!("X: {}\r\n\r\n", "x".repeat(10_000));
        for bad in ["\r\n", "Content-Length: x\r\n\r\n{}", "Content-Length: -1\r\n\r\n", "X", &long]
        {
            assert!(receive(&mut Cursor::new(bad.as_bytes())).is_err(), "{bad}");
        }
        for cut in ["", "Content-Length: 9\r\n\r\n{}", "Content-Length: 99999999999999999\r\n\r\n"]
        {
            assert!(matches!(receive(&mut Cursor::new(cut.as_bytes())), Ok(None) | Ok(Some(_))));
        }
    }
}
