// Section "bincode": sync records, events and trackers. Also "Hashes and ids".

import { Reader, code, whole } from "./bincode.mjs";
import { blake3 } from "./blake3.mjs";
import { i64, timeOrNone, u16, u64 } from "./checks.mjs";

export const KINDS = ["release", "microsprint"];
export const STATES = ["open", "closed"];
export const SOURCES = ["manifest", "api", "git"];
export const CHANGES = ["added", "closed", "reopened", "retitled", "redated", "removed"];
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

// Sync record.

export function readSync(file, data, at, end) {
  return whole(new Reader(file, data, at, end), (r) => ({
    source: r.below(3, "source"),
    updatedAt: r.time(),
    changedAt: r.time(),
    syncedAt: r.time(),
    manifest: r.option(() => r.take(32)),
    commit: r.option(() => {
      const start = r.at,
        id = r.blob();
      r.need([20, 32].includes(id.length), `a commit's id of ${id.length} bytes`, start);
      return id;
    }),
    repository: r.text(),
    trackers: r.uint(),
    sum: r.take(32),
    history: r.option(() => r.take(32)),
    note: r.text(),
    further: r.further(),
  }));
}

export function syncBytes(sync) {
  return Buffer.concat([
    code.u8(sync.source),
    ...[sync.updatedAt, sync.changedAt, sync.syncedAt].map(code.int),
    code.option(sync.manifest, (digest) => digest),
    code.option(sync.commit, code.blob),
    code.text(sync.repository),
    code.uint(sync.trackers),
    sync.sum,
    code.option(sync.history, (digest) => digest),
    code.text(sync.note ?? ""),
    code.further(sync.further),
  ]);
}

// Events. A tracker is { kind, number, state, title, created, closed, last }.

const times = (r) => ({ created: r.option(() => r.time()), closed: r.option(() => r.time()) });
const state = (r) => r.below(2, "state");

// What each variant reads: the tracker before and the tracker after.
const READ = [
  (r) => [null, { state: state(r), title: r.text(), ...times(r) }],
  (r) => turned(r, 0, 1),
  (r) => turned(r, 1, 0),
  (r) => {
    const now = state(r),
      old = r.text(),
      title = r.text(),
      both = times(r);
    return [
      { state: now, title: old, ...both },
      { state: now, title, ...both },
    ];
  },
  (r) => {
    const both = { state: state(r), title: r.text() };
    return [
      { ...both, ...times(r) },
      { ...both, ...times(r) },
    ];
  },
  (r) => [{ state: state(r), title: r.text(), ...times(r) }, null],
];

function turned(r, from, to) {
  const title = r.text();
  return [
    { state: from, title, ...times(r) },
    { state: to, title, ...times(r) },
  ];
}

function readNumber(r) {
  const start = r.at,
    number = r.uint();
  r.need(number >= 1 && number <= NUMBER_MAX, `${number} is no tracker's number`, start);
  return number;
}

export function readEvent(r) {
  const at = r.at,
    kind = r.below(2, "kind"),
    number = readNumber(r);
  const change = r.below(READ.length, "event", r.uint);
  const [before, after] = READ[change](r);
  const canonical = r.data.subarray(at, r.at);
  const prev = r.uint();
  return { at, kind, number, what: CHANGES[change], before, after, prev, canonical, further: r.further() };
}

const timesBytes = (t) => Buffer.concat([code.option(t.created, code.int), code.option(t.closed, code.int)]);

const WRITE = {
  added: (_, to) => [code.u8(to.state), code.text(to.title), timesBytes(to)],
  closed: (from, to) => [code.text(from.title), timesBytes(from), timesBytes(to)],
  reopened: (from, to) => [code.text(from.title), timesBytes(from), timesBytes(to)],
  retitled: (from, to) => [code.u8(from.state), code.text(from.title), code.text(to.title), timesBytes(from)],
  redated: (from, to) => [code.u8(from.state), code.text(from.title), timesBytes(from), timesBytes(to)],
  removed: (from) => [code.u8(from.state), code.text(from.title), timesBytes(from)],
};

export function canonicalBytes(event) {
  const change = WRITE[event.what](event.before, event.after);
  const variant = code.uint(CHANGES.indexOf(event.what));
  return Buffer.concat([code.u8(event.kind), code.uint(event.number), variant, ...change]);
}

export function eventBytes(event) {
  return Buffer.concat([canonicalBytes(event), code.uint(event.prev), code.further(event.further)]);
}

// Trackers of a base.

export function readTracker(r) {
  const kind = r.below(2, "kind"),
    number = readNumber(r),
    last = r.uint();
  const tracker = { kind, number, last, state: state(r), title: r.text(), ...times(r) };
  r.further();
  return tracker;
}

export function trackerBytes(t) {
  const head = [code.u8(t.kind), code.uint(t.number), code.uint(t.last), code.u8(t.state), code.text(t.title)];
  return Buffer.concat([...head, timesBytes(t), code.further(t.further)]);
}

// Hashes and ids.

// Returns BLAKE3 of the tracker bytes as a number.
export function trackerNumber(t) {
  const title = Buffer.from(t.title);
  const letters = Buffer.from("RM"[t.kind] + "OC"[t.state]);
  const fields = [u64(t.number), timeOrNone(t.created), timeOrNone(t.closed), u64(title.length)];
  return littleEndian(blake3(letters, ...fields, title));
}

export function littleEndian(bytes) {
  return BigInt("0x" + Buffer.from(bytes).reverse().toString("hex"));
}

export function sumBytes(sum) {
  return Buffer.from((sum & (2n ** 256n - 1n)).toString(16).padStart(64, "0"), "hex").reverse();
}

export function stateHash(count, sum) {
  return blake3(Buffer.from("gh-pmu state 1\n"), u64(count), sum);
}

const lower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export function originOf(sync, published) {
  const name = Buffer.from(lower(sync.repository));
  let publisher;
  if (published && sync.commit) publisher = [Buffer.from("c"), Buffer.of(sync.commit.length), sync.commit];
  else if (sync.manifest) publisher = [Buffer.from("m"), sync.manifest];
  else publisher = [Buffer.from("t"), i64(sync.updatedAt)];
  return Buffer.concat([u16(name.length), name, Buffer.of(sync.source), ...publisher, i64(sync.changedAt)]);
}

export function historyHash(before, origin, events) {
  const tag = Buffer.from("gh-pmu history 1\n");
  return blake3(tag, before, origin, u64(events.length), ...events.map((event) => event.canonical));
}

export function eventId(origin, event) {
  return blake3(Buffer.from("gh-pmu event 1\n"), origin, event.canonical).subarray(0, 16);
}
