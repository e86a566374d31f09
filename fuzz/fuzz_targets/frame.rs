//! Frames: any bytes, valid ones that were damaged, and sealed ones that no writer writes.
#![no_main]

use std::convert::Infallible;

use arbitrary::Arbitrary;
use gh_pmu::format::{
    Chain, Chunk, ChunkKind, EventRecord, FRAME_HEADER_LEN, FormatError, FrameHeader, FrameKind, SEGMENT_HEADER_LEN,
    decode_trackers,
};
use gh_pmu::log::{Frame, Stop, salvage, walk};
use gh_pmu::model::{Seq, UnixMillis};
use gh_pmu_fuzz::{AnyTracker, FILE, Log, flip_bits, log_of, overwrite};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Raw(&'a [u8]),
    Damaged { states: Vec<Vec<AnyTracker>>, flips: Vec<u32>, damage: Vec<Damage> },
    Sealed { state: Vec<AnyTracker>, header: Header, chunks: Vec<ChunkPatch> },
}

#[derive(Arbitrary, Debug)]
enum Damage {
    Cut(u16),
    ZeroFrom(u16),
    ZeroBlock(u8),
    Swap(u8, u8),
    Drop(u8),
    Append(u8, u16),
}

/// What to change in the header of a frame; zero leaves a count as it is.
#[derive(Arbitrary, Debug)]
struct Header {
    kind: u8,
    first_seq: u64,
    event_count: u32,
    chunk_count: u32,
    changed_at: Option<i64>,
}

#[derive(Arbitrary, Debug)]
struct ChunkPatch {
    position: u8,
    kind: u8,
    count: u32,
    first_seq: u64,
    overwrite: Vec<(u32, u64)>,
    cut: u8,
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Raw(bytes) => {
            read(bytes);
            salvaged(bytes);
        }
        Input::Damaged { states, flips, damage } => {
            let log = log_of(&states[..states.len().min(8)]);
            let mut bytes = damaged(&log, &damage);
            flip_bits(&mut bytes, &flips);
            check(&log, &bytes, damage.iter().all(|damage| matches!(damage, Damage::Cut(_))) && flips.is_empty());
        }
        Input::Sealed { state, header, chunks } => {
            let bytes = sealed(&log_of(&[state]).bytes, &header, &chunks);
            read(&bytes);
            salvaged(&bytes);
        }
    }
});

type Events = Vec<(Seq, EventRecord<'static>)>;

/// Walks the bytes and reads all that is in their frames: each frame's events, and what ended the walk.
fn read(bytes: &[u8]) -> (Vec<Events>, Stop) {
    let mut frames = Vec::new();
    let walked = walk(bytes, FILE, SEGMENT_HEADER_LEN, Chain::START, |frame: Frame<'_>| {
        let mut events = Events::new();
        let done: Result<(), FormatError> = frame.events(|seq, record| {
            events.push((seq, EventRecord { prev: record.prev, event: record.event.into_owned() }));
            Ok(())
        });
        if done.is_ok() && frame.header.kind == FrameKind::Commit {
            assert_eq!(events.len(), frame.header.event_count as usize);
            assert!(events.iter().zip(frame.header.first_seq.0..).all(|((seq, _), expected)| seq.0 == expected));
        }
        for (offset, chunk) in frame.chunks.iter().filter(|(_, chunk)| chunk.kind == ChunkKind::Trackers) {
            let _ = decode_trackers(chunk, *offset);
        }
        frames.push(events);
        Ok::<_, Infallible>(())
    });
    let (end, stop) = walked.unwrap_or_else(|never| match never {});
    assert!(end >= SEGMENT_HEADER_LEN && end - SEGMENT_HEADER_LEN <= bytes.len() as u64);
    (frames, stop)
}

/// What verifies somewhere in the bytes, as if they stood behind a segment's header.
fn salvaged(bytes: &[u8]) -> Events {
    let segment = [&[0; SEGMENT_HEADER_LEN as usize], bytes].concat();
    let found = salvage(&segment, FILE);
    assert!(found.end <= segment.len() as u64);
    let frames = found.events.values().map(|(frame, _)| frame).chain(found.headers.keys());
    frames.for_each(|&frame| drop(found.sync_of(frame)));
    let own = |record: EventRecord<'_>| EventRecord { prev: record.prev, event: record.event.into_owned() };
    found.events.into_iter().map(|(seq, (_, record))| (seq, own(record))).collect()
}

fn damaged(log: &Log, damage: &[Damage]) -> Vec<u8> {
    let mut bytes = log.bytes.clone();
    let mut order: Vec<usize> = (0..log.frames.len()).collect();
    for damage in damage {
        match *damage {
            Damage::Swap(a, b) if !order.is_empty() => {
                let count = order.len();
                order.swap(usize::from(a) % count, usize::from(b) % count);
            }
            Damage::Drop(position) if !order.is_empty() => {
                order.remove(usize::from(position) % order.len());
            }
            _ => continue,
        }
        let frames = order.iter().map(|&position| &log.frames[position]);
        bytes = frames.flat_map(|frame| &log.bytes[frame.start..frame.end]).copied().collect();
    }
    for damage in damage {
        let len = bytes.len();
        match *damage {
            Damage::Cut(at) => bytes.truncate(usize::from(at) % (len + 1)),
            Damage::ZeroFrom(at) => bytes[usize::from(at) % (len + 1)..].fill(0),
            Damage::ZeroBlock(block) => {
                let start = (usize::from(block) * 512).min(len);
                bytes[start..(start + 512).min(len)].fill(0);
            }
            Damage::Append(byte, count) => bytes.extend(std::iter::repeat_n(byte, usize::from(count))),
            Damage::Swap(..) | Damage::Drop(_) => {}
        }
    }
    bytes
}

/// Every frame up to the first one touched is read as it was written, nothing else is, and the end is told rightly.
fn check(log: &Log, bytes: &[u8], only_cut: bool) {
    let is_intact = |frame: &&gh_pmu_fuzz::Written| {
        bytes.get(frame.start..frame.end).is_some_and(|bytes| *bytes == log.bytes[frame.start..frame.end])
    };
    let intact = log.frames.iter().take_while(is_intact).count();
    let (frames, stop) = read(bytes);
    let expected: Vec<&Events> = log.frames[..intact].iter().map(|frame| &frame.events).collect();
    assert_eq!(frames.iter().collect::<Vec<_>>(), expected);

    let written: Vec<_> = log.frames.iter().flat_map(|frame| &frame.events).collect();
    let whole = log.frames.iter().filter(is_intact).flat_map(|frame| &frame.events);
    let salvaged = salvaged(bytes);
    assert!(salvaged.iter().all(|event| written.contains(&event)));
    assert!(whole.into_iter().all(|event| salvaged.contains(event)));

    let end = intact.checked_sub(1).map_or(0, |last| log.frames[last].end);
    let here = SEGMENT_HEADER_LEN + end as u64;
    let next_intact = log.frames.iter().skip(intact).find(is_intact);
    match stop {
        Stop::End => assert_eq!(bytes.len(), end),
        Stop::Torn(at) => assert!(at == here && next_intact.is_none() && bytes.len() > end),
        Stop::Damaged { error, resumes_at } => {
            assert!(!only_cut && error.offset >= here);
            assert!(resumes_at.is_none_or(|at| at > here));
            if let Some(next) = next_intact {
                assert!(resumes_at.is_none_or(|at| at <= SEGMENT_HEADER_LEN + next.start as u64));
            }
        }
    }
}

/// A frame with other content under checksums that match.
fn sealed(frame: &[u8], patch: &Header, patches: &[ChunkPatch]) -> Vec<u8> {
    let header = FrameHeader::decode(frame, FILE, SEGMENT_HEADER_LEN).expect("OK because the frame is valid");
    let mut out = vec![0; FRAME_HEADER_LEN as usize];
    let mut at = FRAME_HEADER_LEN as usize;
    for position in 0..header.chunk_count as u8 {
        let chunk = Chunk::decode(&frame[at..], FILE, SEGMENT_HEADER_LEN + at as u64);
        let mut chunk = chunk.expect("OK because the frame is valid");
        at += chunk.chunk_len() as usize;
        let mut payload = chunk.payload.to_vec();
        for patch in patches.iter().filter(|patch| patch.position == position) {
            overwrite(&mut payload, &patch.overwrite);
            payload.truncate(payload.len() - usize::from(patch.cut).min(payload.len()));
            chunk.kind = match patch.kind % 8 {
                1 => ChunkKind::Sync,
                2 => ChunkKind::Events,
                3 => ChunkKind::Trackers,
                _ => chunk.kind,
            };
            chunk.count = if patch.count == 0 { chunk.count } else { patch.count };
            chunk.first_seq = if patch.first_seq == 0 { chunk.first_seq } else { Seq(patch.first_seq) };
        }
        Chunk { payload: &payload, ..chunk }.encode(FILE, SEGMENT_HEADER_LEN + out.len() as u64, &mut out);
    }
    let header = FrameHeader {
        kind: [FrameKind::Commit, FrameKind::Base, FrameKind::Note][usize::from(patch.kind % 3)],
        payload_len: out.len() as u64 - FRAME_HEADER_LEN,
        first_seq: if patch.first_seq == 0 { header.first_seq } else { Seq(patch.first_seq) },
        event_count: if patch.event_count == 0 { header.event_count } else { patch.event_count },
        chunk_count: if patch.chunk_count == 0 { header.chunk_count } else { patch.chunk_count },
        changed_at: patch.changed_at.map_or(header.changed_at, UnixMillis::saturating),
        prev: header.prev,
    };
    out[..FRAME_HEADER_LEN as usize].copy_from_slice(&header.encode(FILE, SEGMENT_HEADER_LEN));
    out
}
