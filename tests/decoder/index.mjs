// Section "Index": what a fold gives, as bytes; and reading one without the log.

import { MAJOR, MINOR, TIME_MIN, View, checksum, i64, pad, padded, timeOrNone, u16, u32, u64 } from "./checks.mjs";
import { byOrder } from "./fold.mjs";
import { COMMIT } from "./log.mjs";
import { readSync } from "./records.mjs";

const MAGIC = "pmu-idx\n";
const HEADER = 4096,
  BLOCK = 4096,
  RECORD = 40,
  WAYPOINT = 24;
const FRESHNESS = 308,
  FRESHNESS_MAX = 3784,
  SUM = HEADER - 4;
const GROUPS = [0, 1].flatMap((kind) => [0, 1, null].map((state) => ({ kind, state })));

// The trackers of each group, those that were removed too.
function groupsOf(fold) {
  const removed = [...fold.removed].map(([key, last]) => {
    const [kind, number] = key.split(" ").map(Number);
    return { kind, number, state: null, title: "", created: null, closed: null, last };
  });
  const all = [...fold.trackers.values(), ...removed].sort(byOrder);
  return GROUPS.map(({ kind, state }) => all.filter((t) => t.kind === kind && t.state === state));
}

function recordBytes(tracker, titleEnd) {
  const times = [timeOrNone(tracker.created), timeOrNone(tracker.closed)];
  return Buffer.concat([u64(tracker.number), ...times, u64(titleEnd), u64(tracker.last)]);
}

function headerBytes(fold, historyStart, { counts, titles, length }) {
  const { live, states } = fold,
    first = states[0];
  const [published, observed] = [true, false].map((flag) => states.filter((frame) => frame.published === flag));
  const lastPublished = live.filter((frame) => frame.published).at(-1);
  const freshness = fold.freshness && fold.freshness.raw.length <= FRESHNESS_MAX ? fold.freshness.raw : Buffer.alloc(0);
  const fields = Buffer.concat([
    Buffer.from(MAGIC),
    u16(MAJOR),
    u16(MINOR),
    u32(BLOCK),
    Buffer.alloc(24),
    fold.chain,
    fold.log.id,
    ...[fold.address, fold.lastFrame, first?.kind === COMMIT ? first.at : 0].map(u64),
    ...[published.at(-1)?.at ?? 0, observed[0]?.at ?? 0, fold.seq, fold.publishedSeq, historyStart].map(u64),
    i64(live.at(-1).changedAt),
    i64(lastPublished?.changedAt ?? TIME_MIN),
    u64(length),
    ...counts.map(u64),
    u64(titles),
    u64(fold.waypoints.length),
    fold.sumBytes,
    fold.history,
    u32(freshness.length),
    freshness,
  ]);
  const padding = Buffer.alloc(SUM - fields.length);
  return Buffer.concat([fields, padding, u32(checksum(fold.chain.subarray(0, 16), 0, fields, padding))]);
}

// Returns the index of all that was folded.
export function encodeIndex(fold, historyStart) {
  const groups = groupsOf(fold),
    records = groups.flat();
  const titles = Buffer.concat(records.map((record) => Buffer.from(record.title)));
  let end = 0;
  const rows = records.map((record) => recordBytes(record, (end += Buffer.byteLength(record.title))));
  const waypoints = fold.waypoints.map((w) => Buffer.concat([u64(w.firstSeq), i64(w.changedAt), u64(w.offset)]));
  const body = pad(Buffer.concat([...rows, titles, ...waypoints]));
  const sums = [];
  for (let at = 0; at < body.length; at += BLOCK) {
    sums.push(u32(checksum(fold.chain.subarray(0, 16), HEADER + at, body.subarray(at, at + BLOCK))));
  }
  const counts = groups.map((group) => group.length);
  const length = HEADER + body.length + 4 * sums.length;
  return Buffer.concat([headerBytes(fold, historyStart, { counts, titles: titles.length, length }), body, ...sums]);
}

function decodeHeader(name, data) {
  const view = new View(name, data);
  const chain = data.subarray(40, 72);
  view.verify(MAGIC, chain.subarray(0, 16), SUM);
  view.version(16);
  view.need(view.u32(12) === BLOCK, 12, "the block length is another");
  view.need(view.u64(168) === data.length, 168, "the file length is another");
  const length = view.u32(304);
  view.need(length <= FRESHNESS_MAX, 304, "the freshness is too long");
  const numbers = ["address", "lastFrame", "firstFrame", "publishedFrame", "observedFrom", "seq", "publishedSeq"];
  return {
    chain,
    logId: view.bytes(72, 16),
    ...Object.fromEntries(numbers.map((field, i) => [field, view.u64(88 + 8 * i)])),
    historyStart: view.u64(144),
    changedAt: view.time(152),
    publishedChangedAt: view.time(160),
    counts: GROUPS.map((_, i) => view.u64(176 + 8 * i)),
    titles: view.u64(224),
    waypointCount: view.u64(232),
    sum: view.bytes(240, 32),
    history: view.bytes(272, 32),
    freshness: length ? readSync(name, data, FRESHNESS, FRESHNESS + length) : null,
  };
}

// Every block of the body is verified.
function checkBlocks(view, chain, used) {
  const end = HEADER + padded(used),
    blocks = Math.ceil((end - HEADER) / BLOCK);
  view.need(end + 4 * blocks === view.data.length, 168, "the sections do not fill the file");
  for (let i = 0; i < blocks; i++) {
    const at = HEADER + BLOCK * i,
      block = view.data.subarray(at, Math.min(at + BLOCK, end));
    view.need(view.u32(end + 4 * i) === checksum(chain.subarray(0, 16), at, block), at, "the checksum is wrong");
  }
}

// Returns an index, all of it verified, without looking at the log.
export function decodeIndex(name, data) {
  const header = decodeHeader(name, data),
    view = new View(name, data);
  const records = header.counts.reduce((sum, count) => sum + count, 0);
  const titlesAt = HEADER + RECORD * records,
    waypointsAt = titlesAt + header.titles;
  checkBlocks(view, header.chain, RECORD * records + header.titles + WAYPOINT * header.waypointCount);
  const trackers = [],
    removed = [];
  let at = HEADER,
    begin = 0;
  GROUPS.forEach(({ kind, state }, group) => {
    for (let i = 0; i < header.counts[group]; i++, at += RECORD) {
      const end = view.u64(at + 24);
      view.need(end >= begin && end <= header.titles, at + 24, "a title that ends elsewhere");
      const title = view.text(titlesAt + begin, end - begin);
      const times = { created: view.timeOrNone(at + 8), closed: view.timeOrNone(at + 16) };
      (state === null ? removed : trackers).push({
        kind,
        number: view.u64(at),
        state,
        title,
        ...times,
        last: view.u64(at + 32),
      });
      begin = end;
    }
  });
  const waypoints = Array.from({ length: header.waypointCount }, (_, i) => {
    const from = waypointsAt + WAYPOINT * i;
    return { firstSeq: view.u64(from), changedAt: view.time(from + 8), offset: view.u64(from + 16) };
  });
  return { ...header, trackers: trackers.sort(byOrder), removed, waypoints };
}
