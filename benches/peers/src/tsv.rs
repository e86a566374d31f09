//! The lines that `gh-pmu release list` writes into a pipe.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;

use crate::manifest::{State, Tracker};

/// As large as a pipe, so that a long list takes few writes.
const BUFFER_LEN: usize = 64 << 10;

pub struct Tsv {
    out: BufWriter<File>,
    digits: [u8; 20],
}

/// One line's fields; an absent time is empty.
pub struct Line<'a> {
    pub number: u64,
    pub state: State,
    pub title: &'a [u8],
    pub created_at: &'a [u8],
    pub closed_at: &'a [u8],
}

impl Tsv {
    /// Standard output, without the line buffer that std puts before it.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn stdout() -> io::Result<Self> {
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Self { out: BufWriter::with_capacity(BUFFER_LEN, file), digits: [0; 20] })
    }

    pub fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut at = self.digits.len();
        let mut number = line.number;
        loop {
            at -= 1;
            self.digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.out.write_all(&self.digits[at..])?;
        for field in [line.state.as_str().as_bytes(), line.title, line.created_at, line.closed_at] {
            self.out.write_all(b"\t")?;
            self.out.write_all(field)?;
        }
        self.out.write_all(b"\n")
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<'a> From<&'a Tracker<'_>> for Line<'a> {
    fn from(tracker: &'a Tracker<'_>) -> Self {
        Line {
            number: tracker.number,
            state: tracker.state,
            title: tracker.title.as_bytes(),
            created_at: tracker.created_at.unwrap_or_default().as_bytes(),
            closed_at: tracker.closed_at.unwrap_or_default().as_bytes(),
        }
    }
}
