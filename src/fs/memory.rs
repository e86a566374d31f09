//! Files in memory, for what is answered once and recorded nowhere.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::{Bytes, Disk, Lock, ReadFile, Storage, WriteFile};
use crate::format::Signature;

/// Gone when it is dropped; what was opened stays readable.
#[derive(Debug, Default)]
pub struct Memory {
    files: RefCell<BTreeMap<PathBuf, MemoryFile>>,
}

#[derive(Clone, Debug, Default)]
struct MemoryFile(Rc<RefCell<Vec<u8>>>);

struct MemoryLock;

impl Lock for MemoryLock {}

impl ReadFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.borrow().len() as u64)
    }

    fn read_at(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let bytes = self.0.borrow();
        let place = |offset: u64| usize::try_from(offset).map_or(bytes.len(), |offset| offset.min(bytes.len()));
        Ok(bytes[place(offset)..place(offset.saturating_add(len))].to_vec())
    }

    fn bytes(&self, len: u64) -> io::Result<Bytes> {
        let bytes = self.read_at(0, len)?;
        if (bytes.len() as u64) < len { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Bytes::read(bytes)) }
    }
}

impl WriteFile for MemoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.0.borrow_mut();
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let end = start.checked_add(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        let len = file.len().max(end);
        file.resize(len, 0);
        file[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn find(&self, path: &Path) -> Option<MemoryFile> {
        self.files.borrow().get(path).cloned()
    }
}

impl Storage for Memory {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let bytes = self.find(path).map(|file| file.0.borrow().clone());
        let is_too_long = bytes.as_ref().is_some_and(|bytes| bytes.len() as u64 > limit);
        if is_too_long { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn ReadFile>>> {
        Ok(self.find(path).map(|file| Box::new(file) as _))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let file = MemoryFile::default();
        self.files.borrow_mut().insert(path.to_owned(), file.clone());
        Ok(Box::new(file))
    }

    fn open_write(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let file = self.find(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.borrow_mut();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<bool> {
        Ok(self.files.borrow_mut().remove(path).is_some())
    }

    fn remove_dir(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let files = self.files.borrow();
        let below = files.keys().filter_map(|path| path.strip_prefix(dir).ok()?.components().next());
        let names: BTreeSet<String> = below.map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
        Ok(names.into_iter().collect())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self, _path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        Ok(Some(Box::new(MemoryLock)))
    }

    fn signature(&self, path: &Path) -> io::Result<Option<Signature>> {
        Ok(self.find(path).map(|file| Signature { len: file.0.borrow().len() as u64, ..Signature::default() }))
    }

    fn wait(&self, _time: Duration) {}

    fn nonce(&self) -> [u8; 16] {
        Disk.nonce()
    }
}
