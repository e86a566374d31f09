//! A sign of life on standard error while something takes long. Owns its thread; must not know what takes long.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const PATIENCE: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(100);

/// Shown from half a second on until it is dropped.
pub struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Shows nothing, and starts nothing, where nobody looks.
    pub fn start(is_shown: bool, doing: String) -> Self {
        if !is_shown {
            return Self(None);
        }
        let (done, wait) = channel();
        let thread = std::thread::spawn(move || {
            // Anything but a time-out means that it is over.
            if wait.recv_timeout(PATIENCE) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::new_spinner().with_message(doing);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            let _ = wait.recv();
            bar.finish_and_clear();
        });
        Self(Some((done, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
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
}
