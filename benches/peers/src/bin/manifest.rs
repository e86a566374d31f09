//! Writes a manifest of made-up trackers to standard output, or one for each of many repositories into a directory: the
//! same arguments give the same bytes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use peers::Result;
use peers::time::rfc3339;

const USAGE: &str = "usage: manifest COUNT [--updated-at TIME] [--changes N] [--ascending] [--repos N --dir DIR]
  --changes N   close N releases which are open without it, from the middle of the list on
  --repos N     a manifest for each of N repositories, in DIR/OWNER/NAME.json";

/// 2016-01-01T00:00:00Z: the first tracker's creation; the last one's is eight years later.
const FIRST_CREATED: u64 = 1_451_606_400;
const SPAN: u64 = 8 * 365 * 86_400;
const DAY: u64 = 86_400;

const ADJECTIVES: [&str; 16] = [
    "Amber",
    "Quiet",
    "Northern",
    "Patient",
    "Copper",
    "Winter",
    "Bright",
    "Hidden",
    "Steady",
    "Crimson",
    "Early",
    "Silver",
    "Wandering",
    "Hollow",
    "Gentle",
    "Última",
];
const NOUNS: [&str; 16] = [
    "Phoenix", "Harbor", "Meadow", "Lantern", "Glacier", "Orchard", "Falcon", "Canyon", "Beacon", "Thicket", "Juniper",
    "Compass", "Sparrow", "Estuary", "Granite", "Brücke",
];
const VERBS: [&str; 12] = [
    "rework",
    "speed up",
    "document",
    "split",
    "stabilize",
    "measure",
    "simplify",
    "migrate",
    "harden",
    "unify",
    "retire",
    "trace",
];
const PARTS: [&str; 14] = [
    "the cache",
    "board sync",
    "issue intake",
    "sub-issue tree",
    "the \\\"done\\\" column",
    "rate limits",
    "templates",
    "label audit",
    "release notes",
    "field lookup",
    "pagination",
    "retry logic",
    "config parser",
    "status report",
];

struct Options {
    count: u64,
    updated_at: String,
    changes: u64,
    ascending: bool,
    repos: u64,
    dir: PathBuf,
    /// Which of the repositories; 0 if there is one.
    repo: u64,
}

struct Tracker {
    place: u64,
    number: u64,
    is_release: bool,
    is_open: bool,
    /// Bits that the title is made of.
    dice: u64,
    created: u64,
}

/// SplitMix64: a well-mixed number for every place, without a state to carry.
fn mix(place: u64) -> u64 {
    let mut z = (place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Tracker {
    /// The tracker at one place, oldest first. Numbers have gaps: other issues and pull requests lie between.
    fn at(place: u64, options: &Options) -> Self {
        let count = options.count;
        let dice = mix(place ^ options.repo << 32);
        Self {
            place,
            number: place * 5 + 1 + dice % 5,
            is_release: dice >> 8 & 1 == 0,
            is_open: (dice >> 16).is_multiple_of(10),
            dice: dice >> 24,
            created: FIRST_CREATED + place * SPAN / count + dice % 3_600,
        }
    }

    fn title(&self) -> String {
        let pick = |words: &[&'static str], shift: u32| words[(self.dice >> shift) as usize % words.len()];
        if self.is_release {
            let (major, minor, patch) = (self.place / 4_000, self.place / 40 % 100, self.place % 40);
            let (adjective, noun) = (pick(&ADJECTIVES, 0), pick(&NOUNS, 8));
            format!("Release: v{major}.{minor}.{patch} ({adjective} {noun} {})", pick(&NOUNS, 16))
        } else {
            format!("Microsprint: {} {} for {}", pick(&VERBS, 0), pick(&PARTS, 8), pick(&NOUNS, 16))
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let created = rfc3339(self.created);
        write!(out, r#"    {{"number": {}, "title": "{}", "#, self.number, self.title())?;
        if self.is_open {
            return write!(out, r#""state": "OPEN", "createdAt": "{created}", "closedAt": null}}"#);
        }
        let closed = rfc3339(self.created + DAY * (2 + self.dice % 19) + self.dice % 7_200);
        write!(out, r#""state": "CLOSED", "createdAt": "{created}", "closedAt": "{closed}"}}"#)
    }
}

fn write_list(options: &Options, releases: bool, out: &mut impl Write) -> io::Result<()> {
    let count = options.count;
    // Chosen by place, so that both orders of writing change the same trackers.
    let changed: Vec<u64> = (count / 2..count)
        .chain(0..count / 2)
        .filter(|place| {
            let tracker = Tracker::at(*place, options);
            tracker.is_release && tracker.is_open
        })
        .take(options.changes as usize)
        .collect();
    let mut separator = "\n";
    for step in 0..count {
        let place = if options.ascending { step } else { count - 1 - step };
        let mut tracker = Tracker::at(place, options);
        if tracker.is_release == releases {
            tracker.is_open &= !changed.contains(&place);
            out.write_all(separator.as_bytes())?;
            tracker.write(out)?;
            separator = ",\n";
        }
    }
    out.write_all(b"\n")
}

fn parse_args() -> Result<Options> {
    let mut options = Options {
        count: 0,
        updated_at: rfc3339(FIRST_CREATED + SPAN + 30 * DAY),
        changes: 0,
        ascending: false,
        repos: 0,
        dir: PathBuf::new(),
        repo: 0,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--updated-at" => options.updated_at = args.next().ok_or(USAGE)?,
            "--changes" => options.changes = args.next().ok_or(USAGE)?.parse()?,
            "--repos" => options.repos = args.next().ok_or(USAGE)?.parse()?,
            "--dir" => options.dir = args.next().ok_or(USAGE)?.into(),
            "--ascending" => options.ascending = true,
            count => options.count = count.parse().map_err(|_| USAGE)?,
        }
    }
    if options.count == 0 { Err(USAGE.into()) } else { Ok(options) }
}

fn write_manifest(options: &Options, repo: &str, out: impl Write) -> Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, out);
    write!(out, "{{\n  \"version\": 1,\n  \"updated_at\": \"{}\",\n  \"repo\": \"{repo}\",\n", options.updated_at)?;
    write!(out, "  \"releases\": [")?;
    write_list(options, true, &mut out)?;
    write!(out, "  ],\n  \"microsprints\": [")?;
    write_list(options, false, &mut out)?;
    out.write_all(b"  ]\n}\n")?;
    Ok(out.flush()?)
}

/// A hundred repositories have one owner.
fn write_all(options: &mut Options) -> Result<()> {
    for repo in 0..options.repos {
        options.repo = repo;
        let (owner, name) = (format!("owner-{}", repo / 100), format!("name-{repo}"));
        let dir = options.dir.join(&owner);
        fs::create_dir_all(&dir)?;
        let file = File::create(dir.join(format!("{name}.json")))?;
        write_manifest(options, &format!("{owner}/{name}"), file)?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let mut options = parse_args()?;
    match options.repos {
        0 => write_manifest(&options, "owner/name", io::stdout().lock()),
        _ => write_all(&mut options),
    }
}
