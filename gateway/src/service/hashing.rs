//! Hashing of PINs in turns: each takes 19 MiB and tens of milliseconds, and anybody with a phone can ask for one.
//!
//! Always: no more run at a time than there are turns, whoever hangs up meanwhile, and no more wait than there are places.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::ServiceError;
use crate::storage::StoreError;

/// Hashes at a time.
const TURNS: usize = 2;
/// Requests that hash or wait for it.
const PLACES: usize = 64;

/// Turns and places.
#[derive(Clone, Debug)]
pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(TURNS)), places: Arc::new(Semaphore::new(PLACES)) }
    }
}

impl Hashing {
    /// Runs `work` on a thread of its own when it is its turn; busy where too many wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        const CLOSED: ServiceError = ServiceError::Internal;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| StoreError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| CLOSED)?;
        // The turn goes along: a caller that went away does not end the work.
        let held = move || {
            let done = work();
            drop((turn, place));
            done
        };
        tokio::task::spawn_blocking(held).await.map_err(|_| CLOSED)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn s38_many_at_once_stay_bounded_also_when_callers_hang_up() {
        let hashing = Hashing::default();
        let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut callers = Vec::new();
        for number in 0..200 {
            let (hashing, now, peak) = (hashing.clone(), Arc::clone(&now), Arc::clone(&peak));
            let caller = tokio::spawn(async move {
                let work = move || {
                    peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                hashing.run(work).await.map_err(|error| error.code())
            });
            if number % 3 == 0 {
                tokio::task::yield_now().await;
                caller.abort();
            }
            callers.push(caller);
        }
        let mut refused = 0;
        for caller in callers {
            if let Ok(Err(code)) = caller.await {
                assert_eq!(code, "busy");
                refused += 1;
            }
        }
        assert!(refused > 0, "more came than there are places");
        assert!((1..=TURNS).contains(&peak.load(Ordering::SeqCst)), "{peak:?}");
        hashing.run(|| ()).await.unwrap();
    }
}
