// Section "Folding": the state that the frames of a log add up to.

import { TIME_MIN, need } from "./checks.mjs";
import { BASE, COMMIT, EVENTS, NOTE, itemsOf } from "./log.mjs";
import {
  eventId,
  historyHash,
  littleEndian,
  originOf,
  readEvent,
  readSync,
  readTracker,
  stateHash,
  sumBytes,
  trackerNumber,
} from "./records.mjs";

const WAYPOINT_SEQS = 64,
  WAYPOINT_BYTES = 16384;
export const keyOf = (t) => `${t.kind} ${t.number}`;
const same = (a, b) => ["state", "title", "created", "closed"].every((field) => a[field] === b[field]);

// Sorts as a base and an index do: releases first, the largest number first.
export const byOrder = (a, b) => a.kind - b.kind || b.number - a.number;

export class Fold {
  constructor(log) {
    this.log = log;
    this.trackers = new Map();
    this.removed = new Map();
    this.live = [];
    this.superseded = [];
    this.waypoints = [];
    this.seq = this.publishedSeq = log.firstSeq - 1;
    this.sum = 0n;
    this.history = Buffer.alloc(32);
    this.freshness = this.lastFrame = null;
    this.chain = log.chain;
    this.address = 128;
  }

  // The live frames that are no notes.
  get states() {
    return this.live.filter((frame) => frame.kind !== NOTE);
  }

  get events() {
    return this.live.flatMap((frame) => frame.events);
  }

  get baseline() {
    const first = this.states[0];
    return first?.kind === COMMIT ? first.events.filter((event) => event.what === "added") : [];
  }

  get sumBytes() {
    return sumBytes(this.sum);
  }

  get stateHash() {
    return stateHash(this.trackers.size, this.sumBytes);
  }

  need(good, at, what) {
    need(good, this.log.name, at, what);
  }

  addFrame(frame) {
    if (!frame.ignorable) {
      const { start, end } = frame.sync;
      frame.sync = readSync(this.log.name, this.log.data, start, end);
      frame.sync.raw = this.log.data.subarray(start, end);
      this.checkOrder(frame);
      if (frame.published && frame.kind === COMMIT) this.supersede(frame);
      frame.events = [];
      this.takeIn(frame);
      this.live.push(frame);
      this.checkSync(frame);
      this.freshness = frame.kind === NOTE ? null : frame.sync;
    }
    this.lastFrame = frame.at;
    this.chain = frame.own;
    this.address = frame.end;
  }

  // What must be right before a frame is taken in: its kind, its place, its first seq, its time.
  checkOrder(frame) {
    const observed = this.states.some((before) => !before.published);
    const first = !this.live.length && !this.superseded.length;
    const next = (frame.published && frame.kind === COMMIT ? this.publishedSeq : this.seq) + 1;
    this.need(frame.kind !== BASE || first, frame.at + 4, "a base that is not the first frame");
    this.need(!(frame.kind === NOTE && frame.published && observed), frame.at + 5, "a published note after observed");
    // A base says itself where it stands.
    const follows = frame.firstSeq === next || frame.kind === BASE || (frame.kind === NOTE && frame.firstSeq > next);
    this.need(follows, frame.at + 16, `the first seq is ${frame.firstSeq} and not ${next}`);
    const before = frame.published && frame.kind === COMMIT ? this.live.findLast((f) => f.published) : this.live.at(-1);
    this.need(frame.changedAt >= (before?.changedAt ?? TIME_MIN), frame.at + 32, "changed_at falls");
    const kept = frame.kind !== NOTE || !before || before.changedAt === frame.changedAt;
    this.need(kept, frame.at + 32, "a note changes changed_at");
    this.need(frame.sync.changedAt === frame.changedAt, frame.at + 32, "changed_at is not the sync record's");
    const history = (frame.sync.history !== null) === frame.published;
    this.need(history, frame.at, "a history hash that is there without need, or missing");
  }

  // A published commit undoes what was observed before it.
  supersede(frame) {
    while (this.live.length && !this.live.at(-1).published) {
      const gone = this.live.pop();
      for (const event of [...gone.events].reverse()) this.put(event, event.before, event.prev);
      if (gone.kind === BASE) {
        this.trackers.clear();
        this.removed.clear();
        this.sum = 0n;
      }
      gone.supersededBy = frame.firstSeq;
      this.superseded.push(gone);
    }
    const from = this.live.at(-1)?.end ?? 0;
    this.waypoints = this.waypoints.filter((waypoint) => waypoint.offset < from);
    this.seq = this.publishedSeq;
  }

  takeIn(frame) {
    this.seq = frame.firstSeq - 1;
    if (frame.kind === BASE) this.takeBase(frame);
    // An observed base is undone to nothing at all.
    if (frame.kind === BASE && !frame.published) this.publishedSeq = 0;
    for (const chunk of frame.bodies) {
      if (chunk.kind === EVENTS) this.takeChunk(frame, chunk);
    }
    if (!frame.published) return;
    this.publishedSeq = this.seq;
    if (frame.kind === BASE) this.history = frame.sync.history;
    if (frame.events.length) this.history = historyHash(this.history, originOf(frame.sync, true), frame.events);
  }

  takeBase(frame) {
    const trackers = frame.bodies.flatMap((chunk) => itemsOf(this.log, chunk, readTracker));
    trackers.forEach((tracker, i) => {
      const ordered = i === 0 || byOrder(trackers[i - 1], tracker) < 0;
      this.need(ordered, frame.at, "the base's trackers are out of order");
      this.need(tracker.last > 0 && tracker.last < frame.firstSeq, frame.at, "a base that holds a later event");
      this.put(tracker, tracker, tracker.last);
    });
  }

  takeChunk(frame, chunk) {
    this.mark(frame, chunk);
    const origin = originOf(frame.sync, frame.published);
    for (const event of itemsOf(this.log, chunk, readEvent)) {
      this.check(event);
      this.seq += 1;
      Object.assign(event, { seq: this.seq, id: eventId(origin, event), frame });
      this.put(event, event.after, this.seq);
      frame.events.push(event);
    }
  }

  // Section "Index", waypoints.
  mark(frame, chunk) {
    const last = this.waypoints.at(-1),
      firstSeq = Number(chunk.firstSeq);
    const far = last && (firstSeq >= last.firstSeq + WAYPOINT_SEQS || chunk.at >= last.offset + WAYPOINT_BYTES);
    if (!last || far) this.waypoints.push({ firstSeq, changedAt: frame.changedAt, offset: chunk.at });
  }

  // An event must fit the tracker before it.
  check(event) {
    const before = this.trackers.get(keyOf(event));
    this.need((before === undefined) === (event.before === null), event.at, `${event.what}, against the state before`);
    this.need(!before || same(before, event.before), event.at, `${event.what}, but the tracker before is another`);
    const prev = before?.last ?? this.removed.get(keyOf(event)) ?? 0;
    this.need(event.prev === prev, event.at, `prev is ${event.prev} and not ${prev}`);
  }

  // Sets what a tracker is; without a state it is removed. `last` is 0 if nothing is known of it.
  put({ kind, number }, state, last) {
    const key = keyOf({ kind, number }),
      before = this.trackers.get(key);
    if (before) this.sum -= trackerNumber(before);
    this.trackers.delete(key);
    this.removed.delete(key);
    if (state) {
      const { state: open, title, created, closed } = state;
      const tracker = { kind, number, state: open, title, created, closed, last };
      this.trackers.set(key, tracker);
      this.sum += trackerNumber(tracker);
    } else if (last) {
      this.removed.set(key, last);
    }
  }

  // Section "Sync record": what a reader verifies after the frame.
  checkSync({ at, sync, published }) {
    this.need(sync.trackers === this.trackers.size, at, `the frame leaves ${this.trackers.size} trackers`);
    this.need(littleEndian(sync.sum) === littleEndian(this.sumBytes), at, "the state sum is another");
    this.need(!published || sync.history.equals(this.history), at, "the history hash is another");
  }

  // The trackers as they are.
  list() {
    return [...this.trackers.values()].sort(byOrder);
  }

  // The trackers as of an event, by undoing live events from the present.
  asOf(seq) {
    const trackers = new Map(this.trackers);
    for (const event of this.events.reverse()) {
      if (event.seq <= seq) break;
      const { kind, number, before, prev } = event;
      if (before) trackers.set(keyOf(event), { kind, number, ...before, last: prev });
      else trackers.delete(keyOf(event));
    }
    return [...trackers.values()].sort(byOrder);
  }
}
