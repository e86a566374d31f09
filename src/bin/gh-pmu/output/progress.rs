//! A sign of life on standard error while something takes long, with how far it has come. Owns its thread; must not know
//! what takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const PATIENCE: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(100);

/// Shown from half a second on until it is dropped.
pub struct Progress(Option<Shown>);

struct Shown {
    done: Sender<()>,
    thread: JoinHandle<()>,
    count: Arc<Count>,
}

/// How many are done, of how many; of 0 if nobody counts.
#[derive(Default)]
struct Count {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Shows nothing, and starts nothing, where nobody looks.
    pub fn start(is_shown: bool, doing: String) -> Self {
        if !is_shown {
            return Self(None);
        }
        let (done, wait) = channel();
        let count = Arc::new(Count::default());
        let counted = Arc::clone(&count);
        let thread = std::thread::Builder::new().spawn(move || {
            // Anything but a time-out means that it is over.
            let is_over = |patience| wait.recv_timeout(patience) != Err(RecvTimeoutError::Timeout);
            if is_over(PATIENCE) {
                return;
            }
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            loop {
                bar.set_message(message(&doing, &counted));
                bar.tick();
                if is_over(TICK) {
                    break;
                }
            }
            bar.finish_and_clear();
        });
        // Without a thread there is no sign of life, and the work goes on.
        Self(thread.ok().map(|thread| Shown { done, thread, count }))
    }

    /// Says how far it has come.
    pub fn count(&self, done: u64, total: u64) {
        if let Self(Some(shown)) = self {
            shown.count.total.store(total, Relaxed);
            shown.count.done.store(done, Relaxed);
        }
    }
}

fn message(doing: &str, count: &Count) -> String {
    match (count.done.load(Relaxed), count.total.load(Relaxed)) {
        (_, 0) => doing.to_owned(),
        (done, total) => format!("{doing}: {} of {}", grouped(done), grouped(total)),
    }
}

/// `1,200`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(Shown { done, thread, .. }) = self.0.take() {
            drop(done);
            // A thread that panicked has nothing left to clear.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_work_ends_without_waiting() {
        let start = std::time::Instant::now();
        drop(Progress::start(true, "working".to_owned()));
        drop(Progress::start(false, "working".to_owned()));
        assert!(start.elapsed() < PATIENCE);
    }

    #[test]
    fn numbers_are_shown_once_there_are_some() {
        let progress = Progress::start(true, String::new());
        let count = || &progress.0.as_ref().unwrap().count;
        assert_eq!(message("Syncing", count()), "Syncing");
        progress.count(999, 5_000);
        assert_eq!(message("Syncing", count()), "Syncing: 999 of 5,000");
        progress.count(1_234_567, 12_345_678);
        assert_eq!(message("Syncing", count()), "Syncing: 1,234,567 of 12,345,678");
        Progress::start(false, String::new()).count(1, 2);
    }
}
