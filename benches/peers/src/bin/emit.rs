//! Baseline: copies a file to standard output in pieces of a pipe's length. What a list costs that has nothing to do
//! but to be written.

use std::fs::File;
use std::io::{Read, Write, stdout};
use std::os::fd::AsFd;

use peers::Result;

const PIECE_LEN: usize = 64 << 10;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or("usage: emit FILE")?;
    let mut from = File::open(path)?;
    let mut to = File::from(stdout().as_fd().try_clone_to_owned()?);
    let mut piece = vec![0; PIECE_LEN];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            count => to.write_all(&piece[..count])?,
        }
    }
}
