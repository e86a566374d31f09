//! Opening for reading: no lock, no write, no waiting for a writer.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::clear::is_numbered;
use super::error::{Damage, StoreError};
use super::tail::{FoldError, Tail};
use super::view::{LogEnd, View};
use super::{CHECKED, CURRENT, SMALL_FILE_LIMIT, Store};
use crate::format::{
    Chain, Checked, ChunkKind, Current, FRAME_HEADER_LEN, FormatError, FrameKind, IndexName, OPEN_END,
    SEGMENT_HEADER_LEN, SegmentName, SyncRecord, Wrong, decode_sync,
};
use crate::index::Index;
use crate::log::{Segment, SegmentError, Stop, walk};
use crate::model::Tracker;

/// A file can vanish between reading its name in `CURRENT` and opening it, once a compaction.
const ATTEMPTS: u32 = 10;

impl Store<'_> {
    /// What the store holds now; `None` where nothing was ever committed.
    ///
    /// # Errors
    /// The system's; a newer format; damage that leaves nothing to answer from.
    pub fn view(&self) -> Result<Option<View>, StoreError> {
        self.retrying(true)
    }

    /// As [`Self::view`], folding the log alone: the answer does not rest on the index.
    ///
    /// # Errors
    /// As [`Self::view`].
    pub fn view_without_index(&self) -> Result<Option<View>, StoreError> {
        self.retrying(false)
    }

    fn retrying(&self, with_index: bool) -> Result<Option<View>, StoreError> {
        let mut last = self.try_view(with_index);
        for attempt in 0..ATTEMPTS {
            let wait = match &last {
                // The first retries come at once: a compaction renames `CURRENT` before it removes what that named.
                Err(StoreError::Unstable { .. }) => Duration::from_millis(u64::from(attempt / 2)),
                _ => return last,
            };
            self.storage.wait(wait);
            last = self.try_view(with_index);
        }
        match last {
            // What stays missing was not a compaction's doing: go on from what the directory holds.
            Err(StoreError::Unstable { path }) => self.view_without(path, with_index),
            last => last,
        }
    }

    fn view_without(&self, missing: PathBuf, with_index: bool) -> Result<Option<View>, StoreError> {
        let damage =
            Damage { path: missing, offset: 0, what: "is missing or not the file that CURRENT names".to_owned() };
        // If it is the index, the log alone gives the same answer.
        if let Ok(Some(mut view)) = self.try_view(false) {
            view.damage.insert(0, damage);
            return Ok(Some(view));
        }
        let index_alone = if with_index { self.index_alone()? } else { None };
        let mut view = match index_alone {
            Some(view) => view,
            None => {
                let Some(current) = self.recover_current()? else { return Err(StoreError::Damaged(damage)) };
                self.view_of(current, self.read_checked(), with_index)?
            }
        };
        view.damage.insert(0, damage);
        view.state_in_doubt = true;
        Ok(Some(view))
    }

    /// The state that the index holds, where a segment of the log is missing.
    fn index_alone(&self) -> Result<Option<View>, StoreError> {
        let Some(Ok(current)) = self.current_bytes()?.as_deref().map(Current::decode) else { return Ok(None) };
        match current.index.map(|name| self.open_index(name)) {
            Some(Ok(index)) => Ok(View::of_index(self.dir.clone(), current, Rc::new(index)).ok()),
            Some(Err(StoreError::Damaged(_) | StoreError::Unstable { .. })) | None => Ok(None),
            Some(Err(error)) => Err(error),
        }
    }

    fn try_view(&self, with_index: bool) -> Result<Option<View>, StoreError> {
        // Before CURRENT, so that the log which that names holds what this acknowledges.
        let checked = self.read_checked();
        let path = self.file(CURRENT);
        let bytes = self.current_bytes()?;
        let found = bytes.as_deref().map(Current::decode);
        let lost = match found {
            Some(Ok(current)) => return self.view_of(current, checked, with_index).map(Some),
            Some(Err(error)) if matches!(error.wrong, Wrong::Newer(_)) => return Err(StoreError::format(path, &error)),
            Some(Err(error)) => Damage::new(path.clone(), &error),
            None => Damage { path: path.clone(), offset: 0, what: "is missing".to_owned() },
        };
        let is_damaged = bytes.is_some();
        let names = self.own_names()?;
        if !is_damaged && self.is_cleared()? {
            return Ok(None);
        }
        let recovered = self.view_without_current(lost, is_damaged, checked, with_index);
        // A writer may have brought it meanwhile, or a clear taken the rest: all of this would come from half of their work.
        let numbered =
            |names: &[String]| -> Vec<String> { names.iter().filter(|name| is_numbered(name)).cloned().collect() };
        let is_stable = self.current_bytes()? == bytes && numbered(&self.own_names()?) == numbered(&names);
        if is_stable { recovered } else { Err(StoreError::Unstable { path }) }
    }

    fn view_without_current(
        &self,
        lost: Damage,
        is_damaged: bool,
        checked: Option<Checked>,
        with_index: bool,
    ) -> Result<Option<View>, StoreError> {
        let Some(current) = self.recover_current()? else {
            // Files are complete before they have their names, and the first of them is a segment: what does not verify,
            // or stands alone, is no crash's doing.
            let nothing = !is_damaged && !self.own_names()?.iter().any(|name| is_numbered(name));
            return if nothing { Ok(None) } else { Err(StoreError::Damaged(lost)) };
        };
        let mut view = self.view_of(current, checked, with_index)?;
        view.current_recovered = true;
        self.check_beginning(&mut view)?;
        if view.tail.last_sync.is_none() {
            view.tail.last_sync = self.last_sync(&view);
        }
        if is_damaged || !view.is_interrupted_beginning() {
            view.damage.push(lost);
        }
        Ok(Some(view))
    }

    /// Segments may be missing that only `CURRENT` named: without them the log begins in the middle.
    fn check_beginning(&self, view: &mut View) -> Result<(), StoreError> {
        let first = view.current.segments[0];
        if self.segment(first)?.header.prev != Chain::START {
            let what = "the segments before it are missing".to_owned();
            view.damage.push(Damage { path: self.file(&first.file_name()), offset: 0, what });
            view.state_in_doubt = true;
        }
        Ok(())
    }

    /// The sync of the last commit that the index holds: how fresh the state is, where `CURRENT` does not say.
    fn last_sync(&self, view: &View) -> Option<SyncRecord> {
        let at = view.tail.last_frame;
        let name = *view.current.segments.iter().rev().find(|name| name.base < at)?;
        let segment = self.segment(name).ok()?;
        let offset = at - name.base;
        let header = segment.frame_header(offset).ok()?;
        let chunk_at = offset + FRAME_HEADER_LEN;
        let bytes = segment.chunk_bytes(chunk_at).ok()?;
        let chunk = segment.chunk(&bytes, chunk_at).ok()?;
        if header.kind == FrameKind::Note {
            // Only a walk from the start finds the commit before it.
            let folded = self.fold_log(view.current.clone()).ok()?;
            return folded.tail.last_sync.filter(|_| folded.damage.is_empty());
        }
        if chunk.kind == ChunkKind::Sync { decode_sync(chunk.payload, chunk_at).ok() } else { None }
    }

    fn view_of(&self, current: Current, checked: Option<Checked>, with_index: bool) -> Result<View, StoreError> {
        let mut damage = Vec::new();
        let mut index = None;
        if let (Some(name), true) = (current.index, with_index) {
            match self.open_index(name) {
                Ok(opened) => index = Some(Rc::new(opened)),
                Err(StoreError::Damaged(found)) => damage.push(found),
                Err(error) => return Err(error),
            }
        }
        let checked = checked.filter(|checked| checked.store == current.store);
        match self.fold(current.clone(), index, checked.clone()) {
            Ok(mut view) => {
                view.damage.extend(damage);
                Ok(view)
            }
            // A block of the index failed while it was folded over: the log alone gives the same answer.
            Err((StoreError::Damaged(found), true)) => {
                let mut view = self.fold(current, None, checked).map_err(|(error, _)| error)?;
                view.damage.push(found);
                Ok(view)
            }
            Err((error, _)) => Err(error),
        }
    }

    pub(super) fn open_index(&self, name: IndexName) -> Result<Index, StoreError> {
        let path = self.file(&name.file_name());
        let io = || StoreError::io("read", &path);
        let Some(file) = self.storage.open(&path).map_err(io())? else {
            return Err(StoreError::Unstable { path });
        };
        let len = file.len().map_err(io())?;
        let bytes = file.bytes(len).map_err(io())?;
        let index = Index::open(bytes).map_err(|error| StoreError::format(path.clone(), &error))?;
        if index.header().chain != name.chain {
            return Err(StoreError::Unstable { path });
        }
        Ok(index)
    }

    /// The state that the log alone gives, as `current` names it.
    pub(super) fn fold_log(&self, current: Current) -> Result<View, StoreError> {
        self.fold(current, None, None).map_err(|(error, _)| error)
    }

    fn read_checked(&self) -> Option<Checked> {
        // It may vanish at any time, so whatever is wrong with it only costs a look at the manifest.
        let bytes = self.storage.read(&self.file(CHECKED), SMALL_FILE_LIMIT).ok()??;
        Checked::decode(&bytes).ok()
    }

    /// The error's flag tells whether it lies in the index.
    fn fold(
        &self,
        current: Current,
        index: Option<Rc<Index>>,
        checked: Option<Checked>,
    ) -> Result<View, (StoreError, bool)> {
        let tail = match &index {
            Some(index) => Tail::behind(index).map_err(|error| (self.index_damage(&current, &error), true))?,
            None => {
                let first = current.segments[0];
                let segment = self.segment(first).map_err(|error| (error, false))?;
                Tail::start(first.base + SEGMENT_HEADER_LEN, first.first_seq, segment.header.prev)
            }
        };
        let mut view = View {
            dir: self.dir.clone(),
            current,
            index,
            tail,
            checked,
            end: LogEnd::default(),
            damage: Vec::new(),
            state_in_doubt: false,
            current_recovered: false,
        };
        for name in view.current.segments.clone() {
            let behind = name.end != OPEN_END && name.base + name.end <= view.tail.address;
            if behind || view.state_in_doubt {
                continue;
            }
            self.fold_segment(&mut view, name)?;
        }
        self.check_acknowledged(&mut view);
        Ok(view)
    }

    fn segment(&self, name: SegmentName) -> Result<Segment, StoreError> {
        let opened = Segment::open(self.storage, &self.dir, name);
        opened.map_err(|error: SegmentError| StoreError::segment(self.file(&name.file_name()), error))
    }

    fn fold_segment(&self, view: &mut View, name: SegmentName) -> Result<(), (StoreError, bool)> {
        let path = self.file(&name.file_name());
        let from = view.tail.address.saturating_sub(name.base).max(SEGMENT_HEADER_LEN);
        // Where the index holds all of the log, its length tells so, and nothing of it need be read.
        if view.index.is_some()
            && name.end == OPEN_END
            && self.storage.signature(&path).is_ok_and(|signature| signature.is_some_and(|found| found.len == from))
        {
            view.end = LogEnd { offset: from, file_len: from };
            return Ok(());
        }
        let segment = match self.segment(name) {
            Ok(segment) => segment,
            // The index may still answer for all that was committed before it.
            Err(StoreError::Damaged(damage)) => {
                view.damage.push(damage);
                view.state_in_doubt = true;
                return Ok(());
            }
            Err(error) => return Err((error, false)),
        };
        view.end = LogEnd { offset: from.min(segment.readable_len()), file_len: segment.file_len() };
        if from > segment.readable_len() {
            let error =
                FormatError::new(segment.readable_len(), Wrong::Truncated("the log that the index was folded from"));
            view.damage.push(Damage::new(path, &error));
            view.state_in_doubt = true;
            return Ok(());
        }
        if from == segment.readable_len() {
            return Ok(());
        }
        let bytes = segment.read_from(from).map_err(|error| (StoreError::io("read", &path)(error), false))?;
        let View { tail, index, .. } = view;
        let walked = walk(&bytes, name.id, from, tail.chain(), |frame| {
            tail.fold(&frame, name.base, index.as_deref(), Tracker::into_owned)
        });
        match walked {
            Ok((end, stop)) => {
                view.end.offset = end;
                let error = match stop {
                    Stop::End => return Ok(()),
                    Stop::Torn(_) if name.end == OPEN_END => return Ok(()),
                    Stop::Torn(offset) => FormatError::new(offset, Wrong::Truncated("a sealed segment")),
                    Stop::Damaged { error, .. } => error,
                };
                view.damage.push(Damage::new(path, &error));
                view.state_in_doubt = true;
                Ok(())
            }
            Err(FoldError::Index(error)) => Err((self.index_damage(&view.current, &error), true)),
            Err(FoldError::Log(error)) => {
                view.end.offset = view.tail.address.saturating_sub(name.base);
                view.damage.push(Damage::new(path, &error));
                view.state_in_doubt = true;
                Ok(())
            }
        }
    }

    /// A log that ends before a commit that was acknowledged was not merely torn.
    fn check_acknowledged(&self, view: &mut View) {
        let noted = view.current.freshness.as_ref().map_or(0, |fresh| fresh.address);
        let acknowledged = view.checked.as_ref().map_or(0, |checked| checked.acknowledged).max(noted);
        if acknowledged <= view.tail.address || view.state_in_doubt {
            return;
        }
        let name = view.current.segments[view.current.segments.len() - 1];
        let what = "ends before a commit that was acknowledged, or that commit does not verify".to_owned();
        view.damage.push(Damage { path: self.file(&name.file_name()), offset: view.end.offset, what });
        view.state_in_doubt = true;
    }

    fn index_damage(&self, current: &Current, error: &FormatError) -> StoreError {
        let name = current.index.map_or(String::from("index"), |name| name.file_name());
        StoreError::format(self.file(&name), error)
    }
}
