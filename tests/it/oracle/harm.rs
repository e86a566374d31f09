//! What can happen to the files of a store: bytes that rot, files that vanish, are cut, come back, or are another's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Random;
use crate::cli::lab::files_below;

/// The files of a store as they were.
pub type Saved = BTreeMap<PathBuf, Vec<u8>>;

pub fn save(dir: &Path) -> Saved {
    files_below(dir).into_iter().filter_map(|(path, (_, content))| Some((path, content?))).collect()
}

pub fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 0x40;
    }
    fs::write(path, bytes).unwrap();
}

/// Does one harm to one file of the store, and says which. `saved` is how the store once was, `foreign` another one.
pub fn harm(dir: &Path, random: &mut Random, saved: &Saved, foreign: &Path) -> Option<String> {
    let files: Vec<PathBuf> = save(dir).into_keys().filter(|path| !path.ends_with("lock")).collect();
    if files.is_empty() {
        return None;
    }
    let path = &files[random.below(files.len())];
    let mut bytes = fs::read(path).unwrap();
    let at = random.below(bytes.len());
    let what = match random.below(10) {
        0 => {
            fs::remove_file(path).unwrap();
            return Some(format!("{} is removed", path.display()));
        }
        1 => {
            bytes.truncate(at);
            format!("is cut at {at}")
        }
        2 => {
            bytes.truncate(bytes.len().saturating_sub(1 + at % 40));
            format!("ends {} bytes early", 1 + at % 40)
        }
        3 => {
            let end = bytes.len().min(at + 200);
            bytes[at..end].fill(0);
            format!("is zero from {at} to {end}")
        }
        4 => {
            bytes.extend(b"what does not belong here".iter().cycle().take(1 + at % 300));
            "has bytes after its end".into()
        }
        5 | 6 => return Some(restore(random, saved)),
        7 => {
            let name = path.file_name().unwrap();
            let other = foreign.join(name);
            if !other.exists() {
                return None;
            }
            bytes = fs::read(other).unwrap();
            "is another repository's".into()
        }
        // Half of them where the headers are.
        8 => return Some(flipped(path, at.min(at % 160))),
        _ => return Some(flipped(path, at)),
    };
    fs::write(path, bytes).unwrap();
    Some(format!("{} {what}", path.display()))
}

fn flipped(path: &Path, at: usize) -> String {
    flip(path, at);
    format!("{} has another byte at {at}", path.display())
}

/// Some files, or all, are again what they were.
fn restore(random: &mut Random, saved: &Saved) -> String {
    let all = random.below(2) == 0;
    let mut what = String::from("restored from before:");
    for (path, bytes) in saved {
        if (all || random.below(2) == 0) && !path.ends_with("lock") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
            what.push_str(&format!(" {}", path.display()));
        }
    }
    what
}
