// A store as JSON.

import { KINDS, SOURCES, STATES } from "./records.mjs";
import { hashOf } from "./manifest.mjs";
import { timeText } from "./times.mjs";

const hex = (bytes) => (bytes ? bytes.toString("hex") : null);

function fieldsOf(tracker) {
  const { state, title, created, closed } = tracker;
  return { state: STATES[state], title, createdAt: timeText(created), closedAt: timeText(closed) };
}

// The fields that an event changed, before and after it; all of them for one that was added or removed.
function differences({ before, after }) {
  if (!before || !after) return { before: before && fieldsOf(before), after: after && fieldsOf(after) };
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const changed = Object.keys(old).filter((name) => old[name] !== now[name]);
  const pick = (fields) => Object.fromEntries(changed.map((name) => [name, fields[name]]));
  return { before: pick(old), after: pick(now) };
}

function printedEvent(event, baseline) {
  const { sync, published } = event.frame;
  return {
    id: hex(event.id),
    seq: event.seq,
    event: event.what,
    kind: KINDS[event.kind],
    number: event.number,
    title: (event.after ?? event.before).title,
    ...differences(event),
    published,
    baseline: baseline.has(event),
    changedAt: timeText(sync.changedAt),
    syncedAt: timeText(sync.syncedAt),
    source: SOURCES[sync.source],
    repository: sync.repository,
    manifest: hex(sync.manifest),
    commit: hex(sync.commit),
    prev: event.prev,
  };
}

function printedTracker(tracker) {
  return { kind: KINDS[tracker.kind], number: tracker.number, ...fieldsOf(tracker), lastSeq: tracker.last };
}

function printedSync(sync) {
  if (!sync) return null;
  const times = {
    updatedAt: timeText(sync.updatedAt),
    changedAt: timeText(sync.changedAt),
    syncedAt: timeText(sync.syncedAt),
  };
  return { source: SOURCES[sync.source], ...times, manifest: hex(sync.manifest), commit: hex(sync.commit) };
}

function printedMark(record) {
  const plain = (_, value) => {
    if (typeof value === "bigint") return value.toString();
    return value?.type === "Buffer" ? Buffer.from(value.data).toString("hex") : value;
  };
  return JSON.parse(JSON.stringify(record, plain));
}

export function printStore(store) {
  const { fold, current } = store,
    baseline = new Set(fold.baseline);
  const notes = fold.live.filter((frame) => frame.sync.note).map((frame) => frame.sync.note);
  return {
    repo: store.repository,
    store: hex(current.store),
    generation: current.generation ?? null,
    historyStart: current.historyStart,
    seq: fold.seq,
    publishedSeq: fold.publishedSeq,
    stateHash: hex(fold.stateHash),
    historyHash: hex(fold.history),
    freshness: printedSync(fold.freshness),
    index: store.index?.name ?? null,
    torn: store.torn,
    notes,
    marks: store.marks.map(printedMark),
    events: fold.events.map((event) => printedEvent(event, baseline)),
    superseded: [...fold.superseded]
      .sort((a, b) => a.at - b.at)
      .flatMap((frame) => frame.events)
      .map((event) => printedEvent(event, baseline)),
    trackers: fold.list().map(printedTracker),
  };
}

// The trackers as of an event, and their state hash.
export function printAsOf(store, seq) {
  const trackers = store.fold.asOf(seq);
  return { seq, stateHash: hex(hashOf(trackers)), trackers: trackers.map(printedTracker) };
}
