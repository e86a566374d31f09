//! Hosts as ssh's configuration has them: `git@github-work:octo-org/atlas.git` is on the host that `HostName` names.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use super::wait::within;
use crate::model::Repo;
use crate::program;

/// GitHub's host for ssh over the port of https.
const SSH_OVER_HTTPS: &str = "ssh.github.com";
/// Asking takes milliseconds; a `Match exec` or a look-up in DNS that the user has configured may take longer.
const LIMIT: Duration = Duration::from_secs(3);
/// What `ssh -G` prints is a few kilobytes.
const MAX_OUTPUT: u64 = 64 << 10;

/// What ssh said, each host once.
pub(super) struct Aliases<'p> {
    program: &'p OsStr,
    said: RefCell<HashMap<String, String>>,
}

impl<'p> Aliases<'p> {
    /// Asks the program that is ssh.
    pub(super) fn of(program: &'p OsStr) -> Self {
        Self { program, said: RefCell::default() }
    }

    /// The host behind the one that ssh connects to for `host`; `host` itself where ssh does not tell.
    pub(super) fn host(&self, host: &str) -> String {
        let mut said = self.said.borrow_mut();
        let answer = said.entry(host.to_owned()).or_insert_with(|| self.ask(host).unwrap_or_else(|| host.to_owned()));
        real(answer).to_owned()
    }

    /// Ssh's own answer: it knows `Include`, `Match` and patterns, and whose configuration it reads.
    fn ask(&self, host: &str) -> Option<String> {
        // Ssh would take it for an option; and its configuration may hand the name to a shell (`Match exec`).
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if host.is_empty() || host.starts_with('-') || !host.chars().all(is_name) {
            return None;
        }
        let mut ssh = program::command(self.program);
        ssh.args(["-G", "--", host]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = ssh.spawn().ok()?;
        let status = within(LIMIT, &mut child).ok()??;
        let mut text = String::new();
        child.stdout?.take(MAX_OUTPUT).read_to_string(&mut text).ok()?;
        let name = text.lines().find_map(|line| line.strip_prefix("hostname "))?.trim();
        (status.success() && !name.is_empty()).then(|| name.to_owned())
    }
}

/// The host of GitHub behind a name that ssh connects to.
pub(super) fn real(host: &str) -> &str {
    if host.eq_ignore_ascii_case(SSH_OVER_HTTPS) { Repo::DEFAULT_HOST } else { host }
}
