// A writer of stores: a log, a `CURRENT`, an index and `marks`, from the text of `format.md` alone.

import { blake3 } from "./blake3.mjs";
import { NO_ID, i64, u16, u64 } from "./checks.mjs";
import { code } from "./bincode.mjs";
import { encodeCurrent } from "./current.mjs";
import { Fold, byOrder, keyOf } from "./fold.mjs";
import { encodeIndex } from "./index.mjs";
import {
  BASE,
  CHUNK_ITEMS,
  COMMIT,
  CONTINUES,
  EVENTS,
  Log,
  MORE,
  NOTE,
  PUBLISHED,
  SYNC,
  TRACKERS,
  encodeFrame,
  encodeLogHeader,
  walk,
} from "./log.mjs";
import { sumOf } from "./manifest.mjs";
import { canonicalBytes, eventBytes, historyHash, originOf, syncBytes, trackerBytes } from "./records.mjs";
import { encodeMarks, fnv, signatureBytes } from "./small.mjs";

const sameTimes = (a, b) => a.created === b.created && a.closed === b.closed;

// Returns the events that make of a tracker another, either of which may be missing.
function eventsBetween(before, after) {
  const { kind, number } = after ?? before;
  const event = (what, from, to) => ({ kind, number, what, before: from, after: to });
  if (!before) return [event("added", null, after)];
  if (!after) return [event("removed", before, null)];
  const moved = { ...after, title: before.title };
  const events = [];
  if (before.state !== after.state) events.push(event(after.state ? "closed" : "reopened", before, moved));
  else if (!sameTimes(before, after)) events.push(event("redated", before, moved));
  if (before.title !== after.title) events.push(event("retitled", moved, after));
  return events;
}

// Returns the events that make of some trackers others, in the order of an index.
export function eventsOf(before, after) {
  const all = new Map([...before, ...after].map((tracker) => [keyOf(tracker), tracker]));
  const [old, now] = [before, after].map((trackers) => new Map(trackers.map((t) => [keyOf(t), t])));
  return [...all.values()].sort(byOrder).flatMap((t) => eventsBetween(old.get(keyOf(t)), now.get(keyOf(t))));
}

// What is known after some frame: trackers with their last event, those removed, and the last numbers.
class State {
  constructor({ trackers = [], removed = [], seq = 0 } = {}) {
    this.trackers = new Map(trackers);
    this.removed = new Map(removed);
    this.seq = seq;
  }

  copy = () => new State(this);
  list = () => [...this.trackers.values()].sort(byOrder);

  // Takes an event in, and returns it with the number of the event before it.
  take(event) {
    const key = keyOf(event),
      prev = this.trackers.get(key)?.last ?? this.removed.get(key) ?? 0;
    this.seq += 1;
    this.trackers.delete(key);
    this.removed.delete(key);
    if (event.after) this.trackers.set(key, { kind: event.kind, number: event.number, ...event.after, last: this.seq });
    else this.removed.set(key, this.seq);
    return { ...event, canonical: canonicalBytes(event), prev };
  }
}

// Items as chunks of a kind.
function chunksOf(kind, items, firstSeq, write, size) {
  const chunks = [];
  for (let i = 0; i < items.length; i += size) {
    const some = items.slice(i, i + size);
    const payload = code.sequence(some, (item) => code.blob(write(item)));
    chunks.push({ kind, count: some.length, firstSeq: firstSeq + (kind === EVENTS ? i : 0), payload });
  }
  return chunks;
}

export class Writer {
  constructor({ repository, id, store, generation = 1, firstSeq = 1 }) {
    Object.assign(this, { repository, id, store, generation, firstSeq });
    this.data = encodeLogHeader({ id, generation, firstSeq });
    this.chain = blake3(id);
    this.state = new State({ seq: firstSeq - 1 });
    this.published = this.state;
    this.history = Buffer.alloc(32);
    this.index = null;
    this.isOpen = false;
  }

  // A commit of what changed, as `trackers` or as `events`; without either it says how fresh the state is.
  commit({ published = false, more = false, trackers, events, chunkItems = CHUNK_ITEMS, ...sync }) {
    const state = (published ? this.published : this.state).copy(),
      firstSeq = state.seq + 1;
    const changes = events ?? (trackers ? eventsOf(state.list(), trackers) : []);
    const taken = changes.map((event) => state.take(event));
    const chunks = chunksOf(EVENTS, taken, firstSeq, eventBytes, chunkItems);
    if (published && taken.length) this.history = historyHash(this.history, originOf(this.sync(sync), true), taken);
    const flags = (published ? PUBLISHED : 0) | (more ? MORE : 0) | (this.isOpen ? CONTINUES : 0);
    this.isOpen = more;
    this.frame({ kind: COMMIT, flags, firstSeq, items: taken.length, chunks, state, sync });
  }

  // A whole state as of the event before `firstSeq`; with `history` it is published.
  base({ firstSeq = this.firstSeq, trackers, history = null, chunkItems = CHUNK_ITEMS, ...sync }) {
    const state = new State({ trackers: trackers.map((t) => [keyOf(t), t]), seq: firstSeq - 1 });
    this.published = new State();
    this.history = history ?? this.history;
    const chunks = chunksOf(TRACKERS, state.list(), firstSeq, trackerBytes, chunkItems);
    this.frame({
      kind: BASE,
      flags: history ? PUBLISHED : 0,
      firstSeq,
      items: state.trackers.size,
      chunks,
      state,
      sync,
    });
  }

  // A repair: the numbers below `firstSeq` are lost.
  note({ published = false, firstSeq, ...sync }) {
    const state = this.state.copy();
    state.seq = firstSeq - 1;
    this.frame({ kind: NOTE, flags: published ? PUBLISHED : 0, firstSeq, items: 0, chunks: [], state, sync });
  }

  sync({ source = 0, changedAt, updatedAt = changedAt, syncedAt = changedAt, ...rest }) {
    return { source, updatedAt, changedAt, syncedAt, repository: this.repository, ...rest };
  }

  frame({ kind, flags, firstSeq, items, chunks, state, sync }) {
    const isPublished = (flags & PUBLISHED) !== 0,
      trackers = state.list();
    const after = { trackers: trackers.length, sum: sumOf(trackers), history: isPublished ? this.history : null };
    const payload = syncBytes({ ...this.sync(sync), ...after });
    const all = [{ kind: SYNC, count: 1, firstSeq, payload }, ...chunks];
    const head = { kind, flags, firstSeq, items, changedAt: sync.changedAt, chain: this.chain, chunks: all };
    this.append(head);
    this.state = state;
    if (isPublished) this.published = state;
  }

  // Appends a frame as it is given, right or wrong.
  append(frame) {
    const { bytes, own } = encodeFrame(this.id, this.data.length, { chain: this.chain, ...frame });
    this.data = Buffer.concat([this.data, bytes]);
    this.chain = own;
  }

  fold() {
    const log = new Log(`log-${this.generation}`, this.data),
      fold = new Fold(log);
    for (const frame of walk(log).frames) fold.addFrame(frame);
    return fold;
  }

  // Makes an index of all that was written so far.
  makeIndex() {
    const fold = this.fold();
    this.index = { seq: fold.seq, chain: fold.chain, data: encodeIndex(fold, this.firstSeq) };
  }

  // Returns the files of the store by their names.
  files({ marks } = {}) {
    const { store, generation, id, index, repository } = this;
    const named = { indexSeq: index?.seq ?? 0, indexGeneration: index ? generation : 0, indexChain: index?.chain };
    const place = { logGeneration: generation, logId: id, acknowledged: this.data.length, historyStart: this.firstSeq };
    const files = {
      CURRENT: encodeCurrent({ store, generation, ...place, ...named, repository }),
      lock: Buffer.alloc(0),
    };
    files[`log-${generation}`] = this.data;
    if (index) files[`index-${index.seq}-${generation}`] = index.data;
    if (marks) files.marks = encodeMarks(store, [this.acknowledged(), ...marks]);
    return files;
  }

  acknowledged() {
    return [1, Buffer.concat([this.id, u64(this.data.length), this.chain])];
  }
}

// Records of `marks`.
export const mark = {
  checked: (at) => [2, i64(at)],
  last: (seq, id, at, { observed = NO_ID, name = "" } = {}) => {
    return [4, Buffer.concat([u64(seq), id, observed, i64(at), Buffer.from(name)])];
  },
  signature: (path, stat, recorded, digest, seen = []) => {
    return [3, Buffer.concat([fnv(Buffer.from(path)), signatureBytes(stat), i64(recorded), digest, ...seen])];
  },
  tag: (place, tag) => [5, Buffer.concat([u16(Buffer.byteLength(place)), Buffer.from(place), Buffer.from(tag)])],
  fork: (seq, branch) => [6, Buffer.concat([u64(seq), Buffer.from(branch)])],
};
