//! A small, bounded, incremental reader of Server-Sent Events (WHATWG HTML, section 9.2.6).
//!
//! It turns body bytes, cut anywhere, into events. It must never buffer without limit and never decide when to
//! reconnect: that is the transport's work. What always holds: the same bytes give the same items however they
//! are chunked, and an event whose closing blank line has not arrived is never given out.

use std::collections::VecDeque;
use std::time::Duration;

/// Longest line in bytes, without its end, that the reader accepts.
pub const MAX_LINE_BYTES: usize = 256 * 1024;
/// Most bytes of data (line feeds between lines included) that one event may carry.
pub const MAX_EVENT_BYTES: usize = 512 * 1024;
/// Longest event id in bytes: it travels back in the `Last-Event-ID` header.
pub const MAX_ID_BYTES: usize = 256;
/// Longest reconnection time that a server may ask for; a longer wish is shortened to this.
pub const MAX_RETRY: Duration = Duration::from_mins(1);

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Why the reader gave up on a stream. After an error it stays failed until [`SseReader::reconnect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line had no end within [`MAX_LINE_BYTES`].
    #[error("event stream line is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    /// One event's data exceeded [`MAX_EVENT_BYTES`].
    #[error("event is larger than {MAX_EVENT_BYTES} bytes")]
    EventTooLarge,
    /// An event id exceeded [`MAX_ID_BYTES`].
    #[error("event id is longer than {MAX_ID_BYTES} bytes")]
    IdTooLong,
}

/// One dispatched event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The event's name; `message` where the server named none.
    pub event: String,
    /// The data lines, joined by line feeds.
    pub data: String,
    /// The id that this very event carried; `None` for events without one, such as `drone.state`.
    ///
    /// The standard's "last event id", which outlives the event, is [`SseReader::last_event_id`].
    pub id: Option<String>,
}

/// What the stream says, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SseItem {
    /// An event.
    Event(SseEvent),
    /// The server's wish for the reconnection time, at most [`MAX_RETRY`].
    Retry(Duration),
}

/// Reads one connection's body, and what must survive from one connection to the next.
#[derive(Debug, Clone, Default)]
pub struct SseReader {
    line: Vec<u8>,
    skip_line_feed: bool,
    past_first_line: bool,
    event: String,
    data: String,
    has_data: bool,
    id_buffer: String,
    own_id: Option<String>,
    last_event_id: String,
    items: VecDeque<SseItem>,
    failed: Option<SseError>,
}

impl SseReader {
    /// A reader for a stream that is opened without `Last-Event-ID`.
    pub fn new() -> Self {
        Self::default()
    }

    /// A reader for a stream that is opened with `Last-Event-ID: last_event_id`.
    pub fn resuming_from(last_event_id: impl Into<String>) -> Self {
        let last_event_id = last_event_id.into();
        Self { id_buffer: last_event_id.clone(), last_event_id, ..Self::default() }
    }

    /// The id to send in `Last-Event-ID`, empty where none was seen (then send no header).
    ///
    /// It moves when an event is dispatched. A client that must not lose events keeps its own cursor, moved in
    /// the transaction that stores the event, and reopens the stream from that one.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The error that stopped this connection, if any.
    pub fn failure(&self) -> Option<SseError> {
        self.failed
    }

    /// Forgets the half-read event of a connection that ended; the last event id and items not yet taken stay.
    pub fn reconnect(&mut self) {
        *self = Self {
            id_buffer: self.last_event_id.clone(),
            last_event_id: std::mem::take(&mut self.last_event_id),
            items: std::mem::take(&mut self.items),
            ..Self::default()
        };
    }

    /// Takes bytes of the body. Items completed before a fault in the same bytes are still had from [`Self::next_item`].
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.skip_line_feed) && first == b'\n' {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let end = bytes.iter().position(|&byte| byte == b'\n' || byte == b'\r');
            let (part, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or((bytes, &[]));
            if self.line.len() + part.len() > MAX_LINE_BYTES {
                return Err(self.fail(SseError::LineTooLong));
            }
            self.line.extend_from_slice(part);
            let Some((terminator, rest)) = rest.split_first() else {
                break;
            };
            self.skip_line_feed = *terminator == b'\r';
            bytes = rest;
            self.end_line().map_err(|error| self.fail(error))?;
        }
        Ok(())
    }

    /// The next item that is complete, oldest first.
    pub fn next_item(&mut self) -> Option<SseItem> {
        self.items.pop_front()
    }

    /// [`Self::push`] and everything that is then complete; a fault in `bytes` is the last element.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Result<SseItem, SseError>> {
        let fault = self.push(bytes).err();
        self.items.drain(..).map(Ok).chain(fault.map(Err)).collect()
    }

    fn fail(&mut self, error: SseError) -> SseError {
        self.failed = Some(error);
        self.line = Vec::new();
        self.data = String::new();
        error
    }

    fn end_line(&mut self) -> Result<(), SseError> {
        let line = std::mem::take(&mut self.line);
        let result = self.take_line(&line);
        self.line = line;
        self.line.clear();
        result
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), SseError> {
        let first = !std::mem::replace(&mut self.past_first_line, true);
        let line = if first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        if line.is_empty() {
            self.dispatch();
            return Ok(());
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at_checked(colon.unwrap_or(line.len())).unwrap_or((line, &[]));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => self.take_data(value),
            b"event" => {
                self.event = String::from_utf8_lossy(value).into_owned();
                Ok(())
            }
            b"id" => self.take_id(value),
            b"retry" => {
                self.take_retry(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_data(&mut self, value: &[u8]) -> Result<(), SseError> {
        let text = String::from_utf8_lossy(value);
        if self.data.len() + text.len() + 1 > MAX_EVENT_BYTES {
            return Err(SseError::EventTooLarge);
        }
        self.data.push_str(&text);
        self.data.push('\n');
        self.has_data = true;
        Ok(())
    }

    fn take_id(&mut self, value: &[u8]) -> Result<(), SseError> {
        if value.contains(&0) {
            return Ok(());
        }
        if value.len() > MAX_ID_BYTES {
            return Err(SseError::IdTooLong);
        }
        self.id_buffer = String::from_utf8_lossy(value).into_owned();
        self.own_id = Some(self.id_buffer.clone());
        Ok(())
    }

    fn take_retry(&mut self, value: &[u8]) {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return;
        }
        let wish = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        self.items.push_back(SseItem::Retry(wish.map_or(MAX_RETRY, Duration::from_millis).min(MAX_RETRY)));
    }

    fn dispatch(&mut self) {
        self.last_event_id.clone_from(&self.id_buffer);
        let event = std::mem::take(&mut self.event);
        let id = self.own_id.take();
        let mut data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        data.pop();
        let event = if event.is_empty() { "message".to_owned() } else { event };
        self.items.push_back(SseItem::Event(SseEvent { event, data, id }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Result<SseItem, SseError>> {
        SseReader::new().read(bytes)
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what the reader gives")]
    fn event(event: &str, data: &str, id: Option<&str>) -> Result<SseItem, SseError> {
        Ok(SseItem::Event(SseEvent { event: event.into(), data: data.into(), id: id.map(Into::into) }))
    }

    #[test]
    fn joins_data_lines_and_names_unnamed_events_message() {
        assert_eq!(all(b"data: YHOO\ndata: +2\ndata: 10\n\n"), [event("message", "YHOO\n+2\n10", None)]);
    }

    #[test]
    fn strips_one_space_only_and_takes_lines_without_colon_as_empty_fields() {
        assert_eq!(
            all(b"data:  x\n\ndata\n\ndata\ndata\n\ndata:"),
            [event("message", " x", None), event("message", "", None), event("message", "\n", None),]
        );
    }

    #[test]
    fn ignores_comments_unknown_fields_and_one_byte_order_mark() {
        assert_eq!(all(b"\xEF\xBB\xBFdata: a\n: keep-alive\nfoo: bar\n\n"), [event("message", "a", None)]);
        assert_eq!(all(b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\n"), []);
    }

    #[test]
    fn takes_all_three_line_ends_mixed() {
        assert_eq!(
            all(b"event: e\rdata: a\r\ndata: b\n\r\n\rdata: c\r\r"),
            [event("e", "a\nb", None), event("message", "c", None),]
        );
    }

    #[test]
    fn keeps_the_last_id_across_events_without_one_and_moves_it_only_at_dispatch() {
        let mut reader = SseReader::new();
        let got = reader.read(b"id: 7\ndata: a\n\nevent: drone.state\ndata: b\n\nid: 8\ndata: c\n");
        assert_eq!(got, [event("message", "a", Some("7")), event("drone.state", "b", None)]);
        assert_eq!(reader.last_event_id(), "7");
        reader.reconnect();
        assert_eq!(reader.last_event_id(), "7");
        assert_eq!(reader.read(b"data: d\n\n"), [event("message", "d", None)]);
        assert_eq!(reader.last_event_id(), "7");
        assert_eq!(reader.read(b"id\n\n"), []);
        assert_eq!(reader.last_event_id(), "");
    }

    #[test]
    fn ignores_an_id_with_a_nul() {
        let mut reader = SseReader::resuming_from("5");
        assert_eq!(reader.read(b"id: 6\0\ndata: x\n\n"), [event("message", "x", None)]);
        assert_eq!(reader.last_event_id(), "5");
    }

    #[test]
    fn reads_retry_only_from_digits_and_bounds_it() {
        assert_eq!(
            all(b"retry: 1500\nretry: 1.5\nretry:\nretry: -1\nretry: 99999999999999999999999\n"),
            [Ok(SseItem::Retry(Duration::from_millis(1500))), Ok(SseItem::Retry(MAX_RETRY)),]
        );
    }

    #[test]
    fn replaces_bytes_that_are_not_utf_8() {
        assert_eq!(all(b"data: a\xFFb\n\n"), [event("message", "a\u{FFFD}b", None)]);
    }

    #[test]
    fn refuses_a_line_without_end_and_stays_failed_until_reconnect() {
        let mut reader = SseReader::new();
        assert_eq!(reader.read(b"data: before\n\n"), [event("message", "before", None)]);
        let chunk = [b'x'; 4096];
        let first = (0..100).find_map(|_| reader.push(&chunk).err());
        assert_eq!(first, Some(SseError::LineTooLong));
        assert_eq!(reader.push(b"\n"), Err(SseError::LineTooLong));
        reader.reconnect();
        assert_eq!(reader.read(b"data: after\n\n"), [event("message", "after", None)]);
    }

    #[test]
    fn gives_events_before_a_fault_in_the_same_bytes() {
        let mut bytes = b"data: ok\n\nid: ".to_vec();
        bytes.resize(bytes.len() + MAX_ID_BYTES + 1, b'9');
        bytes.extend(b"\ndata: lost\n\n");
        assert_eq!(all(&bytes), [event("message", "ok", None), Err(SseError::IdTooLong)]);
    }

    #[test]
    fn refuses_an_event_of_endless_data_lines() {
        let mut reader = SseReader::new();
        let line = [b"data: ".as_slice(), &vec![b'y'; 60_000], b"\n"].concat();
        let fault = (0..20).find_map(|_| reader.push(&line).err());
        assert_eq!(fault, Some(SseError::EventTooLarge));
    }
}
