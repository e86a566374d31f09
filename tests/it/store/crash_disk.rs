//! A disk in memory that knows what a power cut would leave.
//!
//! Every file has synced content and writes since; every directory has durable names and changes of names since. Each
//! call that changes something is an operation with a number, and the disk can stop or fail at any of them. What a
//! stopped disk may then hold are its images.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use gh_pmu::format::Signature;
use gh_pmu::fs::{Bytes, Lock, ReadFile, Storage, WriteFile};

/// What goes wrong, counted from [`CrashDisk::arm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The machine stops before this operation: this and every later call fails, reading included.
    Stop(usize),
    /// This operation fails; a write is half done.
    FailOnce(usize),
    /// This operation and every later one that changes something fail; reading goes on.
    FailFrom(usize),
}

/// Something that a power cut may undo.
#[derive(Clone, Debug, Hash)]
enum Pending {
    Write { inode: usize, offset: u64, bytes: Vec<u8> },
    Cut { inode: usize, len: u64 },
    Create { path: PathBuf, inode: usize },
    Rename { from: PathBuf, to: PathBuf, inode: usize },
    Remove { path: PathBuf, inode: usize },
}

#[derive(Clone, Default, Hash)]
struct Inode {
    durable: Vec<u8>,
    now: Vec<u8>,
}

type Names = BTreeMap<PathBuf, usize>;

#[derive(Clone, Default)]
struct State {
    inodes: Vec<Inode>,
    dirs: BTreeSet<PathBuf>,
    durable: Names,
    now: Names,
    pending: Vec<Pending>,
    locks: BTreeSet<PathBuf>,
    nonces: u64,
    operations: usize,
    /// The operations that were calls of `sync` or `sync_dir`.
    syncs: Vec<usize>,
    fault: Fault,
    stopped: bool,
    /// This call of `sync` or `sync_dir` does nothing and says that it did.
    skip_sync: Option<usize>,
    /// Calls that read, since [`CrashDisk::interrupt`].
    reads: usize,
    interrupt: Option<(usize, Interrupt)>,
    /// After a failed sync the system calls the pages clean: visible, and never written.
    failed_sync_loses: bool,
}

/// What another process does.
type Interrupt = Rc<dyn Fn()>;

/// The disk. Clones are handles to the same one; [`CrashDisk::fork`] copies.
#[derive(Clone, Default)]
pub struct CrashDisk(Rc<RefCell<State>>);

/// What a write that was under way left.
#[derive(Clone, Copy, Debug)]
enum Torn {
    /// So many of its first bytes.
    Prefix(usize),
    /// Its length, and zeros.
    Zeros,
    /// All but the page of 4096 bytes with this number, which is zeros.
    WithoutPage(usize),
}

const PAGE: usize = 4096;
/// Up to so many pending changes, every subset of them is an image.
const ALL_SUBSETS_UP_TO: usize = 6;
const RANDOM_SUBSETS: usize = 24;

impl CrashDisk {
    /// A copy that goes its own way, with nothing armed and no lock held: pending changes stay pending, as after a
    /// process was killed.
    pub fn fork(&self) -> Self {
        let mut state = self.0.borrow().clone();
        (state.operations, state.fault, state.stopped) = (0, Fault::None, false);
        state.syncs.clear();
        (state.skip_sync, state.failed_sync_loses, state.interrupt) = (None, false, None);
        state.locks.clear();
        Self(Rc::new(RefCell::new(state)))
    }

    /// Counts operations from now on, and fails as told.
    pub fn arm(&self, fault: Fault, skip_sync: Option<usize>) {
        let mut state = self.0.borrow_mut();
        (state.operations, state.stopped) = (0, false);
        state.syncs.clear();
        (state.fault, state.skip_sync) = (fault, skip_sync);
    }

    /// From now on a failed sync loses what it was to write.
    pub fn lose_on_failed_sync(&self) {
        self.0.borrow_mut().failed_sync_loses = true;
    }

    /// Lets another process act just before so many-th call that reads, from now on.
    pub fn interrupt(&self, read: usize, act: impl Fn() + 'static) {
        let mut state = self.0.borrow_mut();
        state.reads = 0;
        state.interrupt = Some((read, Rc::new(act)));
    }

    /// Whether [`Self::interrupt`] is still to come.
    pub fn awaits_interrupt(&self) -> bool {
        self.0.borrow().interrupt.is_some()
    }

    /// Operations since [`Self::arm`].
    pub fn operations(&self) -> usize {
        self.0.borrow().operations
    }

    /// Which operations since [`Self::arm`] were calls of `sync` or `sync_dir`.
    pub fn syncs(&self) -> Vec<usize> {
        self.0.borrow().syncs.clone()
    }

    /// What the disk holds as readers see it, names and bytes and what is pending: equal for equal disks.
    pub fn fingerprint(&self) -> u64 {
        let state = self.0.borrow();
        let mut hasher = DefaultHasher::new();
        for (path, inode) in &state.now {
            (path, &state.inodes[*inode]).hash(&mut hasher);
        }
        state.pending.hash(&mut hasher);
        hasher.finish()
    }

    /// Names of all files, in order.
    pub fn names(&self) -> Vec<String> {
        let state = self.0.borrow();
        state.now.keys().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }

    /// A file's bytes.
    pub fn content(&self, path: &Path) -> Vec<u8> {
        let state = self.0.borrow();
        state.inodes[state.now[path]].now.clone()
    }

    /// Gives a file other bytes, durably.
    pub fn set_content(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.0.borrow_mut();
        let inode = state.now[path];
        state.inodes[inode] = Inode { durable: bytes.clone(), now: bytes };
    }

    /// The disk after a power cut that left only what was synced.
    pub fn only_synced(&self) -> Self {
        self.image(|_| false, None)
    }

    /// The disk after a power cut, when everything had reached it just before.
    pub fn all_kept(&self) -> Self {
        self.image(|_| true, None)
    }

    /// The disk after a power cut that kept one file, as it stood, and otherwise only what was synced.
    pub fn only_synced_and(&self, name: &str) -> Self {
        let state = self.0.borrow();
        let inodes: BTreeSet<usize> =
            state.now.iter().filter(|(path, _)| path.ends_with(name)).map(|(_, i)| *i).collect();
        let keep: Vec<bool> = state.pending.iter().map(|pending| inodes.contains(&pending.inode())).collect();
        drop(state);
        self.image(|at| keep[at], None)
    }

    /// What a power cut now may leave; the label says which image it is.
    pub fn images(&self, seed: u64) -> Vec<(String, Self)> {
        let count = self.0.borrow().pending.len();
        let mut images = vec![(String::from("process killed"), self.fork())];
        for kept in subsets(count, seed) {
            images.push((format!("kept {}", mask(&kept)), self.image(|at| kept[at], None)));
        }
        let last_write = {
            let state = self.0.borrow();
            let last = state.pending.iter().rposition(|pending| matches!(pending, Pending::Write { .. }));
            last.map(|at| (at, state.pending[at].write_len()))
        };
        let Some((at, len)) = last_write else { return images };
        let mut torn: Vec<Torn> =
            [1, 79, 80, 512, PAGE, (len / 2) | 1, len.saturating_sub(1)].map(Torn::Prefix).to_vec();
        torn.push(Torn::Zeros);
        torn.extend((0..len.div_ceil(PAGE)).filter(|_| len > PAGE).map(Torn::WithoutPage));
        for torn in torn.into_iter().filter(|torn| !matches!(torn, Torn::Prefix(kept) if *kept >= len)) {
            images.push((format!("kept all, last write {torn:?}"), self.image(|_| true, Some((at, torn)))));
            images.push((format!("kept last write, {torn:?}"), self.image(|each| each == at, Some((at, torn)))));
        }
        images
    }

    fn image(&self, keep: impl Fn(usize) -> bool, torn: Option<(usize, Torn)>) -> Self {
        let fork = self.fork();
        let mut state = fork.0.borrow_mut();
        for (at, pending) in std::mem::take(&mut state.pending).into_iter().enumerate().filter(|(at, _)| keep(*at)) {
            let torn = torn.filter(|(last, _)| *last == at).map(|(_, torn)| torn);
            state.make_durable(torn.map_or(pending.clone(), |torn| pending.torn(torn)));
        }
        let State { inodes, durable, now, .. } = &mut *state;
        inodes.iter_mut().for_each(|inode| inode.now.clone_from(&inode.durable));
        now.clone_from(durable);
        drop(state);
        fork
    }

    /// Counts an operation; an error where the fault says so, after which a write is half done.
    fn operation(&self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let number = state.operations;
        state.operations += 1;
        match state.fault {
            Fault::Stop(at) if number >= at => {
                state.stopped = true;
                Err(io::Error::other("the machine stopped"))
            }
            Fault::FailOnce(at) if number == at => Err(io::ErrorKind::StorageFull.into()),
            Fault::FailFrom(at) if number >= at => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn reading(&self) -> io::Result<()> {
        let due = {
            let mut state = self.0.borrow_mut();
            let number = state.reads;
            state.reads += 1;
            state.interrupt.take_if(|(read, _)| *read == number)
        };
        if let Some((_, act)) = due {
            act();
        }
        if self.0.borrow().stopped { Err(io::Error::other("the machine stopped")) } else { Ok(()) }
    }

    /// Whether this call of a sync does what it says.
    fn syncs_truly(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let (number, operation) = (state.syncs.len(), state.operations - 1);
        state.syncs.push(operation);
        state.skip_sync != Some(number)
    }
}

impl Pending {
    fn inode(&self) -> usize {
        match self {
            Pending::Write { inode, .. }
            | Pending::Cut { inode, .. }
            | Pending::Create { inode, .. }
            | Pending::Rename { inode, .. }
            | Pending::Remove { inode, .. } => *inode,
        }
    }

    fn write_len(&self) -> usize {
        if let Pending::Write { bytes, .. } = self { bytes.len() } else { 0 }
    }

    /// The directory whose sync makes it durable; `None` for a write.
    fn dir(&self) -> Option<&Path> {
        match self {
            Pending::Write { .. } | Pending::Cut { .. } => None,
            Pending::Create { path, .. } | Pending::Remove { path, .. } | Pending::Rename { to: path, .. } => {
                path.parent()
            }
        }
    }

    fn torn(mut self, torn: Torn) -> Self {
        if let Pending::Write { bytes, .. } = &mut self {
            match torn {
                Torn::Prefix(kept) => bytes.truncate(kept),
                Torn::Zeros => bytes.fill(0),
                Torn::WithoutPage(page) => {
                    let end = bytes.len().min((page + 1) * PAGE);
                    bytes[page * PAGE..end].fill(0);
                }
            }
        }
        self
    }
}

impl State {
    fn make_durable(&mut self, pending: Pending) {
        match pending {
            Pending::Write { inode, offset, bytes } => write(&mut self.inodes[inode].durable, offset, &bytes),
            Pending::Cut { inode, len } => self.inodes[inode].durable.truncate(usize::try_from(len).unwrap()),
            Pending::Create { path, inode } => drop(self.durable.insert(path, inode)),
            Pending::Rename { from, to, inode } => {
                if self.durable.get(&from) == Some(&inode) {
                    self.durable.remove(&from);
                }
                self.durable.insert(to, inode);
            }
            Pending::Remove { path, inode } => {
                if self.durable.get(&path) == Some(&inode) {
                    self.durable.remove(&path);
                }
            }
        }
    }

    fn settle(&mut self, settles: impl Fn(&Pending) -> bool) {
        let (settled, rest) = std::mem::take(&mut self.pending).into_iter().partition(settles);
        self.pending = rest;
        let settled: Vec<Pending> = settled;
        settled.into_iter().for_each(|pending| self.make_durable(pending));
    }

    fn create(&mut self, path: &Path) -> usize {
        self.remove(path);
        self.inodes.push(Inode::default());
        let inode = self.inodes.len() - 1;
        self.now.insert(path.to_owned(), inode);
        self.pending.push(Pending::Create { path: path.to_owned(), inode });
        inode
    }

    fn remove(&mut self, path: &Path) -> bool {
        let removed = self.now.remove(path);
        self.pending.extend(removed.map(|inode| Pending::Remove { path: path.to_owned(), inode }));
        removed.is_some()
    }
}

fn write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let offset = usize::try_from(offset).unwrap();
    content.resize(content.len().max(offset + bytes.len()), 0);
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn mask(kept: &[bool]) -> String {
    kept.iter().map(|kept| if *kept { '1' } else { '0' }).collect()
}

/// Every subset of a few things; of many: none, all, each alone, each alone missing, each prefix, and random ones.
fn subsets(count: usize, seed: u64) -> Vec<Vec<bool>> {
    if count <= ALL_SUBSETS_UP_TO {
        return (0..1_usize << count).map(|bits| (0..count).map(|at| bits >> at & 1 == 1).collect()).collect();
    }
    let of = |keep: &dyn Fn(usize) -> bool| -> Vec<bool> { (0..count).map(keep).collect() };
    let mut subsets = vec![of(&|_| false), of(&|_| true)];
    for each in 0..count {
        subsets.extend([of(&|at| at == each), of(&|at| at != each), of(&|at| at < each)]);
    }
    let mut random = seed;
    for _ in 0..RANDOM_SUBSETS {
        random = splitmix(random);
        subsets.push(of(&|at| random >> (at % 64) & 1 == 1));
    }
    subsets
}

/// SplitMix64, by Sebastiano Vigna: the next number of a reproducible sequence.
fn splitmix(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

struct OpenFile {
    disk: CrashDisk,
    inode: usize,
}

impl ReadFile for OpenFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.reading()?;
        Ok(self.disk.0.borrow().inodes[self.inode].now.len() as u64)
    }

    fn read_at(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        self.disk.reading()?;
        let state = self.disk.0.borrow();
        let content = &state.inodes[self.inode].now;
        let start = content.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let end = content.len().min(start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX)));
        Ok(content[start..end].to_vec())
    }

    fn bytes(&self, len: u64) -> io::Result<Bytes> {
        let bytes = self.read_at(0, len)?;
        if (bytes.len() as u64) < len { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Bytes::read(bytes)) }
    }
}

impl WriteFile for OpenFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let allowed = self.disk.operation();
        let mut state = self.disk.0.borrow_mut();
        let bytes = if allowed.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        if !state.stopped {
            write(&mut state.inodes[self.inode].now, offset, bytes);
            state.pending.push(Pending::Write { inode: self.inode, offset, bytes: bytes.to_vec() });
        }
        allowed
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.disk.operation()?;
        let mut state = self.disk.0.borrow_mut();
        state.inodes[self.inode].now.truncate(usize::try_from(len).unwrap());
        state.pending.push(Pending::Cut { inode: self.inode, len });
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let allowed = self.disk.operation();
        let truly = self.disk.syncs_truly();
        let inode = self.inode;
        let of_this = |pending: &Pending| pending.dir().is_none() && pending.inode() == inode;
        let mut state = self.disk.0.borrow_mut();
        if allowed.is_ok() && truly {
            state.settle(of_this);
        } else if allowed.is_err() && state.failed_sync_loses {
            state.pending.retain(|pending| !of_this(pending));
        }
        allowed
    }
}

struct HeldLock {
    disk: CrashDisk,
    path: PathBuf,
}

impl Lock for HeldLock {}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.disk.0.borrow_mut().locks.remove(&self.path);
    }
}

impl Storage for CrashDisk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        self.reading()?;
        let state = self.0.borrow();
        let content = state.now.get(path).map(|inode| state.inodes[*inode].now.clone());
        if content.as_ref().is_some_and(|content| content.len() as u64 > limit) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content)
    }

    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn ReadFile>>> {
        self.reading()?;
        let inode = self.0.borrow().now.get(path).copied();
        Ok(inode.map(|inode| Box::new(OpenFile { disk: self.clone(), inode }) as Box<dyn ReadFile>))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.operation()?;
        if path.parent().is_none_or(|dir| !self.0.borrow().dirs.contains(dir)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inode = self.0.borrow_mut().create(path);
        Ok(Box::new(OpenFile { disk: self.clone(), inode }))
    }

    fn open_write(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.reading()?;
        let inode = self.0.borrow().now.get(path).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(OpenFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation()?;
        let mut state = self.0.borrow_mut();
        let inode = state.now.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.now.insert(to.to_owned(), inode);
        state.pending.push(Pending::Rename { from: from.to_owned(), to: to.to_owned(), inode });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<bool> {
        self.operation()?;
        Ok(self.0.borrow_mut().remove(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<bool> {
        self.operation()?;
        let mut state = self.0.borrow_mut();
        let empty = state.now.keys().chain(&state.dirs).all(|inside| inside.parent() != Some(path));
        Ok(empty && state.dirs.remove(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.operation()?;
        self.0.borrow_mut().dirs.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.reading()?;
        let state = self.0.borrow();
        let inside = state.now.keys().chain(&state.dirs).filter(|path| path.parent() == Some(dir));
        let mut names: Vec<String> = inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let allowed = self.operation();
        if self.syncs_truly() && allowed.is_ok() {
            self.0.borrow_mut().settle(|pending| pending.dir() == Some(dir));
        }
        allowed
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.operation()?;
        let mut state = self.0.borrow_mut();
        if !state.now.contains_key(path) {
            state.create(path);
        }
        if !state.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(HeldLock { disk: self.clone(), path: path.to_owned() })))
    }

    fn signature(&self, path: &Path) -> io::Result<Option<Signature>> {
        self.reading()?;
        let state = self.0.borrow();
        let signature = |inode: &usize| Signature {
            inode: *inode as u64,
            len: state.inodes[*inode].now.len() as u64,
            ..Signature::default()
        };
        Ok(state.now.get(path).map(signature))
    }

    fn wait(&self, _time: Duration) {}

    fn nonce(&self) -> [u8; 16] {
        let mut state = self.0.borrow_mut();
        state.nonces += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&splitmix(state.nonces).to_le_bytes());
        nonce[8..].copy_from_slice(&state.nonces.to_le_bytes());
        nonce
    }
}
