//! A pager. Owns the child process; must not know what it shows.

use std::io::{self, Write};
use std::process::Stdio;

use crate::config::PagerCommand;

/// Shows the bytes and waits until the user has seen enough. Leaving early is no error. Returns whether the pager took all of
/// them, and ended well.
pub fn show(command: &PagerCommand, bytes: &[u8]) -> io::Result<bool> {
    // OK because a command without a word is none.
    let (program, arguments) = command.words.split_first().expect("a program");
    let mut child = gh_pmu::program::command(program)
        .args(arguments)
        .env_remove("PAGER")
        .envs(command.variables.iter().copied())
        .stdin(Stdio::piped())
        .spawn()?;
    // A pager that ends before it has read everything closes its end.
    let is_taken = child.stdin.take().is_some_and(|mut input| input.write_all(bytes).is_ok());
    Ok(child.wait()?.success() && is_taken)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn pager(words: &[&str]) -> PagerCommand {
        PagerCommand { words: words.iter().map(ToString::to_string).collect(), variables: vec![("LESS", "FRX")] }
    }

    #[test]
    fn the_pager_gets_every_byte_and_its_variables() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("shown");
        let script = format!("cat > {0}; echo $LESS >> {0}", file.display());
        assert!(show(&pager(&["sh", "-c", &script]), b"a\nb\n").unwrap());
        assert_eq!(std::fs::read_to_string(file).unwrap(), "a\nb\nFRX\n");
    }

    #[test]
    fn a_pager_that_leaves_early_is_no_error() {
        let bytes = vec![b'x'; 1 << 20];
        assert!(!show(&pager(&["true"]), &bytes).unwrap());
        assert!(!show(&pager(&["sh", "-c", "cat >/dev/null; false"]), &bytes).unwrap());
        assert!(show(&pager(&["no-such-pager"]), &bytes).is_err());
    }
}
