//! The directories, manifests and stores that rows work on.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peers::Result;
use peers::time::rfc3339;

use crate::process::Command;

pub const STORES: [&str; 4] = ["lmdb", "redb", "sqlite", "fjall"];
pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 24 * HOUR;

/// After this a manifest's time stamp can no longer be that of its last check, on any file system.
const NO_LONGER_RACY: Duration = Duration::from_millis(2_100);

pub struct Lab {
    root: PathBuf,
    peers: PathBuf,
    builds: Vec<Build>,
    pub now: u64,
    /// Instructions are counted instead of time.
    pub counts: bool,
}

/// A build of gh-pmu. Each has caches of its own, as their formats may differ.
pub struct Build {
    pub name: &'static str,
    pub file: PathBuf,
    cache: &'static str,
}

/// The name of the program in every row.
pub const PROGRAM: &str = "gh-pmu";
/// That of the build it is compared with.
pub const BEFORE: &str = "before";

/// A directory with a manifest, and the caches that belong to it.
pub struct Checkout {
    pub dir: PathBuf,
    pub manifest: PathBuf,
}

impl Checkout {
    pub fn in_dir(dir: PathBuf) -> Self {
        Self { manifest: dir.join(".github/pmu-cache.json"), dir }
    }

    pub fn cache(&self, build: &Build) -> PathBuf {
        self.dir.with_extension(build.cache)
    }
}

impl Lab {
    /// Empties `root` of what an earlier run left.
    pub fn new(root: &Path, program: &Path, before: Option<&Path>) -> Result<Self> {
        let root = std::path::absolute(root)?;
        if root.join(MARK).exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(root.join("home"))?;
        fs::write(root.join(MARK), "")?;
        let peers = std::env::current_exe()?.parent().ok_or("the harness lies in no directory")?.to_owned();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut builds = vec![Build { name: PROGRAM, file: std::path::absolute(program)?, cache: "cache" }];
        if let Some(before) = before {
            builds.push(Build { name: BEFORE, file: std::path::absolute(before)?, cache: "before.cache" });
        }
        Ok(Self { root, peers, builds, now, counts: false })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The program; then, if it was named, the build before it.
    pub fn builds(&self) -> &[Build] {
        &self.builds
    }

    pub fn peer_file(&self, name: &str) -> PathBuf {
        self.peers.join(name)
    }

    /// A peer or baseline; its first words are `args`.
    pub fn peer(&self, name: &str, args: &[&str]) -> Command {
        self.with_env(Command::new(&self.peer_file(name), &self.root)).args(args.iter().copied())
    }

    /// A build of the program in a checkout.
    pub fn program(&self, build: &Build, checkout: &Checkout, args: &[&str]) -> Command {
        self.with_env(Command::new(&build.file, &checkout.dir))
            .env("GH_PMU_CACHE_DIR", checkout.cache(build))
            .args(args.iter().copied())
    }

    /// Every process gets the same few variables, and none of the user's configuration.
    pub fn with_env(&self, command: Command) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", path).env("HOME", self.path("home")).env("TZ", "UTC")
    }

    pub fn generate(&self, to: &Path, count: u64, changes: u64, updated_at: u64) -> Result<()> {
        let (count, changes) = (count.to_string(), changes.to_string());
        let args = [count.as_str(), "--changes", &changes, "--updated-at", &rfc3339(updated_at)];
        self.peer("manifest", &args).write_to(to)
    }

    /// A checkout without a commit, as little of one as is recognised.
    pub fn empty_checkout(&self, name: &str, remote: &str) -> Result<Checkout> {
        let dir = self.path(name);
        let git = dir.join(".git");
        fs::create_dir_all(git.join("objects"))?;
        fs::create_dir_all(git.join("refs/heads"))?;
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
        fs::write(git.join("config"), format!("[core]\n\trepositoryformatversion = 0\n\tbare = false\n{remote}"))?;
        fs::create_dir_all(dir.join(".github"))?;
        Ok(Checkout::in_dir(dir))
    }

    /// A checkout with a manifest of `count` trackers, 30 days old, and an empty cache.
    pub fn fresh_checkout(&self, name: &str, count: u64) -> Result<Checkout> {
        let checkout = self.empty_checkout(name, "[remote \"origin\"]\n\turl = https://github.com/owner/name.git\n")?;
        self.generate(&checkout.manifest, count, 0, self.now - 30 * DAY)?;
        Ok(checkout)
    }

    /// A checkout that was synced 30 days ago and, with one change, an hour ago. Made once for every `count`.
    pub fn checkout(&self, count: u64) -> Result<Checkout> {
        let name = format!("checkout-{count}");
        let dir = self.path(&name);
        if dir.exists() {
            return Ok(Checkout::in_dir(dir));
        }
        let checkout = self.fresh_checkout(&name, count)?;
        self.sync(&checkout);
        self.generate(&checkout.manifest, count, 1, self.now - HOUR)?;
        self.sync(&checkout);
        // The second sync finds a time stamp that can be trusted, and may record it.
        std::thread::sleep(NO_LONGER_RACY);
        self.sync(&checkout);
        Ok(checkout)
    }

    /// Syncs with every build. Where one fails, the rows say so; the peers need no more than the manifest.
    pub fn sync(&self, checkout: &Checkout) {
        for build in &self.builds {
            // A program that cannot be started is reported by the row's rehearsal.
            let _ = self.program(build, checkout, &["cache", "sync"]).ask(&self.scratch());
        }
    }

    pub fn scratch(&self) -> PathBuf {
        self.path("stderr")
    }

    pub fn store_dir(&self, store: &str, name: &str) -> PathBuf {
        self.path(&format!("{name}.{store}"))
    }

    /// The command that syncs a store with the checkout's manifest.
    pub fn store_sync(&self, store: &str, checkout: &Checkout, db: &Path, with_diff: bool) -> Command {
        let verb: &[&str] = if with_diff { &["sync"] } else { &["sync", "--no-diff"] };
        self.peer(store, verb).arg(&checkout.manifest).arg(db)
    }

    /// A store that is in sync with the shared checkout of `count`. Made once.
    pub fn store(&self, store: &str, count: u64) -> Result<PathBuf> {
        let db = self.store_dir(store, &format!("checkout-{count}"));
        if !db.exists() {
            self.store_sync(store, &self.checkout(count)?, &db, true).run()?;
        }
        Ok(db)
    }
}

/// Only a directory with this file in it is ever emptied.
const MARK: &str = ".made-by-ratios";

/// Two manifests with one change between them, which take turns; every turn is a second newer than the one before.
pub struct Turns {
    shown: PathBuf,
    waiting: PathBuf,
    updated_at: u64,
}

impl Turns {
    pub fn new(lab: &Lab, checkout: &Checkout, count: u64) -> Result<Self> {
        let waiting = checkout.manifest.with_extension("waiting");
        lab.generate(&waiting, count, 1, lab.now - 20 * DAY)?;
        Ok(Self { shown: checkout.manifest.clone(), waiting, updated_at: lab.now - 20 * DAY })
    }

    /// Puts the other manifest in place.
    pub fn next(&mut self) -> Result<()> {
        self.updated_at += 1;
        set_updated_at(&self.waiting, self.updated_at)?;
        let aside = self.shown.with_extension("aside");
        fs::rename(&self.shown, &aside)?;
        fs::rename(&self.waiting, &self.shown)?;
        fs::rename(&aside, &self.waiting)?;
        Ok(())
    }
}

/// Overwrites the 20 bytes of the time in the manifest's head.
fn set_updated_at(manifest: &Path, seconds: u64) -> Result<()> {
    const KEY: &[u8] = b"\"updated_at\": \"";
    let file = File::options().read(true).write(true).open(manifest)?;
    let mut head = [0; 100];
    file.read_exact_at(&mut head, 0)?;
    let key = head.windows(KEY.len()).position(|bytes| bytes == KEY).ok_or("no updated_at in the manifest's head")?;
    file.write_all_at(rfc3339(seconds).as_bytes(), (key + KEY.len()) as u64)?;
    Ok(file.sync_all()?)
}

/// Bytes of all files below a directory: their lengths, and what the file system set aside for them.
pub fn disk_use(dir: &Path) -> Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let (mut len, mut allocated) = (0, 0);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let (inner_len, inner_allocated) = disk_use(&entry.path())?;
            len += inner_len;
            allocated += inner_allocated;
        } else {
            len += metadata.len();
            allocated += metadata.blocks() * 512;
        }
    }
    Ok((len, allocated))
}

/// Removes a directory if it is there.
pub fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
