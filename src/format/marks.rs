//! `marks`: what may vanish at any time, as tagged records.

use super::checksum::sealed;
use super::fields::{FieldReader, FieldWriter, check_version, put_preamble, small_file};
use super::{Chain, EventId, Features, FileId, FormatError, Wrong};
use crate::model::{Seq, UnixMillis};

const MAGIC: [u8; 8] = *b"pmu-mrk\n";
const WHAT: &str = "marks";
const FIXED_LEN: usize = 8 + 2 + 2 + 4 + 16;
pub(super) const SIGNATURE_LEN: usize = 8 + 8 + 8 + 8 + 8;

const ACKNOWLEDGED: u16 = 1;
const CHECKED: u16 = 2;
const SIGNATURE: u16 = 3;
const MARK: u16 = 4;
const TAG: u16 = 5;
const FORK: u16 = 6;
const DOUBT: u16 = 7;

/// What `stat` says of a file: equal signatures mean equal content, except for files changed within the clock's grain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Length in bytes.
    pub len: u64,
    /// Nanoseconds since the Unix epoch when the content was last modified.
    pub modified: i64,
    /// Nanoseconds since the Unix epoch when content or metadata last changed; `modified` where the system has none.
    pub changed: i64,
}

/// All of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The store it belongs to.
    pub store: FileId,
    /// Up to where the log was acknowledged: a log that ends before it has lost a commit.
    pub acknowledged: Option<Acknowledged>,
    /// When the cache was last found to hold what its source holds.
    pub checked_at: Option<UnixMillis>,
    /// One a manifest path, newest first.
    pub signatures: Vec<SignatureMark>,
    /// Where `--since last` stopped, by name.
    pub marks: Vec<Mark>,
    /// What GitHub calls the manifest that it gave last.
    pub tag: Option<Tag>,
    /// The history was found to be another one than everybody's.
    pub fork: Option<Fork>,
    /// Why the last look at the source could not tell whether the cache holds what it holds.
    pub doubt: Option<String>,
}

/// A place in the log after a commit that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The log.
    pub log: FileId,
    /// The offset after the commit.
    pub offset: u64,
    /// The hash of its last frame.
    pub chain: Chain,
}

/// A manifest whose content was taken in, or found to be older than the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureMark {
    /// FNV-1a, 128 bits, of the manifest's absolute path.
    pub path_key: [u8; 16],
    /// The file as it was.
    pub signature: Signature,
    /// Nanoseconds since the Unix epoch when the signature was taken.
    pub recorded: i64,
    /// BLAKE3 of the content.
    pub manifest: [u8; 32],
    /// How far git's history was looked through; `None` if it was not.
    pub seen: Option<Seen>,
}

/// What git had when its history was looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// FNV-1a, 128 bits, of the id of the commit that was checked out and, behind it, of the one that the reference named.
    pub key: [u8; 16],
    /// The reference that publishes, such as `refs/remotes/origin/main`; empty if what is checked out does.
    pub reference: String,
}

/// From where on published events are not everybody's: the branch no longer has what it published, or a repair had to do
/// without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The first event that it no longer has.
    pub seq: Seq,
    /// The branch, such as `origin/main`; empty if no branch is to blame, and events were mended without git.
    pub branch: String,
}

/// Where a `--since last` stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of `--since last:NAME`; empty for `--since last`.
    pub name: String,
    /// The last published event that was shown.
    pub published: Seq,
    /// Its id.
    pub published_id: Option<EventId>,
    /// The id of the observed event that was shown last.
    pub observed_id: Option<EventId>,
    /// When it was asked.
    pub asked_at: UnixMillis,
}

/// What GitHub calls a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Where it was: `REVISION:PATH`.
    pub place: String,
    /// The entity tag.
    pub tag: String,
}

impl Marks {
    /// Signatures kept: checkouts of one repository on one machine are few.
    pub const MAX_SIGNATURES: usize = 16;

    /// Returns the empty marks of a store.
    pub fn of(store: FileId) -> Self {
        let (signatures, marks) = (Vec::new(), Vec::new());
        Self { store, acknowledged: None, checked_at: None, signatures, marks, tag: None, fork: None, doubt: None }
    }

    /// Returns the file's bytes. A text that does not fit its record is left out.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        put_preamble(&mut out, MAGIC);
        out.put_u32(0);
        out.extend_from_slice(&self.store.0);
        if let Some(Acknowledged { log, offset, chain }) = &self.acknowledged {
            put_record(&mut out, ACKNOWLEDGED, &[&log.0, &offset.to_le_bytes(), &chain.0]);
        }
        if let Some(time) = self.checked_at {
            put_record(&mut out, CHECKED, &[&time.get().to_le_bytes()]);
        }
        for entry in self.signatures.iter().take(Self::MAX_SIGNATURES) {
            let mut signature = Vec::with_capacity(SIGNATURE_LEN);
            put_signature(&mut signature, &entry.signature);
            let recorded = entry.recorded.to_le_bytes();
            let seen =
                entry.seen.as_ref().map_or_else(Vec::new, |seen| [&seen.key, seen.reference.as_bytes()].concat());
            put_record(&mut out, SIGNATURE, &[&entry.path_key, &signature, &recorded, &entry.manifest, &seen]);
        }
        for mark in &self.marks {
            let id = |id: Option<EventId>| id.unwrap_or_default().0;
            let (published, observed) = (id(mark.published_id), id(mark.observed_id));
            let (seq, asked_at) = (mark.published.0.to_le_bytes(), mark.asked_at.get().to_le_bytes());
            put_record(&mut out, MARK, &[&seq, &published, &observed, &asked_at, mark.name.as_bytes()]);
        }
        if let Some(Tag { place, tag }) = &self.tag
            && let Ok(place_len) = u16::try_from(place.len())
        {
            put_record(&mut out, TAG, &[&place_len.to_le_bytes(), place.as_bytes(), tag.as_bytes()]);
        }
        if let Some(Fork { seq, branch }) = &self.fork {
            put_record(&mut out, FORK, &[&seq.0.to_le_bytes(), branch.as_bytes()]);
        }
        if let Some(reason) = &self.doubt {
            put_record(&mut out, DOUBT, &[reason.as_bytes()]);
        }
        // OK because records are at most 64 KiB, and few.
        let len = (out.len() + 4) as u32;
        out[12..16].copy_from_slice(&len.to_le_bytes());
        sealed(out)
    }

    /// Reads the whole file. What is not known is skipped.
    ///
    /// # Errors
    /// Anything that does not verify; the caller goes on without.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (mut fields, major) = small_file(bytes, MAGIC, WHAT, FIXED_LEN)?;
        check_version(major, Features::default())?;
        if fields.u32() as usize != bytes.len() {
            return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(WHAT)));
        }
        let mut marks = Self::of(FileId(fields.array()));
        while fields.left() > 0 {
            let (kind, len) = (fields.u16(), usize::from(fields.u16()));
            let payload = fields.take(len);
            if payload.len() < len || marks.take(kind, payload).is_none() {
                return Err(FormatError::new(0, Wrong::Value(WHAT)));
            }
        }
        Ok(marks)
    }

    /// Takes a record; `None` if it is not what a writer writes.
    fn take(&mut self, kind: u16, payload: &[u8]) -> Option<()> {
        let mut fields = FieldReader::new(payload);
        let long_enough = |len: usize| (payload.len() >= len).then_some(());
        match kind {
            ACKNOWLEDGED => {
                long_enough(16 + 8 + 32)?;
                let (log, offset, chain) = (FileId(fields.array()), fields.u64(), Chain(fields.array()));
                self.acknowledged = Some(Acknowledged { log, offset, chain });
            }
            CHECKED => self.checked_at = Some(UnixMillis::new(fields.i64())?),
            SIGNATURE => {
                long_enough(16 + SIGNATURE_LEN + 8 + 32)?;
                let (path_key, signature) = (fields.array(), signature(&mut fields));
                let (recorded, manifest) = (fields.i64(), fields.array());
                let seen = match fields.left() >= 16 {
                    true => Some(Seen { key: fields.array(), reference: text(fields.take(fields.left()))? }),
                    false => None,
                };
                if self.signatures.len() < Self::MAX_SIGNATURES {
                    self.signatures.push(SignatureMark { path_key, signature, recorded, manifest, seen });
                }
            }
            MARK => {
                long_enough(8 + 16 + 16 + 8)?;
                let published = Seq(fields.u64());
                let mut id = || Some(EventId(fields.array())).filter(|id| *id != EventId::default());
                let (published_id, observed_id) = (id(), id());
                let asked_at = UnixMillis::new(fields.i64())?;
                let name = text(fields.take(fields.left()))?;
                self.marks.push(Mark { name, published, published_id, observed_id, asked_at });
            }
            TAG => {
                long_enough(2)?;
                let place_len = usize::from(fields.u16());
                let place = text(fields.take(place_len)).filter(|place| place.len() == place_len)?;
                self.tag = Some(Tag { place, tag: text(fields.take(fields.left()))? });
            }
            FORK => {
                long_enough(8)?;
                self.fork = Some(Fork { seq: Seq(fields.u64()), branch: text(fields.take(fields.left()))? });
            }
            DOUBT => self.doubt = Some(text(payload)?),
            _ => {}
        }
        Some(())
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn put_record(out: &mut Vec<u8>, kind: u16, parts: &[&[u8]]) {
    let Ok(len) = u16::try_from(parts.iter().map(|part| part.len()).sum::<usize>()) else { return };
    out.put_u16(kind);
    out.put_u16(len);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

pub(super) fn put_signature(out: &mut Vec<u8>, signature: &Signature) {
    out.put_u64(signature.device);
    out.put_u64(signature.inode);
    out.put_u64(signature.len);
    out.put_i64(signature.modified);
    out.put_i64(signature.changed);
}

pub(super) fn signature(fields: &mut FieldReader<'_>) -> Signature {
    Signature {
        device: fields.u64(),
        inode: fields.u64(),
        len: fields.u64(),
        modified: fields.i64(),
        changed: fields.i64(),
    }
}
