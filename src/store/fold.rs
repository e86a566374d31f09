//! A log folded over an index, or from its start, into a view.

use std::rc::Rc;

use super::error::{Damage, Part, StoreError};
use super::files::Store;
use super::tail::{FoldError, Position, Region, Tail};
use super::view::View;
use crate::format::{Chain, Current, FormatError, LOG_HEADER_LEN, Marks, Wrong};
use crate::index::Index;
use crate::model::Tracker;
use crate::segment::{Log, Stop, walk};

/// Why an index and a log do not give a view together.
pub(super) enum Unfolded {
    /// The log alone gives the same answer.
    WithoutIndex(Option<Damage>),
    /// Neither does.
    Failed(StoreError),
}

impl From<StoreError> for Unfolded {
    fn from(error: StoreError) -> Self {
        Unfolded::Failed(error)
    }
}

/// Up to where commits were acknowledged, as far as is known, and the hash of the frame that ends there.
fn acknowledged(current: &Current, marks: Option<&Marks>, index: Option<&Index>) -> (u64, Option<(u64, Chain)>) {
    let marked = marks.and_then(|marks| marks.acknowledged).filter(|marked| marked.log == current.log.id);
    let least = current.acknowledged.max(index.map_or(0, |index| index.header().address));
    let marked = marked.map(|marked| (marked.offset, marked.chain));
    (marked.map_or(least, |(offset, _)| offset.max(least)), marked)
}

impl Store<'_> {
    /// The view of what `current` names, up to the end of the log or to the frame at `until`.
    pub(super) fn fold(
        &self,
        current: &Current,
        index: Option<Rc<Index>>,
        marks: Option<&Marks>,
        until: Option<u64>,
    ) -> Result<View, Unfolded> {
        let marks = marks.filter(|marks| marks.store == current.store);
        let (least, marked) = acknowledged(current, marks, index.as_deref());
        if let Some(index) = &index
            && until.is_none()
            && least == index.header().address
        {
            // The index holds all of the log if its length says so: then nothing of the log need be read.
            let path = self.file(&current.log.file_name());
            let len = self.storage.signature(&path).ok().flatten().map(|signature| signature.len);
            if len == Some(least) {
                let tail = Tail::after(index).map_err(|error| self.without(current, &error))?;
                return Ok(View::new(&self.dir, current.clone(), Some(Rc::clone(index)), tail, least));
            }
        }
        let path = self.file(&current.log.file_name());
        let log = Log::open(self.storage, &self.dir, current.log);
        let opened = log.and_then(|log| log.header().copied().map(|header| (log, header)));
        let opened = opened.map_err(|error| StoreError::log(path.clone(), error));
        let tail = match (&index, &opened) {
            (Some(index), _) => Tail::after(index).map_err(|error| self.without(current, &error))?,
            (None, Ok((_, header))) => Tail::start(Position::start(LOG_HEADER_LEN, header.first_seq, header.chain())),
            (None, Err(_)) => {
                return Err(opened.map(drop).err().map_or(Unfolded::WithoutIndex(None), Unfolded::Failed));
            }
        };
        let (log, header) = match opened {
            Ok(opened) => opened,
            // The index still answers for all that was committed before it.
            Err(StoreError::Damaged(damage)) => {
                let mut view = View::new(&self.dir, current.clone(), index, tail, 0);
                view.doubted(damage);
                return Ok(view);
            }
            Err(error) => return Err(error.into()),
        };
        let from = tail.at.offset;
        if from > log.len() {
            let mut view = View::new(&self.dir, current.clone(), index, tail, log.len());
            let error = FormatError::new(log.len(), Wrong::Truncated("the log that the index was folded from"));
            view.doubted(Damage::new(Part::Commit, path, &error));
            return Ok(view);
        }
        let bytes = log.read(from, log.len()).map_err(|error| StoreError::log(path.clone(), error))?;
        let region = Region { bytes: &bytes, offset: from, file: header.id };
        let (tail, error) = fold_region(region, until.unwrap_or(u64::MAX), tail, index.as_deref(), marked);
        let is_torn = matches!(error, Some(Folded::Torn)) || error.is_none();
        let error = match error {
            Some(Folded::Error(FoldError::Index(error))) => return Err(self.without(current, &error)),
            Some(Folded::Error(FoldError::Stale)) => return Err(Unfolded::WithoutIndex(None)),
            Some(Folded::Error(FoldError::Log(error))) if error.is_newer() => {
                return Err(StoreError::format(Part::Commit, path, &error).into());
            }
            Some(Folded::Error(FoldError::Log(error))) => Some(error),
            Some(Folded::Torn) | None => None,
        };
        let mut view = View::new(&self.dir, current.clone(), index, tail, log.len());
        if let Some(error) = error {
            view.doubted(Damage::new(Part::Commit, path, &error));
        } else if is_torn && until.is_none() && view.at().offset < least {
            let what = "ends before a commit that was acknowledged, or that commit does not verify".to_owned();
            view.doubted(Damage { path, offset: view.at().offset, part: Part::Commit, what });
        }
        Ok(view)
    }

    fn without(&self, current: &Current, error: &FormatError) -> Unfolded {
        let name = current.index.map_or(String::from("index"), |name| name.file_name());
        match StoreError::format(Part::Block, self.file(&name), error) {
            StoreError::Damaged(damage) => Unfolded::WithoutIndex(Some(damage)),
            error => Unfolded::Failed(error),
        }
    }
}

/// What ended a fold before the end of its bytes.
enum Folded {
    Torn,
    Error(FoldError),
}

/// Folds what verifies of a region; gives the tail after it and what ended it.
fn fold_region(
    region: Region<'_>,
    until: u64,
    mut tail: Tail<'static>,
    index: Option<&Index>,
    marked: Option<(u64, Chain)>,
) -> (Tail<'static>, Option<Folded>) {
    let start = tail.at.chain;
    let walked = walk(region.bytes, region.file, region.offset, start, |frame| {
        // A commit goes on after it, and counts whole or not at all: so all of it is walked.
        if frame.offset >= until {
            return Ok(());
        }
        // A commit that was acknowledged is not another one.
        if marked.is_some_and(|(offset, chain)| offset == frame.end() && chain != frame.header.own) {
            return Err(
                FormatError::new(frame.offset, Wrong::Value("the hash of a commit that was acknowledged")).into()
            );
        }
        tail.fold(frame, region, index, Tracker::into_owned)
    });
    let ended = match walked {
        Ok((_, Stop::End)) => None,
        Ok((_, Stop::Torn(_))) => Some(Folded::Torn),
        Ok((_, Stop::Damaged { error, .. } | Stop::Refused(error))) => Some(Folded::Error(FoldError::Log(error))),
        Err(error) => Some(Folded::Error(error)),
    };
    (tail, ended)
}
