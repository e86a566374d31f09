//! Opening for writing. The steps are those of `format.md`, Commits.

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use super::error::{Damage, Part, StoreError};
use super::files::Store;
use super::names::{CURRENT, LOCK, is_numbered, is_own};
use super::view::View;
use crate::format::{Current, FRAME_HEADER_LEN, Fork, FormatError, FrameHeader, LogName, SignatureMark, Wrong};
use crate::fs::{Lock, TEMPORARY, WriteFile};
use crate::model::{Repo, UnixMillis};
use crate::segment::{Log, LogError};

/// How long a command that must write waits for another writer.
pub const PATIENCE: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(5);
/// A clear can take the directories away between making and locking, once each time.
const ATTEMPTS: usize = 20;

/// The one writer of a store. A failed write or sync poisons it: open another.
pub struct Writer<'s> {
    pub(super) store: Store<'s>,
    /// `HOST/OWNER/REPO`.
    pub(super) repo: String,
    pub(super) view: Option<View>,
    pub(super) file: Option<Box<dyn WriteFile>>,
    pub(super) poisoned: bool,
    /// Whether all that the view rests on is known to survive a power cut.
    pub(super) settled: bool,
    pub(super) mended: Vec<Damage>,
    _lock: Rc<dyn Lock>,
}

impl<'s> Store<'s> {
    pub(super) fn lock(&self, patience: Duration) -> Result<Box<dyn Lock>, StoreError> {
        let path = self.file(LOCK);
        let mut waited = Duration::ZERO;
        loop {
            if let Some(lock) = self.storage.try_lock(&path).map_err(StoreError::unrecorded("lock", &path))? {
                return Ok(lock);
            }
            if waited >= patience {
                return Err(StoreError::Busy { path: self.dir.clone() });
            }
            self.storage.wait(LOCK_POLL);
            waited += LOCK_POLL;
        }
    }

    /// The lock, in directories that are made if missing. A clear removes them with the lock that it held: whoever waited
    /// for it makes them again.
    pub(super) fn lock_made(&self, patience: Duration) -> Result<Rc<dyn Lock>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let made = self.storage.create_dir(&self.dir).map_err(StoreError::unrecorded("create", &self.dir));
            match made.and_then(|()| self.lock(patience)) {
                Err(StoreError::Unrecorded { source, .. }) if is_vanished(&source) && attempt < ATTEMPTS => {}
                lock => return lock.map(Rc::from),
            }
        }
    }

    /// Opens for writing, waiting up to `patience` for another writer. A store that does not exist yet is made by the
    /// first commit, for `repo`.
    ///
    /// # Errors
    /// Another writer, the system's, a newer format, or damage that leaves nothing to go on from.
    pub fn writer(&self, repo: &Repo, patience: Duration) -> Result<Writer<'s>, StoreError> {
        self.writer_under(self.lock_made(patience)?, repo)
    }

    /// As [`Self::writer`], under the store's lock.
    pub(super) fn writer_under(&self, lock: Rc<dyn Lock>, repo: &Repo) -> Result<Writer<'s>, StoreError> {
        let mut view = self.view()?;
        match &mut view {
            None => self.finish_clear()?,
            Some(view) => self.check_end(view)?,
        }
        let repo = format!("{}/{}/{}", repo.host(), repo.owner(), repo.name());
        let settled = view.as_ref().is_none_or(View::is_acknowledged);
        let (store, mended) = (self.clone(), Vec::new());
        let mut writer = Writer { store, repo, view, file: None, poisoned: false, settled, mended, _lock: lock };
        writer.tidy()?;
        Ok(writer)
    }

    /// Finds out whether the log goes on from where the view ends: an index says so alone, and nobody must append to a
    /// log that no reader accepts.
    pub(super) fn check_end(&self, view: &mut View) -> Result<(), StoreError> {
        let path = view.log_path();
        let newer = |what| Err(StoreError::Newer { path: path.clone(), what: Wrong::Unknown(what) });
        if !view.current().features.may_write() {
            return newer("a feature");
        }
        if view.state_in_doubt() {
            return Ok(());
        }
        let log = Log::open(self.storage, &self.dir, view.current().log);
        let checked = log.and_then(|log| {
            if !log.header()?.features.may_write() {
                return Ok(false);
            }
            let (at, wrong) = (view.at(), |offset| FormatError::new(offset, Wrong::Value("the last commit")));
            if at.last_frame > 0 {
                let bytes = log.read(at.last_frame, at.last_frame + FRAME_HEADER_LEN)?;
                let header = FrameHeader::decode(&bytes, view.current().log.id, at.last_frame)?;
                if header.own != at.chain || at.last_frame + header.frame_len() != at.offset || log.len() < at.offset {
                    return Err(LogError::Format(wrong(at.last_frame)));
                }
            }
            Ok(true)
        });
        match checked.map_err(|error| StoreError::log(path.clone(), error)) {
            Ok(true) => Ok(()),
            Ok(false) => newer("a feature"),
            Err(StoreError::Damaged(damage)) => {
                view.doubted(damage);
                Ok(())
            }
            Err(StoreError::Unstable { path }) => {
                view.doubted(Damage::missing(Part::Log, path));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Writer<'_> {
    /// Returns the state that the next commit continues; `None` before the first.
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// Gives up the lock and keeps the view, and what was damaged before the writer mended it.
    pub fn into_view(self) -> (Option<View>, Vec<Damage>) {
        (self.view, self.mended)
    }

    /// Syncs what an interrupted writer may have left unsynced, bytes and names, before anything is acknowledged that
    /// rests on it.
    ///
    /// # Errors
    /// The system's; a writer poisoned by an earlier failure; damage.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.check()?;
        if !self.settled {
            let synced = self.sync_found();
            self.poisoned = synced.is_err();
            synced?;
            self.settled = true;
        }
        Ok(())
    }

    fn sync_found(&mut self) -> Result<(), StoreError> {
        // What an index holds was synced before the index had its name.
        if let Some(view) = self.view.as_ref().filter(|view| view.tail().frame_count > 0) {
            let path = view.log_path();
            let file = self.store.storage.open_write(&path).map_err(StoreError::unrecorded("open", &path))?;
            self.file.insert(file).sync().map_err(StoreError::unrecorded("sync", &path))?;
        }
        self.store.sync_dir()
    }

    /// Remembers a manifest's signature. Best effort: `marks` may vanish at any time.
    pub fn record_checked(&self, entry: Option<SignatureMark>, now: UnixMillis) {
        if let Some(view) = &self.view {
            self.store.write_checked(view, self.settled, entry, now);
        }
    }

    /// Remembers whether the branch that publishes still has what it published. Best effort.
    pub fn record_fork(&self, fork: Option<Fork>) {
        if let Some(view) = &self.view {
            self.store.write_fork(view, fork);
        }
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.check_poison()?;
        let doubtful = self.view.as_ref().filter(|view| view.state_in_doubt());
        doubtful
            .and_then(|view| view.damage().first())
            .map_or(Ok(()), |damage| Err(StoreError::Damaged(damage.clone())))
    }

    pub(super) fn check_poison(&self) -> Result<(), StoreError> {
        if self.poisoned { Err(StoreError::Poisoned { path: self.store.dir.clone() }) } else { Ok(()) }
    }

    /// The names of the live log and index.
    pub(super) fn live_files(&self) -> Vec<String> {
        let Some(view) = &self.view else { return Vec::new() };
        let index = view.current().index.map(|index| index.file_name());
        std::iter::once(view.current().log.file_name()).chain(index).collect()
    }

    /// Removes what an interrupted writer left, and writes `CURRENT` if it was recovered.
    fn tidy(&mut self) -> Result<(), StoreError> {
        let dir = &self.store.dir;
        let names = self.store.storage.list(dir).map_err(StoreError::io("list", dir))?;
        let live: Vec<String> = match &self.view {
            Some(view) if view.damage().is_empty() => self.live_files(),
            // If something is damaged or missing, nothing that could replace it is thrown away.
            Some(_) => names.clone(),
            None => Vec::new(),
        };
        let retired = |name: &&String| {
            let unused = name.ends_with(TEMPORARY) || (is_numbered(name) && self.view.is_some());
            unused && is_own(name) && !live.contains(name)
        };
        let retired: Vec<&String> = names.iter().filter(retired).collect();
        if retired.iter().any(|name| !name.ends_with(TEMPORARY)) {
            // The CURRENT that retired them may not be durable yet: until then the one before it needs them.
            self.store.sync_dir()?;
        }
        for name in retired {
            // Best effort: what stays is retired next time.
            let _ = self.store.retire(name);
        }
        self.mend()
    }

    /// Writes what follows from the log alone: `CURRENT`, and the index.
    fn mend(&mut self) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        if view.state_in_doubt() || (view.damage().is_empty() && !view.is_recovered()) {
            return Ok(());
        }
        let (mut current, mut found) = (view.current().clone(), view.damage().to_vec());
        let without_index = view.index().is_none();
        if view.is_recovered() {
            current.repo.clone_from(&self.repo);
            self.settle()?;
            self.replace_current(current)?;
        }
        if without_index {
            self.compact()?;
        }
        self.view.iter_mut().for_each(View::forget_damage);
        self.mended.append(&mut found);
        Ok(())
    }

    /// After a failed sync the system may call the lost pages of a frame clean: a later writer would find the frame,
    /// sync nothing, and acknowledge a commit after it. So the log up to that frame is written again under another name.
    /// Best effort on a disk that fails: the error that led here is reported all the same.
    pub(super) fn abandon(&mut self) {
        let Some(view) = &self.view else { return };
        let (end, mut current) = (view.at().offset, view.current().clone());
        self.file = None;
        let copied = Log::open(self.store.storage, &self.store.dir, current.log).and_then(|log| {
            let header = crate::format::LogHeader { generation: current.generation + 1, ..*log.header()? };
            Ok((header, log.read(crate::format::LOG_HEADER_LEN, end)?))
        });
        let Ok((header, frames)) = copied else { return };
        let old = current.log.file_name();
        current.log = LogName { generation: header.generation, id: header.id };
        let published = self.store.publish(&current.log.file_name(), &[&header.encode(), &frames]);
        if published.and_then(|()| self.store.sync_dir()).is_ok() && self.replace_current(current).is_ok() {
            let _ = self.store.retire(&old);
        }
    }

    /// Makes `current` the live one. Everything that it names is durable before.
    pub(super) fn replace_current(&mut self, mut current: Current) -> Result<(), StoreError> {
        current.generation += 1;
        let replaced = self.store.publish(CURRENT, &[&current.encode()]).and_then(|()| self.store.sync_dir());
        self.poisoned |= replaced.is_err();
        replaced?;
        if let Some(view) = &mut self.view {
            view.set_current(current);
        }
        Ok(())
    }
}

/// Whether that is what a call gets whose directory vanished before it, or between two looks of it.
fn is_vanished(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists)
}
