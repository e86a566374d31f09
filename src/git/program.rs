//! The one way of starting `git`.
//!
//! A question runs nothing that the repository names and fetches nothing: no hook, monitor, pager, helper, signature
//! check or diff program of its configuration, and no object that a partial clone has left on the server.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::checkout::Checkout;
use super::error::GitError;

use crate::program;

/// What the repository's configuration might have git run, or answer otherwise.
const OVERRIDES: [&str; 17] = [
    "advice.graftFileDeprecated=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.askPass=",
    "core.alternateRefsCommand=",
    "core.quotePath=false",
    "credential.helper=",
    "diff.external=",
    "diff.orderFile=/dev/null",
    // Else a rename that one machine sees is none on another.
    "diff.renameLimit=1000",
    "i18n.logOutputEncoding=UTF-8",
    "log.diffMerges=separate",
    "log.showRoot=true",
    "log.showSignature=false",
    "log.follow=false",
    "log.mailmap=false",
];

/// The protocols that may be used: there is none of this name. (Git before 2.45 does not know `GIT_NO_LAZY_FETCH`.)
const NO_PROTOCOL: &str = "none";

const SET: [(&str, &str); 7] = [
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", NO_PROTOCOL),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    // A replacement or a graft is this machine's alone: history is what the commits say.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("LC_ALL", "C"),
];

/// What would point git at another repository than the one around the manifest, as in a hook.
const DROPPED: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "LANGUAGE",
];

/// More than this of git's complaints nobody reads.
pub(super) const SAID_LIMIT: u64 = 64 * 1024;

/// How often it is looked whether the time is over.
const POLL: Duration = Duration::from_millis(10);

impl Checkout {
    /// A `git` that answers a question about this checkout.
    pub(super) fn git(&self) -> Command {
        self.asking(program::command("git"))
    }

    /// The same by a program of the caller's choice.
    pub(super) fn asking(&self, mut git: Command) -> Command {
        git.arg("-C").arg(self.root()).args(["--no-pager", "--literal-pathspecs"]);
        git.args(OVERRIDES.iter().flat_map(|setting| ["-c", setting]));
        git.envs(SET);
        self.settle(&mut git);
        git
    }

    /// A `git` that may use the network and whatever the user has configured for that.
    pub(super) fn git_online(&self) -> Command {
        let mut git = program::command("git");
        // Nothing that the repository names is run for having been pulled.
        git.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
        git.arg("-C").arg(self.root()).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        self.settle(&mut git);
        git
    }

    fn settle(&self, git: &mut Command) {
        DROPPED.iter().for_each(|name| {
            git.env_remove(name);
        });
        git.stdin(Stdio::null());
    }

    /// What git prints, if it ends well.
    ///
    /// # Errors
    /// No git, or git's own.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<String, GitError> {
        let output = self.git().args(arguments).output().map_err(GitError::starting)?;
        if !output.status.success() {
            return Err(GitError::said(&output.stderr, &output.status.to_string()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Everything that a question prints, unless `is_over` comes true first: then git is ended.
///
/// # Errors
/// No git, git's own, or [`GitError::TooLong`].
pub(super) fn output_within(mut git: Command, is_over: &dyn Fn() -> bool) -> Result<Vec<u8>, GitError> {
    if is_over() {
        return Err(GitError::TooLong);
    }
    let mut child = git.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(GitError::starting)?;
    let (sender, receiver) = channel();
    if let Some(mut stdout) = child.stdout.take() {
        let reading = std::thread::Builder::new().spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.read_to_end(&mut bytes).map(|_| bytes);
            // Nobody listens any more if the time was over.
            let _ = sender.send(read);
        });
        if let Err(error) = reading {
            let _ = child.kill();
            let _ = child.wait();
            return Err(broken(error));
        }
    }
    let printed = loop {
        match receiver.recv_timeout(POLL) {
            Ok(printed) => break printed.map_err(broken)?,
            Err(RecvTimeoutError::Timeout) if !is_over() => {}
            Err(_) => {
                // It may have ended by itself; then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return Err(GitError::TooLong);
            }
        }
    };
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(SAID_LIMIT).read_to_end(&mut said).map_err(broken)?;
    }
    let status = child.wait().map_err(broken)?;
    if status.success() { Ok(printed) } else { Err(GitError::said(&said, &status.to_string())) }
}

/// A pipe to git that broke.
pub(super) fn broken(error: io::Error) -> GitError {
    GitError::Failed(format!("its output could not be read: {error}"))
}
