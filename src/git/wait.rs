//! Waiting for a program, but not for ever.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(5);

/// How the child ended; `None` where it had to be ended after `limit`.
pub(super) fn within(limit: Duration, child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if waited >= limit {
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        std::thread::sleep(POLL);
        waited += POLL;
    }
}
