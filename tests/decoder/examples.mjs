// Stores with all there is, each under a name: what both decoders and the program are held to.

import fs from "node:fs";

import { code } from "./bincode.mjs";
import { blake3 } from "./blake3.mjs";
import { BASE, COMMIT, EVENTS, NOTE, PUBLISHED, SYNC } from "./log.mjs";
import { eventBytes, syncBytes } from "./records.mjs";
import { encodeHint } from "./small.mjs";
import { Writer, mark } from "./writer.mjs";

export const REPOSITORY = "github.com/Owner/repo";
// 2026-01-01, and so many hours later.
const at = (hours) => Date.UTC(2026, 0, 1) + 3600000 * hours;

export function release(number, title, state = 0, created = at(0), closed = null) {
  return { kind: 0, number, state, title, created, closed };
}

export const microsprint = (...fields) => ({ ...release(...fields), kind: 1 });

export function newWriter(options) {
  const [id, store] = [Buffer.from("id of an example"), Buffer.from("store of example")];
  return new Writer({ repository: REPOSITORY, id, store, ...options });
}

// Published, observed, superseded, freshness, a commit of two frames, and every kind of event.
export function everything() {
  const w = newWriter();
  const five = release(5, "five"),
    six = microsprint(6, "six"),
    seven = microsprint(7, "sieben – ü");
  const digest = blake3(Buffer.from("a manifest")),
    closed = { ...five, state: 1, closed: at(5) };
  const reopened = { ...five, title: "fünf" },
    moved = { ...seven, created: null };
  w.commit({
    published: true,
    changedAt: at(1),
    manifest: digest,
    commit: Buffer.alloc(20, 7),
    source: 2,
    trackers: [five, six],
  });
  w.commit({ changedAt: at(2), source: 1, trackers: [five, { ...six, title: "sechs" }, seven] });
  w.commit({ changedAt: at(2), updatedAt: at(3), source: 1 });
  w.commit({ changedAt: at(6), source: 1, trackers: [{ ...closed, closed: at(6) }, six] });
  w.commit({ published: true, more: true, changedAt: at(5), manifest: digest, trackers: [closed, six] });
  w.commit({ published: true, changedAt: at(5), manifest: digest, trackers: [closed, seven] });
  w.commit({ published: true, changedAt: at(7), updatedAt: at(8), manifest: digest });
  w.commit({ published: true, changedAt: at(9), commit: Buffer.alloc(32, 9), source: 2, trackers: [reopened, moved] });
  w.makeIndex();
  w.commit({ changedAt: at(10), source: 1, trackers: [reopened, moved, six] });
  return w;
}

// What was observed stands in the index, and a published commit after it.
function supersededAfterIndex() {
  const w = newWriter();
  w.commit({ published: true, changedAt: at(1), trackers: [release(1, "one")] });
  w.commit({ changedAt: at(2), source: 1, trackers: [release(1, "uno"), release(2, "two")] });
  w.makeIndex();
  w.commit({ published: true, changedAt: at(3), trackers: [release(1, "eins")] });
  return w;
}

function observedOnly() {
  const w = newWriter();
  w.commit({ changedAt: at(1), source: 1, trackers: [release(1, "one"), microsprint(1, "one")] });
  w.commit({ changedAt: at(2), source: 1, trackers: [microsprint(1, "one")] });
  w.makeIndex();
  return w;
}

// Trackers in several blocks, some with titles longer than a block; several chunks and waypoints.
export function large() {
  const w = newWriter();
  const title = (i) => "long ".repeat(i % 50 ? 1 : 2000) + i;
  const trackers = Array.from({ length: 700 }, (_, i) =>
    microsprint(i + 1, title(i), i % 2, at(i), i % 2 ? at(i + 1) : null),
  );
  w.commit({ published: true, changedAt: at(1000), trackers });
  w.commit({ published: true, changedAt: at(2000), trackers: trackers.slice(300), chunkItems: 40 });
  w.makeIndex();
  return w;
}

// As after a prune: a published base, then commits.
export function pruned() {
  const w = newWriter({ firstSeq: 41 });
  const history = blake3(Buffer.from("the history up to here"));
  w.base({
    changedAt: at(1),
    history,
    trackers: [
      { ...release(9, "nine"), last: 17 },
      { ...microsprint(3, "three"), last: 40 },
    ],
  });
  w.commit({ published: true, changedAt: at(2), trackers: [microsprint(3, "three")] });
  w.makeIndex();
  w.commit({ published: true, changedAt: at(3), trackers: [release(9, "again"), microsprint(3, "three")] });
  return w;
}

export function observedBase() {
  const w = newWriter({ firstSeq: 41 });
  w.base({ changedAt: at(1), trackers: [{ ...release(9, "nine"), last: 17 }] });
  w.commit({ changedAt: at(2), source: 1, trackers: [release(9, "new")] });
  return w;
}

export function repaired() {
  const w = newWriter();
  w.commit({ published: true, changedAt: at(1), trackers: [release(5, "five")] });
  w.note({ published: true, changedAt: at(1), firstSeq: 9, note: "lost to damage" });
  w.makeIndex();
  return w;
}

function afterRepair() {
  const w = repaired();
  w.commit({ published: true, changedAt: at(2), trackers: [] });
  return w;
}

// A tracker with all that integers and times can be.
function limits() {
  const w = newWriter({ repository: "github.com/Con/nul." });
  const numbers = [1, 250, 251, 65535, 65536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
  const times = [-62167219200000, -1, 0, 250, 253402300799999, null];
  const trackers = numbers.map((n, i) => release(n, "\u{1F600}".repeat(i), i % 2, times[i % 6], times[(i + 1) % 6]));
  w.commit({ published: true, changedAt: -62167219200000, trackers });
  w.commit({ published: true, changedAt: 253402300799999, trackers: [] });
  w.makeIndex();
  return w;
}

// Frames, chunks and fields that a newer program may add, and that a reader skips.
export function newer() {
  const chunk = { kind: 200, count: 9, firstSeq: 0, payload: Buffer.from("new") };
  return extended((w, frame, good, sync) => {
    w.append({ ...frame, kind: 128, chunks: [chunk] });
    const further = syncBytes({ ...good, further: [[7, Buffer.from("field")]] });
    w.append({ ...frame, chunks: [{ ...sync, payload: further }, chunk] });
    w.commit({ changedAt: at(4), source: 1 });
    w.append({ ...frame, kind: 255, chunks: [] });
    w.makeIndex();
  });
}

// A store, and a frame that follows: as it should be, for `change` to append it in its own way.
export function extended(change) {
  const w = newWriter();
  w.commit({ published: true, changedAt: at(1), trackers: [release(5, "five")] });
  w.commit({ changedAt: at(2), trackers: [] });
  const good = w.sync({ changedAt: at(3), trackers: 0, sum: Buffer.alloc(32), history: null });
  const sync = { kind: SYNC, count: 1, firstSeq: 3, payload: syncBytes(good) };
  change(w, { kind: COMMIT, flags: 0, firstSeq: 3, items: 0, changedAt: at(3), chunks: [sync] }, { ...good }, sync);
  return w;
}

const payloadOf = (good, change) => syncBytes({ ...good, ...change });
const withSync = (change) => (w, frame, good, sync) => {
  w.append({ ...frame, chunks: [{ ...sync, payload: payloadOf(good, change) }] });
};
const withEvent = (event) => (w, frame, _, sync) => {
  const bytes = eventBytes(event),
    payload = Buffer.concat([code.uint(1), code.blob(bytes)]);
  w.append({ ...frame, items: 1, chunks: [sync, { kind: EVENTS, count: 1, firstSeq: 3, payload }] });
};
const withFrame = (change) => (w, frame) => w.append({ ...frame, ...change });
const nine = release(9, "nine");

// What must be refused though all checksums are right, by words of the refusal.
export const FAULTY = {
  "frame kind 4": withFrame({ kind: 4 }),
  "flags 8": withFrame({ flags: 8 }),
  "group that does not continue": withFrame({ flags: 4 }),
  "base that is not the first": withFrame({ kind: BASE }),
  "more to come": withFrame({ kind: NOTE, flags: 2 }),
  "number of items": withFrame({ items: 1 }),
  "without a sync chunk": withFrame({ chunks: [] }),
  "changed_at falls": withFrame({ changedAt: at(1.5) }),
  "not the sync record's": withFrame({ changedAt: at(3.5) }),
  "first seq is 4": (w, frame, _, sync) => w.append({ ...frame, firstSeq: 4, chunks: [{ ...sync, firstSeq: 4 }] }),
  "chunk's first seq": (w, frame, _, sync) => w.append({ ...frame, chunks: [{ ...sync, firstSeq: 4 }] }),
  "may not stand here": (w, frame, _, sync) => w.append({ ...frame, items: 1, chunks: [sync, sync] }),
  missing: (w, frame, _, sync) => {
    w.append({ ...frame, flags: PUBLISHED, firstSeq: 2, chunks: [{ ...sync, firstSeq: 2 }] });
  },
  "go on after": (w, frame, _, sync) => {
    w.append({ ...frame, chunks: [{ ...sync, payload: Buffer.concat([sync.payload, Buffer.of(0)]) }] });
  },
  "there without need": withSync({ history: Buffer.alloc(32) }),
  "state sum": withSync({ sum: Buffer.alloc(32, 1) }),
  "leaves 0 trackers": withSync({ trackers: 1 }),
  "3 is no source": withSync({ source: 3 }),
  "id of 3 bytes": withSync({ commit: Buffer.from("abc") }),
  "is no time": withSync({ syncedAt: 253402300800000 }),
  "against the state": withEvent({ kind: 0, number: 9, what: "removed", before: nine, after: null, prev: 0 }),
  "prev is 1": withEvent({ kind: 0, number: 9, what: "added", before: null, after: nine, prev: 1 }),
  "0 is no tracker's number": withEvent({ kind: 0, number: 0, what: "added", before: null, after: nine, prev: 0 }),
  "2 is no kind": withEvent({ kind: 2, number: 9, what: "added", before: null, after: nine, prev: 0 }),
};

const stat = { device: 1, inode: 2n ** 64n - 1n, length: 300, modified: -(2n ** 63n), changed: 1767225600123456789n };
const marks = [
  mark.checked(at(11)),
  mark.last(4, Buffer.alloc(16, 1), at(11)),
  mark.last(9, Buffer.alloc(16), at(11), { observed: Buffer.alloc(16, 2), name: "wöchentlich" }),
  mark.signature(
    "/home/me/o/r/.github/pmu-cache.json",
    stat,
    1767225600223456789n,
    blake3(Buffer.from("a manifest")),
    [Buffer.alloc(16, 3), Buffer.from("refs/remotes/origin/main")],
  ),
  mark.tag("origin/main:.github/pmu-cache.json", 'W/"an entity tag"'),
  mark.fork(3, "origin/main"),
  [77, Buffer.from("of a newer program")],
];

export const hint = () => encodeHint(REPOSITORY, stat);

// The worked example of `format.md`, as it stands there: rows of zeros are left out.
export function worked() {
  const text = fs.readFileSync(new URL("../../format.md", import.meta.url), "utf8");
  const dumps = [...text.matchAll(/^\*\*`(.+)`\*\*\n\n```text\n([^`]+)```$/gm)];
  const bytesOf = (dump) => {
    const rows = dump
      .trim()
      .split("\n")
      .map((row) => row.split(/ +/));
    const last = rows.at(-1),
      data = Buffer.alloc(parseInt(last[0], 16) + last.length - 1);
    for (const [at, ...bytes] of rows) Buffer.from(bytes.join(""), "hex").copy(data, parseInt(at, 16));
    return data;
  };
  return Object.fromEntries(dumps.map(([, name, dump]) => [name, bytesOf(dump)]));
}

// Every example that is to be read, as files by their names.
export function examples() {
  return {
    worked: worked(),
    everything: everything().files({ marks }),
    superseded: supersededAfterIndex().files(),
    observed: observedOnly().files(),
    large: large().files(),
    pruned: pruned().files(),
    "observed-base": observedBase().files(),
    repaired: repaired().files(),
    "after-repair": afterRepair().files(),
    limits: limits().files(),
    newer: newer().files(),
  };
}
