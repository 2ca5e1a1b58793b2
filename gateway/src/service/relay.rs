//! A drone's stream, relayed: bytes to viewers, its telemetry to everybody in the deployment.
//!
//! Must never: write a frame anywhere, or relay a feed without an incident or one that is not overt.
//! Always: at most [`RING_SECONDS`] seconds and [`RING_BYTES`] bytes are in memory, and a slow viewer is moved to the
//! newest bytes instead of being waited for.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use peel_domain::id::FeedId;
use tokio::sync::watch;

/// Longest time that bytes are kept.
pub(super) const RING_SECONDS: u64 = 10;
/// Most bytes that are kept.
pub(super) const RING_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
struct Ring {
    /// Number of the first chunk kept.
    first: u64,
    chunks: VecDeque<(Instant, Bytes)>,
    bytes: usize,
}

impl Ring {
    fn push(&mut self, chunk: Bytes, now: Instant) {
        self.bytes += chunk.len();
        self.chunks.push_back((now, chunk));
        let old = |at: Instant| now.duration_since(at) > Duration::from_secs(RING_SECONDS);
        while let Some((at, chunk)) = self.chunks.front() {
            if !old(*at) && self.bytes <= RING_BYTES {
                break;
            }
            self.bytes -= chunk.len();
            self.chunks.pop_front();
            self.first += 1;
        }
    }

    fn end(&self) -> u64 {
        self.first + self.chunks.len() as u64
    }

    /// The chunk `number`, or the newest one for a viewer that fell behind.
    fn chunk(&self, number: u64) -> Option<(u64, Bytes)> {
        let number = if number < self.first { self.end().saturating_sub(1) } else { number };
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.chunks.get(index).map(|(_, chunk)| (number, chunk.clone()))
    }
}

/// One live feed.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    /// How many chunks there are so far; closed when the feed ends.
    end: watch::Sender<u64>,
}

impl Feed {
    fn new() -> Self {
        Self { ring: Mutex::default(), end: watch::Sender::new(0) }
    }

    /// Adds bytes of the stream.
    pub fn push(&self, chunk: Bytes, now: Instant) {
        let end = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.push(chunk, now);
            ring.end()
        };
        self.end.send_replace(end);
    }

    /// A viewer from the live edge on.
    pub fn view(self: &Arc<Self>) -> Viewer {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        Viewer { feed: Arc::downgrade(self), end: self.end.subscribe(), next: ring.end() }
    }
}

/// One viewer's place in a feed.
#[derive(Debug)]
pub struct Viewer {
    feed: std::sync::Weak<Feed>,
    end: watch::Receiver<u64>,
    next: u64,
}

impl Viewer {
    /// The next bytes; `None` when the feed has ended.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            {
                let feed = self.feed.upgrade()?;
                let ring = feed.ring.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((number, chunk)) = ring.chunk(self.next) {
                    self.next = number + 1;
                    return Some(chunk);
                }
            }
            self.end.changed().await.ok()?;
        }
    }
}

type Live = Mutex<HashMap<FeedId, Arc<Feed>>>;

/// All live feeds.
#[derive(Debug, Default)]
pub struct Relays {
    live: Arc<Live>,
}

/// The sender's end of a feed; dropping it ends the feed and its viewers.
#[derive(Debug)]
pub struct Sending {
    live: Arc<Live>,
    feed_id: FeedId,
    feed: Arc<Feed>,
}

impl Sending {
    /// The feed.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.remove(&self.feed_id);
    }
}

impl Relays {
    /// Begins a feed; `None` if it is being sent already.
    pub fn begin(&self, feed_id: FeedId) -> Option<Sending> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.contains_key(&feed_id) {
            return None;
        }
        let feed = Arc::new(Feed::new());
        live.insert(feed_id.clone(), Arc::clone(&feed));
        Some(Sending { live: Arc::clone(&self.live), feed_id, feed })
    }

    /// A live feed.
    pub fn feed(&self, feed_id: &FeedId) -> Option<Arc<Feed>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).get(feed_id).cloned()
    }

    /// The feeds that are live now.
    pub fn active(&self) -> BTreeSet<FeedId> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed_id() -> FeedId {
        FeedId::new("drone-1").unwrap()
    }

    #[test]
    fn the_ring_keeps_ten_seconds_and_a_bounded_number_of_bytes() {
        let mut ring = Ring::default();
        let start = Instant::now();
        for second in 0..30 {
            ring.push(Bytes::from_static(b"x"), start + Duration::from_secs(second));
        }
        assert_eq!(ring.chunks.len(), 11);
        for _ in 0..20 {
            ring.push(Bytes::from(vec![0; 1024 * 1024]), start + Duration::from_secs(30));
        }
        assert!(ring.bytes <= RING_BYTES);
        assert_eq!(ring.end(), 50);
        // A viewer that fell behind gets the newest chunk, not the oldest.
        assert_eq!(ring.chunk(3).unwrap().0, 49);
        assert!(ring.chunk(50).is_none());
    }

    #[tokio::test]
    async fn viewers_see_what_is_sent_and_the_end() {
        let relays = Relays::default();
        let sending = relays.begin(feed_id()).unwrap();
        assert!(relays.begin(feed_id()).is_none());
        let mut viewer = relays.feed(&feed_id()).unwrap().view();
        sending.feed().push(Bytes::from_static(b"abc"), Instant::now());
        assert_eq!(viewer.next().await, Some(Bytes::from_static(b"abc")));
        drop(sending);
        assert_eq!(viewer.next().await, None);
        assert!(relays.active().is_empty());
    }
}
