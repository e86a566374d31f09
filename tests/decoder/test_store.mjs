// Tests of the decoder and the writer: each was written from the text, so they hold each other.

import assert from "node:assert/strict";
import test from "node:test";

import { blake3 } from "./blake3.mjs";
import { Refused, crc32 } from "./checks.mjs";
import {
  FAULTY,
  REPOSITORY,
  everything,
  examples,
  extended,
  hint,
  large,
  microsprint,
  newWriter,
  newer,
  observedBase,
  pruned,
  release,
  repaired,
  worked,
} from "./examples.mjs";
import { within } from "./files.mjs";
import { decodeIndex, encodeIndex } from "./index.mjs";
import { Log, walk } from "./log.mjs";
import { hashOf } from "./manifest.mjs";
import { printStore } from "./print.mjs";
import { decodeHint, fnv } from "./small.mjs";
import { directoryOf, open } from "./store.mjs";
import { Writer } from "./writer.mjs";

const read = (files) => within(files, open);
const shown = (files) => printStore(read(files));
const refused = (files, what) =>
  assert.throws(
    () => read(files),
    (error) => error instanceof Refused && what.test(error.message),
  );

test("hashes have the values that others give", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  assert.equal(
    blake3(Buffer.alloc(0)).toString("hex"),
    "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
  );
  const sequence = Buffer.from(Array.from({ length: 31744 }, (_, i) => i % 251));
  assert.equal(blake3(sequence).toString("hex"), "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47");
});

test("a name that Windows cannot hold is escaped", () => {
  const names = ["github.com/Con/nul.x.", "h/com10/lpt9", "h/a.con/aux."].map(directoryOf);
  assert.deepEqual(names, ["github.com/~con/~nul.x.~", "h/com10/~lpt9", "h/a.con/~aux.~"]);
});

test("a store is read as it was written", () => {
  const found = shown(examples().everything);
  const events = found.events.map((e) => [e.seq, e.event, e.number, e.prev, e.published, e.baseline]);
  assert.deepEqual(events, [
    [1, "added", 5, 0, true, true],
    [2, "added", 6, 0, true, true],
    [3, "closed", 5, 1, true, false],
    [4, "added", 7, 0, true, false],
    [5, "removed", 6, 2, true, false],
    [6, "reopened", 5, 3, true, false],
    [7, "retitled", 5, 6, true, false],
    [8, "redated", 7, 4, true, false],
    [9, "added", 6, 5, false, false],
  ]);
  const gone = found.superseded.map((e) => [e.seq, e.event, e.number]);
  assert.deepEqual(gone, [
    [3, "added", 7],
    [4, "retitled", 6],
    [5, "closed", 5],
    [6, "removed", 7],
    [7, "retitled", 6],
  ]);
  assert.deepEqual([found.seq, found.publishedSeq, found.index, found.torn], [9, 8, "index-8-1", false]);
  assert.deepEqual(
    found.trackers.map((t) => [t.number, t.lastSeq]),
    [
      [5, 7],
      [7, 8],
      [6, 9],
    ],
  );
  assert.equal(found.marks.length, 7);
  assert.equal(found.freshness.source, "api");
});

test("the state as of any event is the one that was there", () => {
  const w = newWriter(),
    states = [[]];
  let trackers = [];
  for (let i = 1; i <= 40; i++) {
    trackers = i % 7 ? [...trackers, release(i, `title ${i}`)] : trackers.slice(1);
    w.commit({ published: i < 30, changedAt: 1000 * i, trackers });
    states.push(trackers);
  }
  const { fold } = read(w.files());
  states.forEach((state, seq) => assert.deepEqual(hashOf(fold.asOf(seq)), hashOf(state), `as of ${seq}`));
});

test("superseded history leaves hashes, ids and the index as if it had never been", () => {
  const [plain, busy] = [newWriter(), newWriter()];
  let trackers = [];
  for (let i = 1; i <= 20; i++) {
    trackers = [...trackers.filter((t) => t.number !== i - 5), release(i, `title ${i}`)];
    busy.commit({ changedAt: 1000 * i - 500, source: 1, trackers: [...trackers, microsprint(i, "seen")] });
    for (const w of [plain, busy]) w.commit({ published: true, changedAt: 1000 * i, trackers });
  }
  busy.makeIndex();
  const [one, other] = [shown(plain.files()), shown(busy.files())];
  assert.deepEqual([one.events, one.trackers, one.historyHash], [other.events, other.trackers, other.historyHash]);
  assert.notEqual(other.index, null);
});

test("an index of many blocks and long titles is read as it was written", () => {
  const files = large().files(),
    found = shown(files),
    data = files["index-1000-1"];
  assert.deepEqual([found.index, found.trackers.length], ["index-1000-1", 400]);
  for (let at = 0; at < data.length; at += 997) {
    const bad = Buffer.from(data);
    bad[at] ^= 4;
    assert.throws(() => decodeIndex("index-1000-1", bad), Refused, `byte ${at}`);
  }
  const { "index-1000-1": _, ...without } = files;
  for (const missing of [without, { ...files, "index-1000-1": data.subarray(0, -4) }]) {
    assert.deepEqual(shown(missing), { ...found, index: null });
  }
});

test("an index that verifies and is not what the log folds to is refused", () => {
  const w = repaired(),
    fold = w.fold();
  fold.publishedSeq -= 1;
  w.index.data = encodeIndex(fold, 1);
  refused(w.files(), /index-8-1 at offset 136: the index is not what the log folds to/);
});

test("no byte of the log can be turned without notice", () => {
  const { data } = everything();
  const fails = (bytes) => assert.throws(() => walk(new Log("log-1", bytes), data.length), Refused);
  walk(new Log("log-1", data), data.length);
  for (let at = 0; at < data.length; at++) {
    data[at] ^= 0xff;
    fails(data);
    data[at] ^= 0xff;
    fails(data.subarray(0, at));
  }
});

test("a torn tail is ignored, and one that was acknowledged is damage", () => {
  const w = everything(),
    before = w.files(),
    found = shown(before),
    end = w.data.length;
  const changedAt = Date.UTC(2027, 0, 1);
  w.commit({ changedAt, more: true, trackers: [] });
  const middle = w.data.length;
  w.commit({ changedAt, trackers: [] });
  for (let length = end + 1; length < w.data.length; length += 3) {
    assert.deepEqual(shown({ ...before, "log-1": w.data.subarray(0, length) }), { ...found, torn: true });
  }
  const after = w.files({ marks: [] });
  refused({ ...after, marks: Buffer.alloc(0), "log-1": w.data.subarray(0, middle) }, /acknowledged/);
  refused({ ...before, marks: after.marks, "log-1": w.data.subarray(0, middle) }, /acknowledged/);
  const hole = (data) => Buffer.concat([data.subarray(0, end + 20), Buffer.of(1), data.subarray(end + 21)]);
  assert.deepEqual(shown({ ...before, "log-1": hole(w.data) }), { ...found, torn: true });
  w.commit({ changedAt, source: 1 });
  refused({ ...before, "log-1": hole(w.data) }, /a frame follows/);
});

test("without CURRENT the log with the highest generation counts", () => {
  const old = newWriter(),
    w = newWriter({ generation: 3 });
  old.commit({ published: true, changedAt: 1000, trackers: [release(1, "old")] });
  w.commit({ published: true, changedAt: 1000, trackers: [release(2, "new")] });
  const { CURRENT, ...files } = { ...old.files(), ...w.files() };
  assert.equal(shown(files).trackers[0].title, "new");
  for (let at = 0; at < CURRENT.length; at++) {
    const bad = Buffer.from(CURRENT);
    bad[at] ^= 8;
    assert.equal(shown({ ...files, CURRENT: bad }).trackers[0].title, "new", `byte ${at}`);
  }
  refused({ ...files, cleared: CURRENT }, /being removed/);
});

test("a pruned log begins with a base", () => {
  const found = shown(pruned().files());
  assert.deepEqual(
    found.events.map((e) => [e.seq, e.prev, e.baseline]),
    [
      [41, 17, false],
      [42, 41, false],
    ],
  );
  const observed = observedBase();
  assert.deepEqual(
    shown(observed.files()).events.map((e) => [e.seq, e.prev]),
    [[41, 17]],
  );
  observed.commit({ published: true, changedAt: 100, trackers: [release(9, "published")] });
  assert.deepEqual(
    shown(observed.files()).events.map((e) => [e.seq, e.prev, e.baseline]),
    [[1, 0, true]],
  );
});

test("a note says which numbers are lost", () => {
  const w = repaired();
  assert.equal(shown(w.files()).freshness, null);
  w.commit({ published: true, changedAt: Date.UTC(2027, 0, 1), trackers: [] });
  const found = shown(w.files());
  assert.deepEqual([found.events.map((e) => e.seq), found.seq, found.notes], [[1, 9], 9, ["lost to damage"]]);
});

test("what verifies and is not understood is refused", () => {
  for (const [what, change] of Object.entries(FAULTY)) refused(extended(change).files(), new RegExp(what));
});

test("what a newer program may add is skipped", () => {
  const found = shown(newer().files());
  assert.deepEqual([found.seq, found.index, found.freshness.changedAt], [2, "index-2-1", "2026-01-01T04:00:00Z"]);
});

test("marks and a hint are read as they were written", () => {
  const found = shown(examples().everything).marks.slice(1);
  assert.deepEqual(
    found.map((record) => Object.keys(record)[0]),
    ["checkedAt", "mark", "mark", "signature", "tag", "fork"],
  );
  assert.deepEqual([found[2].mark.name, found[3].signature.changed], ["wöchentlich", "1767225600123456789"]);
  assert.deepEqual(found[4].tag, { place: "origin/main:.github/pmu-cache.json", tag: 'W/"an entity tag"' });
  assert.deepEqual(found[3].signature.seen, { key: "03".repeat(16), reference: "refs/remotes/origin/main" });
  assert.deepEqual(found[5].fork, { seq: 3, branch: "origin/main" });
  assert.equal(decodeHint(hint()).repository, REPOSITORY);
  assert.equal(fnv(Buffer.from("foobar")).toString("hex"), "343e1662793c64bf6f0d3597ba446f18");
  const data = hint();
  for (let at = 0; at < data.length; at++) {
    data[at] ^= 1;
    assert.throws(() => decodeHint(data), Refused);
    data[at] ^= 1;
  }
});

test("the worked example of the text is read, and is what the writer writes", () => {
  const files = worked(),
    found = shown(files);
  assert.deepEqual(Object.keys(files).sort(), ["CURRENT", "index-2-2", "log-1", "marks"]);
  assert.deepEqual(
    [found.index, found.events.length, found.superseded.length, found.marks.length],
    ["index-2-2", 2, 6, 5],
  );
  assert.equal(found.marks[3].mark.publishedId, found.events[1].id);
  const { fold } = read(files),
    id = Buffer.from("id of an example");
  const w = new Writer({ repository: "github.com/Octo-Org/atlas", id, store: id });
  for (const { published, sync, events } of [...fold.superseded].sort((a, b) => a.at - b.at).concat(fold.live)) {
    w.commit({ published, events, ...sync });
  }
  assert.deepEqual(w.data, files["log-1"]);
});

test("every example is read", () => {
  for (const [name, files] of Object.entries(examples())) assert.equal(shown(files).torn, false, name);
});
