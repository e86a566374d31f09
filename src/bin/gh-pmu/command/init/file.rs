//! Small text files of the checkout, read and replaced whole. Owns what may be a file there, and that it is never seen
//! half written; must not know what is in it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::command::replace::replace;
use crate::config::MAX_LEN;
use crate::exit::Error;

/// The text of the file; `None` where there is none.
///
/// # Errors
/// Not a plain file, too long, not UTF-8, or the system's.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, &error)),
    };
    // What comes with a clone must not lead out of it.
    if !metadata.is_file() {
        let what = if metadata.is_symlink() { "a symbolic link" } else { "no file" };
        return Err(Error::new(format!("{} is {what}; it stays as it is", path.display())));
    }
    if metadata.len() > MAX_LEN {
        return Err(Error::new(format!("{} is longer than {} MiB; it stays as it is", path.display(), MAX_LEN >> 20)));
    }
    let bytes = fs::read(path).map_err(|error| failed("read", path, &error))?;
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let error = error.utf8_error();
        Error::new(format!("{} is not UTF-8, from its byte {} on", path.display(), error.valid_up_to()))
    })
}

/// Makes the directories from `root` to the file, and the file, as [`replace`] does.
///
/// # Errors
/// A directory that is a symbolic link; the system's.
pub fn write(root: &Path, path: &Path, text: &str) -> Result<(), Error> {
    if text.len() as u64 > MAX_LEN {
        return Err(Error::new(format!("{} would be longer than {} MiB", path.display(), MAX_LEN >> 20)));
    }
    let dir = path.parent().unwrap_or(root);
    for dir in dirs_below(root, dir) {
        make_dir(&dir).map_err(|error| failed("make", &dir, &error))?;
    }
    replace(path, text.as_bytes()).map_err(|error| failed("write", path, &error))
}

/// Removes a file that was made before.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(|error| failed("remove", path, &error))
}

/// The directories from below `root` down to `dir`.
fn dirs_below(root: &Path, dir: &Path) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = dir.ancestors().take_while(|dir| *dir != root).map(Path::to_owned).collect();
    dirs.reverse();
    dirs
}

fn make_dir(dir: &Path) -> io::Result<()> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::symlink_metadata(dir)? {
            there if there.is_dir() => Ok(()),
            there if there.is_symlink() => Err(io::Error::other("it is a symbolic link")),
            _ => Err(ErrorKind::NotADirectory.into()),
        },
        made => made,
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".gh-pmu.yml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(dir.path(), &path, "new").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("new"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [".gh-pmu.yml"]);
    }

    #[test]
    fn directories_are_made_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".github/workflows/pmu-cache.yml");
        assert_eq!(read(&path).unwrap(), None);
        write(dir.path(), &path, "x").unwrap();
        write(dir.path(), &path, "y").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("y"));
    }

    #[test]
    fn links_do_not_lead_out_of_the_checkout() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("f"), "theirs").unwrap();
        let link = dir.path().join("f");
        symlink(outside.path().join("f"), &link).unwrap();
        assert!(message(read(&link)).ends_with("f is a symbolic link; it stays as it is\n"));
        symlink(outside.path(), dir.path().join(".github")).unwrap();
        let written = write(dir.path(), &dir.path().join(".github/f"), "x");
        assert!(message(written).ends_with(".github: it is a symbolic link\n"));
        assert_eq!(fs::read_to_string(outside.path().join("f")).unwrap(), "theirs");
    }

    #[test]
    fn what_is_no_text_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, b"ab\xff").unwrap();
        assert!(message(read(&path)).ends_with("f is not UTF-8, from its byte 2 on\n"));
        assert!(message(read(dir.path())).ends_with(" is no file; it stays as it is\n"));
        fs::write(&path, "").unwrap();
        let blocked = write(dir.path(), &path.join("x"), "y");
        assert!(message(blocked).starts_with("cannot make "));
    }
}
