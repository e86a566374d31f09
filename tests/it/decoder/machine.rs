//! A machine of its own for the program: a directory to work in, and a cache.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::decoders;

const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moq-transport.bundle");
const MANIFEST: &str = ".github/pmu-cache.json";

/// A directory with all that the program sees, and an environment without anything else.
pub struct Machine {
    dir: tempfile::TempDir,
    /// The directory of the repository's store below the cache.
    store: &'static str,
}

impl Machine {
    /// A clone of a real history, and nothing cached.
    pub fn with_history() -> Self {
        let machine = Self::without_git("github.com/moq-wg/moq-transport");
        fs::remove_dir(machine.work()).unwrap();
        machine.call("git", machine.dir.path(), &["clone", "-q", BUNDLE, machine.work().to_str().unwrap()]);
        machine
    }

    /// An empty directory to work in, and nothing cached.
    pub fn without_git(store: &'static str) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap(), store };
        fs::create_dir(machine.work()).unwrap();
        machine
    }

    fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub fn store(&self) -> PathBuf {
        self.cache().join(self.store)
    }

    pub fn manifest(&self) -> PathBuf {
        self.work().join(MANIFEST)
    }

    /// Runs a program to its end, whatever comes of it.
    fn output(&self, program: &str, at: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(at).env_clear();
        for name in ["PATH", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.dir.path()).env("GH_PMU_CACHE_DIR", self.cache());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("TZ", "UTC");
        command.output().unwrap()
    }

    /// Runs a program to its end; gives what it printed.
    fn call(&self, program: &str, at: &Path, arguments: &[&str]) -> String {
        let output = self.output(program, at, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        self.call("git", &self.work(), arguments)
    }

    /// The commits of the history, oldest first.
    pub fn versions(&self) -> Vec<String> {
        let log = self.git(&["log", "--first-parent", "--reverse", "--format=%H"]);
        log.lines().map(str::to_owned).collect()
    }

    /// The program.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.call(&program(), &self.work(), arguments)
    }

    /// The program, asked for JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments)).unwrap()
    }

    /// The program's exit code.
    pub fn code(&self, arguments: &[&str]) -> Option<i32> {
        self.output(&program(), &self.work(), arguments).status.code()
    }

    /// Checks the commits out, one after the other, and lists in each.
    pub fn sync_each(&self, commits: &[String]) {
        for commit in commits {
            self.git(&["checkout", "-q", commit]);
            self.run(&["release", "list"]);
        }
    }

    /// Leaves the files of the checkout alone, without git.
    pub fn forget_git(&self) {
        fs::remove_dir_all(self.work().join(".git")).unwrap();
    }

    /// Changes the manifest in the directory, or writes the first.
    pub fn write_manifest(&self, manifest: &Value) {
        fs::create_dir_all(self.manifest().parent().unwrap()).unwrap();
        fs::write(self.manifest(), serde_json::to_vec_pretty(manifest).unwrap()).unwrap();
    }

    pub fn read_manifest(&self) -> Value {
        serde_json::from_slice(&fs::read(self.manifest()).unwrap()).unwrap()
    }

    /// The state hash of the manifest in the directory.
    pub fn state_hash_of_manifest(&self) -> String {
        decoders::decoder(&["--state-hash-of", self.manifest().to_str().unwrap()]).trim().to_owned()
    }

    /// The log that is live.
    fn log(&self) -> PathBuf {
        let names = fs::read_dir(self.store()).unwrap().map(|entry| entry.unwrap().path());
        let generation = |path: &PathBuf| -> Option<u64> {
            path.file_name().unwrap().to_str().unwrap().strip_prefix("log-")?.parse().ok()
        };
        names.filter(|path| generation(path).is_some()).max_by_key(generation).unwrap()
    }

    /// Writes after the last commit.
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

/// The program under test.
fn program() -> String {
    // OK to ask at run time: at compile time the shell of `.cargo/rustc` drops a name with a hyphen.
    std::env::var("CARGO_BIN_EXE_gh-pmu").unwrap()
}
