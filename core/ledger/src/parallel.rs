//! Work over a slice on several threads, with the results in the slice's order.
//!
//! Must never: change what is computed, only when. Always: where no thread can be had (WebAssembly, or a system that
//! refuses one) the same work is done on the caller's.

use std::num::NonZeroUsize;

/// The most threads that one piece of work takes.
const MAX_THREADS: usize = 8;

/// How many threads are worth while here.
fn threads() -> usize {
    if cfg!(target_family = "wasm") {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS)
}

/// Applies `work` to consecutive parts of `items`, each of at least `least` items; `work` gets the index of its part's
/// first item.
pub(crate) fn in_chunks<'a, T: Sync, R: Send>(
    items: &'a [T],
    least: usize,
    work: impl Fn(usize, &'a [T]) -> R + Sync,
) -> Vec<R> {
    let parts = (items.len() / least.max(1)).clamp(1, threads());
    let length = items.len().div_ceil(parts).max(1);
    if parts == 1 {
        return vec![work(0, items)];
    }
    let work = &work;
    std::thread::scope(|scope| {
        let started: Vec<_> = items
            .chunks(length)
            .enumerate()
            .map(|(part, chunk)| {
                let start = part * length;
                let thread = std::thread::Builder::new().spawn_scoped(scope, move || work(start, chunk));
                thread.map_err(|_| (start, chunk))
            })
            .collect();
        let finish = |thread: Result<std::thread::ScopedJoinHandle<'_, R>, (usize, &'a [T])>| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err((start, chunk)) => work(start, chunk),
        };
        started.into_iter().map(finish).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_in_order() {
        for count in [0, 1, 2, 7, 100, 1001] {
            let items: Vec<usize> = (0..count).collect();
            let parts = in_chunks(&items, 3, |start, chunk| {
                assert_eq!(chunk.first().copied().unwrap_or(start), start);
                chunk.to_vec()
            });
            assert_eq!(parts.concat(), items);
        }
    }
}
