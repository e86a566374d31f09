//! As much of HTTP as it takes to hear what `gh` asks.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;

/// Has `serve` answer every connection to a new socket there, until the test's process ends.
pub fn listen(socket: &Path, serve: impl Fn(&UnixStream) + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.unwrap(), Arc::clone(&serve));
            std::thread::spawn(move || serve(&stream));
        }
    });
}

/// A request, whole.
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// `None` where the client went away, or does not speak HTTP.
    pub fn read(stream: &UnixStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let first = line(&mut reader)?;
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = Vec::new();
        while let Some((name, value)) = line(&mut reader)?.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self { method, path, headers, body: Vec::new() };
        if let Some(len) = request.header("content-length") {
            request.body = vec![0; len.parse().ok()?];
            reader.read_exact(&mut request.body).ok()?;
        } else if request.header("transfer-encoding").is_some() {
            request.body = chunks(&mut reader)?;
        }
        Some(request)
    }

    /// The header of that name, which is in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    reader.read_line(&mut text).ok()?;
    Some(text.trim_end().to_owned())
}

fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut chunk = vec![0; usize::from_str_radix(&line(reader)?, 16).ok()?];
        reader.read_exact(&mut chunk).ok()?;
        line(reader)?;
        if chunk.is_empty() {
            return Some(body);
        }
        body.append(&mut chunk);
    }
}
