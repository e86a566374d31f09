//! Reading every byte: the reader, with a place for all that is wrong. Changes nothing, and works beside a writer.

use std::path::PathBuf;

use super::compact::index_bytes;
use super::error::{Damage, Part, StoreError};
use super::files::Store;
use super::names::{CURRENT, LOCK, MARKS, is_numbered};
use super::open::WRITING;
use super::tail::{FoldError, Position, Region, Tail};
use crate::format::{
    Current, FormatError, FrameHeader, FrameKind, HistoryHash, LOG_HEADER_LEN, LogHeader, Marks, StateSum, Wrong,
    canonical, decode_trackers, history_hash,
};
use crate::fs::Buffer;
use crate::index::Index;
use crate::segment::{Frame, Log, LogError, Stop, unverified, walk};

/// What a verification read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Events in the log, superseded ones too.
    pub events: u64,
    /// Damage found.
    pub findings: Vec<Damage>,
    /// What an interrupted writer left, and is no damage.
    pub notes: Vec<Damage>,
}

/// While compactions and rewrites pass by.
const ATTEMPTS: usize = 5;

impl Store<'_> {
    /// Reads every byte of every file against its checksum, the chain, the geometry, and the index against a fold of
    /// the log. `None` if there is no store.
    ///
    /// # Errors
    /// The system's; a newer format.
    pub fn verify(&self) -> Result<Option<Verified>, StoreError> {
        for _attempt in 1..ATTEMPTS {
            let before = self.current_bytes()?;
            let verified = self.verify_once();
            if matches!(&verified, Ok(Some(found)) if found.findings.is_empty()) {
                return verified;
            }
            // What a writer replaced meanwhile is neither damaged nor missing: all is read again.
            if self.current_bytes()? == before {
                return verified;
            }
            self.storage.wait(WRITING);
        }
        let mut verified = self.verify_once()?;
        if let (Some(found), Some(Ok(current))) = (&mut verified, self.current_bytes()?.as_deref().map(Current::decode))
        {
            let index = current.index.map(|index| self.file(&index.file_name()));
            let live = |path: &PathBuf| *path == self.file(&current.log.file_name()) || Some(path) == index.as_ref();
            let is_numbered =
                |path: &PathBuf| path.file_name().is_some_and(|name| is_numbered(&name.to_string_lossy()));
            found.findings.retain(|damage| !is_numbered(&damage.path) || live(&damage.path));
        }
        Ok(verified)
    }

    fn verify_once(&self) -> Result<Option<Verified>, StoreError> {
        let mut verified = Verified::default();
        // Before CURRENT, so that the log which that names holds what this acknowledges.
        let marks = self.verify_marks(&mut verified)?;
        let bytes = self.current_bytes()?;
        if bytes.is_none() && (self.is_cleared()? || !self.own_names()?.iter().any(|name| is_numbered(name))) {
            return Ok(None);
        }
        let Some(current) = self.verify_current(bytes.as_deref(), &mut verified)? else { return Ok(Some(verified)) };
        // One set of files, opened before any is read.
        let index = current.index.map(|name| self.open_index(name));
        let log = Log::open(self.storage, &self.dir, current.log);
        let index = match index {
            Some(Ok(index)) => Some(index),
            Some(Err(StoreError::Damaged(damage))) => {
                verified.findings.push(damage);
                None
            }
            Some(Err(StoreError::Unstable { path })) => {
                verified.findings.push(Damage::missing(Part::Index, path));
                None
            }
            Some(Err(error)) => return Err(error),
            None => None,
        };
        let marks = marks.filter(|marks| marks.store == current.store);
        let expected = self.verify_log(log, &current, marks.as_ref(), index.as_ref(), &mut verified)?;
        if let (Some(index), Some(name)) = (&index, current.index) {
            verified.verify_index(index, expected, self.file(&name.file_name()));
        }
        self.verify_lock(&mut verified)?;
        Ok(Some(verified))
    }

    fn verify_marks(&self, verified: &mut Verified) -> Result<Option<Marks>, StoreError> {
        let Some(bytes) = self.read_small(MARKS)? else {
            if self.is_blocked(MARKS)? {
                let what = "is no regular file".to_owned();
                verified.findings.push(Damage { path: self.file(MARKS), offset: 0, part: Part::Marks, what });
            }
            return Ok(None);
        };
        verified.read(bytes.len() as u64);
        match Marks::decode(&bytes) {
            Ok(marks) => Ok(Some(marks)),
            Err(error) => {
                verified.findings.push(Damage::new(Part::Marks, self.file(MARKS), &error));
                Ok(None)
            }
        }
    }

    fn verify_current(&self, bytes: Option<&[u8]>, verified: &mut Verified) -> Result<Option<Current>, StoreError> {
        let path = self.file(CURRENT);
        match bytes.map(Current::decode) {
            Some(Ok(current)) => {
                verified.read(bytes.map_or(0, |bytes| bytes.len() as u64));
                let foreign = self.foreign(&current.repo, path);
                let is_own = foreign.is_none();
                verified.findings.extend(foreign);
                return Ok(is_own.then_some(current));
            }
            Some(Err(error)) => match StoreError::format(Part::Current, path, &error) {
                StoreError::Damaged(damage) => verified.findings.push(damage),
                newer => return Err(newer),
            },
            None if self.is_blocked(CURRENT)? => {
                let what = "is no regular file: `gh pmu cache repair` sets it aside".to_owned();
                verified.findings.push(Damage { path, offset: 0, part: Part::Current, what });
            }
            None => {
                let damage = Damage { path, offset: 0, part: Part::Current, what: "is missing".to_owned() };
                // A first sync that was interrupted, or is under way, has not come to it yet.
                match self.view() {
                    Ok(None) => return Ok(None),
                    Ok(Some(view)) if view.damage().is_empty() => verified.notes.push(damage),
                    _ => verified.findings.push(damage),
                }
            }
        }
        let recovered = self.recover_current()?;
        if recovered.is_none() && !verified.findings.is_empty() {
            // Then it costs more than time.
            self.verify_unnamed_logs(verified)?;
        }
        Ok(recovered)
    }

    /// Logs of which none can be taken for the live one.
    fn verify_unnamed_logs(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let mut names = self.own_names()?;
        names.retain(|name| is_numbered(name) && name.starts_with("log-"));
        let damage = |name: &str, what: &str| {
            let path = if name.is_empty() { self.dir.clone() } else { self.file(name) };
            Damage { path, offset: 0, part: Part::Log, what: what.to_owned() }
        };
        match names[..] {
            [] => verified.findings.push(damage("", "has no log any more")),
            _ => verified.findings.extend(names.iter().map(|name| damage(name, "does not verify"))),
        }
        Ok(())
    }

    fn verify_lock(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let path = self.file(LOCK);
        // Looked at and not read: readers need no lock, and may have none.
        let what = match self.storage.signature(&path).map_err(StoreError::io("read", &path))? {
            _ if self.is_blocked(LOCK)? => "is no regular file: nothing can be recorded",
            Some(signature) if signature.len > 0 => "is not empty, as a lock is",
            _ => return Ok(()),
        };
        let what = what.to_owned();
        verified.findings.push(Damage { path, offset: 0, part: Part::Lock, what });
        Ok(())
    }

    /// Gives the index that the log folds to at the place where `index` ends, if the log is whole up to there.
    fn verify_log(
        &self,
        log: Result<Log, LogError>,
        current: &Current,
        marks: Option<&Marks>,
        index: Option<&Index>,
        verified: &mut Verified,
    ) -> Result<Option<Buffer>, StoreError> {
        let path = self.file(&current.log.file_name());
        let opened = log.and_then(|log| log.header().copied().map(|header| (log, header)));
        let (log, header) = match opened.map_err(|error| StoreError::log(path.clone(), error)) {
            Ok(opened) => opened,
            Err(StoreError::Damaged(damage)) => {
                verified.findings.push(damage);
                return Ok(None);
            }
            Err(StoreError::Unstable { path }) => {
                verified.findings.push(Damage::missing(Part::Log, path));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let known = marks.and_then(|marks| marks.acknowledged).filter(|known| known.log == header.id);
        let address = index.map_or(0, |index| index.header().address);
        let acknowledged = current.acknowledged.max(known.map_or(0, |known| known.offset)).max(address);
        // Only what was acknowledged stays as it is while it is mapped.
        let bytes = match log.len() > acknowledged {
            true => log.read(0, log.len()).map(crate::fs::Bytes::read),
            false => log.bytes(log.len()),
        };
        let bytes = bytes.map_err(|error| StoreError::log(path.clone(), error))?;
        verified.read(bytes.len() as u64);
        let end = log.len().max(LOG_HEADER_LEN);
        let mut sink = Sink {
            verified,
            path,
            header,
            region: Region { bytes: &bytes, offset: 0, file: header.id },
            tail: Some(Tail::start(Position::start(LOG_HEADER_LEN, header.first_seq, header.chain()))),
            sums: Sums::default(),
            address,
            acknowledged: known.map(|known| (known.offset, known.chain)),
            expected: None,
        };
        let stop = sink.walk_all();
        let sink_end = stop.unwrap_or(end);
        let is_known = sink.verified.findings.iter().any(Damage::is_of_log);
        if sink_end < acknowledged && !is_known && !sink.find_unverified(sink_end, acknowledged) {
            let what = "ends before a commit that was acknowledged, or that commit does not verify".to_owned();
            let damage = Damage { path: sink.path.clone(), offset: sink_end, part: Part::Commit, what };
            sink.verified.findings.push(damage);
        }
        if sink_end < acknowledged {
            // It is no torn tail.
            sink.verified.notes.retain(|note| note.part != Part::Tail);
        }
        Ok(sink.expected)
    }
}

/// What frames say of the state, summed up again.
#[derive(Default)]
struct Sums {
    state: StateSum,
    published: StateSum,
    history: HistoryHash,
    buffer: Vec<u8>,
}

impl Sums {
    /// Compares a frame's record with what its events come to.
    fn check(&mut self, frame: &Frame<'_>) -> Result<(), FormatError> {
        let Some(sync) = &frame.sync else { return Ok(()) };
        let wrong = |what| FormatError::new(frame.offset, Wrong::Value(what));
        let published = frame.header.published;
        match frame.header.kind {
            FrameKind::Base => {
                for (offset, chunk) in &frame.chunks {
                    for (tracker, _) in decode_trackers(chunk, *offset)? {
                        self.state.add(&tracker, &mut self.buffer);
                    }
                }
                self.history = sync.history.unwrap_or_default();
            }
            FrameKind::Commit => {
                if published {
                    self.state = self.published;
                }
                let events = frame.events()?;
                let mut bytes = Vec::new();
                for (_, record) in &events {
                    record.event.before().iter().for_each(|tracker| self.state.remove(tracker, &mut self.buffer));
                    record.event.after().iter().for_each(|tracker| self.state.add(tracker, &mut self.buffer));
                    canonical(&record.event, &mut bytes);
                }
                if published && !events.is_empty() {
                    self.history = history_hash(self.history, sync, events.len() as u64, &bytes);
                }
            }
            FrameKind::Note | FrameKind::Ignored(_) => {}
        }
        if published {
            self.published = self.state;
        }
        if sync.state != self.state {
            return Err(wrong("the state sum of a frame"));
        }
        if sync.history.is_some_and(|history| history != self.history) {
            return Err(wrong("the history hash of a frame"));
        }
        Ok(())
    }
}

/// Takes what a walk over the log finds.
struct Sink<'v, 'b> {
    verified: &'v mut Verified,
    path: PathBuf,
    header: LogHeader,
    region: Region<'b>,
    /// What the log folds to, as long as all of it verified.
    tail: Option<Tail<'b>>,
    sums: Sums,
    /// Where the index ends.
    address: u64,
    acknowledged: Option<(u64, crate::format::Chain)>,
    expected: Option<Buffer>,
}

impl<'b> Sink<'_, 'b> {
    /// Walks on after damage, so that all of it is found. Gives where a torn tail begins.
    fn walk_all(&mut self) -> Option<u64> {
        let (mut from, mut chain) = (LOG_HEADER_LEN, self.header.chain());
        loop {
            let bytes = self.region.bytes.get(from as usize..).unwrap_or_default();
            let walked = walk(bytes, self.header.id, from, chain, |frame| {
                self.frame(frame);
                Ok::<(), FormatError>(())
            });
            let Ok((group, stop)) = walked else { return None };
            let (error, resumes_at) = match stop {
                Stop::End => return None,
                Stop::Torn(offset) => {
                    let what = "a commit is incomplete and nothing follows it".to_owned();
                    self.verified.notes.push(Damage { path: self.path.clone(), offset, part: Part::Tail, what });
                    return Some(offset);
                }
                Stop::Damaged { error, resumes_at } => (error, resumes_at),
                Stop::Refused(error) => (error, None),
            };
            let end = resumes_at.unwrap_or(self.region.bytes.len() as u64);
            if matches!(stop, Stop::Refused(_)) || !self.find_unverified(group, end) {
                self.find(&error);
            }
            let next = resumes_at.and_then(|offset| {
                let header = FrameHeader::decode(self.region.bytes.get(offset as usize..)?, self.header.id, offset);
                Some((offset, header.ok()?.chain))
            });
            (from, chain) = next?;
        }
    }

    /// Finds each structure between two places that does not verify; `false` if there is none.
    fn find_unverified(&mut self, from: u64, to: u64) -> bool {
        let to = to.min(self.region.bytes.len() as u64);
        let (errors, events) = unverified(self.region.bytes, self.header.id, (from, to));
        self.verified.events += events;
        errors.iter().for_each(|error| self.find(error));
        !errors.is_empty()
    }

    fn find(&mut self, error: &FormatError) {
        self.verified.findings.push(Damage::new(Part::Commit, self.path.clone(), error));
        self.tail = None;
    }

    fn frame(&mut self, frame: &Frame<'b>) {
        if frame.header.kind == FrameKind::Commit {
            self.verified.events += u64::from(frame.header.item_count);
        }
        let is_other = |(offset, chain)| offset == frame.end() && chain != frame.header.own;
        if self.acknowledged.is_some_and(is_other) {
            let wrong = Wrong::Value("the hash of a commit that was acknowledged");
            self.find(&FormatError::new(frame.offset, wrong));
        }
        if let Err(error) = frame.check_own() {
            self.find(&error);
        }
        let Some(mut tail) = self.tail.take() else { return };
        let folded = tail.fold(frame, self.region, None, |tracker| tracker);
        let folded = folded.map_err(|error| match error {
            FoldError::Index(error) | FoldError::Log(error) => error,
            FoldError::Stale => FormatError::new(frame.offset, Wrong::Value("a frame's flags")),
        });
        match folded.and_then(|()| self.sums.check(frame)) {
            Ok(()) => {
                if frame.end() == self.address {
                    self.expected = index_bytes(None, &tail, self.header.id).ok();
                }
                self.tail = Some(tail);
            }
            Err(error) => self.find(&error),
        }
    }
}

impl Verified {
    fn read(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    fn verify_index(&mut self, index: &Index, expected: Option<Buffer>, path: PathBuf) {
        self.read(index.byte_len());
        let errors = index.verify();
        self.findings.extend(errors.iter().map(|error| Damage::new(Part::Block, path.clone(), error)));
        let log_is_whole = !self.findings.iter().any(Damage::is_of_log);
        if errors.is_empty() && log_is_whole {
            let differs = match &expected {
                Some(expected) => index.first_difference(expected),
                None => Some(0),
            };
            if let Some(offset) = differs {
                let what = "is not what the log folds to".to_owned();
                self.findings.push(Damage { path, offset, part: Part::Fold, what });
            }
        }
    }
}
