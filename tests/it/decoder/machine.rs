//! A machine of its own for the program and the decoder: a checkout with a real history, and a cache.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where the decoder is.
pub const DECODER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decoder");
const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moq-transport.bundle");
const MANIFEST: &str = ".github/pmu-cache.json";

/// A directory with all that the program sees, and an environment without anything else.
pub struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    /// A clone of the real history, and nothing cached.
    pub fn new() -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        let clone = machine.checkout();
        machine.call("git", machine.dir.path(), &["clone", "-q", BUNDLE, clone.to_str().unwrap()]);
        machine
    }

    fn checkout(&self) -> PathBuf {
        self.dir.path().join("checkout")
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("cache/github.com/moq-wg/moq-transport")
    }

    /// Runs a program to its end; gives what it printed.
    fn call(&self, program: &str, at: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(at).env_clear();
        // Without the last two a python3 of pyenv would look for itself in our home directory.
        for name in ["PATH", "SYSTEMROOT", "PYENV_ROOT", "PYENV_VERSION"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.dir.path()).env("GH_PMU_CACHE_DIR", self.dir.path().join("cache"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("TZ", "UTC");
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The commits of the history, oldest first.
    pub fn versions(&self) -> Vec<String> {
        let log = self.call("git", &self.checkout(), &["log", "--first-parent", "--reverse", "--format=%H"]);
        log.lines().map(str::to_owned).collect()
    }

    /// The program.
    pub fn run(&self, arguments: &[&str]) -> String {
        // OK to ask at run time: at compile time the shell of `.cargo/rustc` drops a name with a hyphen.
        let program = std::env::var("CARGO_BIN_EXE_gh-pmu").unwrap();
        self.call(&program, &self.checkout(), arguments)
    }

    /// The program, asked for JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments)).unwrap()
    }

    /// Checks the commits out, one after the other, and lists in each.
    pub fn sync_each(&self, commits: &[String]) {
        for commit in commits {
            self.call("git", &self.checkout(), &["checkout", "-q", commit]);
            self.run(&["release", "list"]);
        }
    }

    /// Checks a commit out and leaves its files alone, without git.
    pub fn forget_git(&self, commit: &str) {
        self.sync_each(&[commit.to_owned()]);
        fs::remove_dir_all(self.checkout().join(".git")).unwrap();
    }

    /// What the decoder makes of the store.
    pub fn decode(&self) -> Value {
        let store = self.store();
        serde_json::from_str(&self.decoder(&[store.to_str().unwrap()])).unwrap()
    }

    /// The state hash of the manifest in the checkout.
    pub fn state_hash_of_manifest(&self) -> String {
        let manifest = self.checkout().join(MANIFEST);
        self.decoder(&["--state-hash-of", manifest.to_str().unwrap()]).trim().to_owned()
    }

    fn decoder(&self, arguments: &[&str]) -> String {
        let arguments: Vec<&str> = ["-B", "decode_store.py"].into_iter().chain(arguments.iter().copied()).collect();
        self.call("python3", Path::new(DECODER), &arguments)
    }

    /// The first segment of the log.
    fn log(&self) -> PathBuf {
        let names = fs::read_dir(self.store()).unwrap().map(|entry| entry.unwrap().path());
        let mut logs: Vec<PathBuf> =
            names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("log-")).collect();
        logs.sort();
        logs.swap_remove(0)
    }

    /// Writes behind the last commit.
    pub fn append_to_log(&self, bytes: &[u8]) {
        fs::OpenOptions::new().append(true).open(self.log()).unwrap().write_all(bytes).unwrap();
    }

    /// Turns the bytes between two percentages of the log over.
    pub fn damage_log(&self, from: usize, to: usize) {
        let path = self.log();
        let mut bytes = fs::read(&path).unwrap();
        let len = bytes.len();
        bytes[len * from / 100..len * to / 100].iter_mut().for_each(|byte| *byte ^= 0xFF);
        fs::write(&path, bytes).unwrap();
    }
}
