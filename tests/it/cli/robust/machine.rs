//! What these tests ask of the machine, and what becomes of them where it has not got it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::lab::{Lab, Ran, program, text};

/// Says that a test was left out; where nobody reads such a line, the test fails instead.
pub fn skip(missing: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "this machine lacks {missing}");
    eprintln!("SKIPPED: this machine lacks {missing}");
}

fn user() -> u32 {
    Path::new("/proc/self").metadata().unwrap().uid()
}

/// A way into a mount namespace of one's own.
pub struct Namespace {
    /// Words in front of the shell that mounts.
    enter: Vec<String>,
    /// Words in front of what is run when all is mounted.
    leave: Vec<String>,
}

impl Namespace {
    /// As root; else as root of a user namespace; else through `sudo`, back to this user behind the mounts.
    pub fn find() -> Option<Self> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let back = format!("setpriv --reuid {0} --regid {0} --clear-groups", user());
        let ways = match user() {
            0 => vec![("unshare -m", "")],
            _ => vec![("unshare -U -r -m", ""), ("sudo -n unshare -m", back.as_str())],
        };
        let dir = tempfile::tempdir().unwrap();
        let ways = ways.into_iter().map(|(enter, leave)| Self { enter: words(enter), leave: words(leave) });
        ways.into_iter().find(|way| {
            let probe = way.command(&format!("mount -t tmpfs tmpfs {}", text(dir.path())), &["true"]).output();
            probe.is_ok_and(|output| output.status.success())
        })
    }

    /// Mounts, then runs the words. The environment is the caller's to set, and to pass on where `sudo` would not.
    fn command(&self, mounts: &str, run: &[&str]) -> Command {
        let mut command = Command::new(&self.enter[0]);
        command.args(&self.enter[1..]).args(["sh", "-c", &format!("{mounts} && exec \"$@\""), "sh"]);
        command.args(&self.leave).args(run);
        command
    }

    /// Runs a script of the shell in the lab's checkout behind the mounts. In both, `$C` is the cache, `$L` the lab,
    /// and `$B` the program.
    pub fn run(&self, lab: &Lab, mounts: &str, script: &str) -> Ran {
        let set = format!(
            "PATH='{}'; HOME='{}'; GH_PMU_CACHE_DIR='{}'; GH_PATH=$HOME/no-gh; C=$GH_PMU_CACHE_DIR; L='{}'; B='{}'; OWNER={}; \
             export PATH HOME GH_PMU_CACHE_DIR GH_PATH; cd '{}'",
            std::env::var("PATH").unwrap(),
            text(&lab.home),
            text(&lab.cache),
            text(&lab.root()),
            text(&program()),
            if self.leave.is_empty() { 0 } else { user() },
            text(&lab.checkout),
        );
        let script = format!("{set}; {script}");
        let mut command = self.command(&format!("{set} && {mounts}"), &["sh", "-c", &script]);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.output().unwrap().into()
    }
}

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// A user whom modes bind, unlike root: this one, or one that root becomes.
pub struct Mortal {
    /// A copy of the program that the other user can reach.
    program: Option<PathBuf>,
}

impl Mortal {
    /// Hands the lab over to that user, where it is another one.
    pub fn owner_of(lab: &Lab) -> Option<Self> {
        if user() != 0 {
            return Some(Self { program: None });
        }
        let program = lab.root().join("gh-pmu");
        // By another process: a file that this one had open for writing could be busy, as its threads start children.
        let copied = Command::new("cp").arg(crate::cli::lab::program()).arg(&program).status().unwrap();
        assert!(copied.success());
        let owner = format!("{NOBODY}:{NOBODY}");
        let changed = Command::new("chown").args(["-R", &owner, text(&lab.root())]).output();
        let mortal = Self { program: Some(program) };
        let tried = changed.is_ok_and(|output| output.status.success())
            && mortal.command(lab, &["--version"]).output().is_ok_and(|output| output.status.success());
        tried.then_some(mortal)
    }

    fn command(&self, lab: &Lab, args: &[&str]) -> Command {
        let mut command = match &self.program {
            None => lab.command(args),
            Some(program) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
                command.arg(program).args(args).current_dir(&lab.checkout);
                command
            }
        };
        lab.enclose(&mut command);
        command
    }

    /// Runs the program as that user.
    pub fn run(&self, lab: &Lab, args: &[&str]) -> Ran {
        self.command(lab, args).output().unwrap().into()
    }
}
