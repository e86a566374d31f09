//! The one command that writes to the checkout and uses the network, for those who asked for it.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use super::checkout::Checkout;
use super::error::GitError;
use super::program::{SAID_LIMIT, broken};
use super::wait::within;

impl Checkout {
    /// Brings what others pushed: `git pull --ff-only`, or with `branch`, a remote and a branch of it, a fetch of that
    /// alone. Asks nobody anything, and is ended after `limit`.
    ///
    /// # Errors
    /// No git, git's own first line, or the limit.
    pub fn pull(&self, branch: Option<(&str, &str)>, limit: Duration) -> Result<(), GitError> {
        let mut git = self.git_online();
        match branch {
            None => git.args(["pull", "--ff-only", "--quiet"]),
            Some((remote, branch)) => {
                let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
                git.args(["fetch", "--quiet", remote, &refspec])
            }
        };
        git.env("GCM_INTERACTIVE", "never").env("SSH_ASKPASS_REQUIRE", "never");
        let mut child = git.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(GitError::starting)?;
        let Some(status) = within(limit, &mut child).map_err(broken)? else {
            return Err(GitError::Failed(format!("it took longer than {} seconds", limit.as_secs())));
        };
        if status.success() {
            return Ok(());
        }
        let mut said = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            stderr.take(SAID_LIMIT).read_to_end(&mut said).map_err(broken)?;
        }
        Err(GitError::said(&said, &status.to_string()))
    }
}
