//! Indexes: any bytes, valid ones that were damaged, and sealed ones that no writer writes.
#![no_main]

use std::ops::Range;

use arbitrary::Arbitrary;
use gh_pmu::format::{Chain, GROUPS, Group, IndexHeader, Section, Standing, Waypoint, checksum};
use gh_pmu::fs::Bytes;
use gh_pmu::index::{Index, Item};
use gh_pmu::model::{Seq, State, TrackerNumber, UnixMillis};
use gh_pmu_fuzz::{AnyTracker, flip_bits, index_of, overwrite, state_of};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Raw(&'a [u8]),
    Damaged { state: Vec<AnyTracker>, waypoints: u8, flips: Vec<u32>, cut: Option<u16> },
    Sealed { state: Vec<AnyTracker>, waypoints: u8, overwrite: Vec<(u32, u64)> },
    Header { counts: [u8; GROUPS], heap_len: u16, waypoints: u8, chain: [u8; 32], body: &'a [u8] },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Raw(bytes) => {
            Index::open(Bytes::read(bytes.to_vec())).as_ref().map(read).ok();
        }
        Input::Damaged { state, waypoints, flips, cut } => {
            damaged(&index_of(&state_of(&state), waypoints), &flips, cut)
        }
        Input::Sealed { state, waypoints, overwrite: patches } => {
            let valid = index_of(&state_of(&state), waypoints);
            let header = IndexHeader::decode(&valid, valid.len() as u64).expect("OK because the index is valid");
            let mut bytes = valid;
            overwrite(&mut bytes[256..], &patches);
            seal(&header, &mut bytes);
            let index = Index::open(Bytes::read(bytes)).expect("OK because the header is as it was");
            assert_eq!(index.verify(), []);
            read(&index);
        }
        Input::Header { counts, heap_len, waypoints, chain, body } => {
            let header = header(counts.map(u64::from), heap_len.into(), waypoints.into(), Chain(chain));
            let mut bytes = header.encode();
            bytes.extend(body.iter().copied().cycle().take(if body.is_empty() { 0 } else { 1 << 17 }));
            bytes.resize(header.file_len() as usize, 0);
            seal(&header, &mut bytes);
            let index = Index::open(Bytes::read(bytes)).expect("OK because the geometry is the file's");
            assert_eq!(*index.header(), header);
            read(&index);
        }
    }
});

fn header(counts: [u64; GROUPS], heap_len: u64, waypoint_count: u64, chain: Chain) -> IndexHeader {
    IndexHeader {
        chain,
        seq: Seq(7),
        address: 96,
        last_frame: 96,
        changed_at: UnixMillis::saturating(0),
        history_start: Seq(1),
        counts,
        heap_len,
        waypoint_count,
        state_hash: [0; 32],
    }
}

/// Makes every block's checksum match its content.
fn seal(header: &IndexHeader, bytes: &mut [u8]) {
    let sections: [Section; 3] = [header.records(), header.heap(), header.waypoints()];
    for section in sections {
        for (at, len) in (0..section.block_count()).map(|block| section.block(block)) {
            let (start, end) = (at as usize, (at + len) as usize - 4);
            let sum = checksum(header.id(), at, &[&bytes[start..end]]);
            bytes[end..end + 4].copy_from_slice(&sum.to_le_bytes());
        }
    }
}

/// All that an index can be asked for.
#[derive(PartialEq, Debug)]
struct Answers {
    items: Vec<Option<Item<'static>>>,
    found: Vec<Option<Option<(Standing, u64)>>>,
    waypoints: Vec<Option<Waypoint>>,
    last_waypoint: Option<Option<u64>>,
}

fn state_of_items(group: Group) -> State {
    if group.1 == Standing::Open { State::Open } else { State::Closed }
}

/// A walk finds what a look at each position finds; where a group verified, it finds all of it.
fn scan(index: &Index, group: Group, must_read: bool) {
    let state = state_of_items(group);
    let mut scan = index.scan(group);
    let mut count = 0;
    while let Ok(Some((number, record))) = scan.next_record() {
        let position = scan.position() - 1;
        assert_eq!(index.number(position), Ok(number));
        let item = scan.item(group.0, state, record);
        assert_eq!(item, index.item(group.0, state, position));
        assert!(!must_read || item.is_ok());
        count += 1;
    }
    let Range { start, end } = index.group(group);
    assert!(count <= end - start && (!must_read || count == end - start));
}

fn read(index: &Index) -> Answers {
    let (mut items, mut found) = (Vec::new(), Vec::new());
    for group in Group::ALL {
        let _ = index.verify_group(group);
        scan(index, group, false);
        let state = state_of_items(group);
        for position in index.group(group) {
            let item = index.item(group.0, state, position);
            items.push(item.ok().map(|item| Item { tracker: item.tracker.into_owned(), ..item }));
            if let Ok(number) = index.number(position) {
                found.push(index.find(group.0, number).ok());
            }
        }
        for number in [1, 16, TrackerNumber::MAX] {
            found.extend(TrackerNumber::new(number).map(|number| index.find(group.0, number).ok()));
        }
    }
    let waypoints = (0..index.header().waypoint_count).map(|position| index.waypoint(position).ok()).collect();
    let last_waypoint = index.last_waypoint(|waypoint| waypoint.first_seq <= Seq(640)).ok();
    Answers { items, found, waypoints, last_waypoint }
}

/// What a damaged index still answers is what it answered before.
fn damaged(valid: &[u8], flips: &[u32], cut: Option<u16>) {
    let mut bytes = valid.to_vec();
    flip_bits(&mut bytes, flips);
    bytes.truncate(cut.map_or(bytes.len(), usize::from));
    let (is_whole, len) = (bytes == valid, bytes.len());
    let index = Index::open(Bytes::read(bytes));
    if is_whole {
        assert!(index.as_ref().is_ok_and(|index| index.verify().is_empty()));
    }
    let Ok(index) = index else { return };
    assert_eq!(len, valid.len());
    for group in Group::ALL {
        scan(&index, group, index.verify_group(group).is_ok());
    }
    let is_sound = index.verify().is_empty();
    let valid = Index::open(Bytes::read(valid.to_vec())).expect("OK because the index is valid");
    let (answers, expected) = (read(&index), read(&valid));
    assert_eq!(answers == expected && is_sound, is_whole);
    let same = |(is, was): (&Option<Item<'_>>, _)| is.is_none() || is == was;
    assert!(answers.items.iter().zip(&expected.items).all(same));
    let same = |(is, was): (&Option<Waypoint>, _)| is.is_none() || is == was;
    assert!(answers.waypoints.iter().zip(&expected.waypoints).all(same));
    assert!(answers.last_waypoint.is_none() || answers.last_waypoint == expected.last_waypoint);
}
