// The history as a fold. Rust gives the present and, of each event, what was before it. From that every moment is
// rebuilt: once backwards, to find how it began, then forwards, to learn when each tracker was open.

// A tracker at some moment: {kind, number, open, title, name, created, closed, spans}. It never changes; an event puts
// another one in its place. `spans` are the times that it was open, [from, to]; null is not known, or not yet.

function readHistory(data) {
  const named = (prefix, name) => ({ title: data.prefixes[prefix] + name, name });
  const present = new Map();
  for (const [kind, number, open, prefix, name, created, closed] of data.trackers) {
    present.set(keyOf(kind, number), { kind, number, open: open === 1, created, closed, ...named(prefix, name) });
  }
  const events = data.events.map(([at, kind, number, word, before]) =>
    ({ at, kind, number, word, before, key: keyOf(kind, number), prev: null, next: null }));
  const start = undoAll(present, events, named);
  for (const [key, tracker] of start) {
    start.set(key, { ...tracker, spans: [[tracker.created, tracker.open ? null : tracker.closed]] });
  }
  doAll(new Map(start), events);
  return { start, events, moments: momentsOf(data, start, events) };
}

function keyOf(kind, number) {
  return `${kind}/${number}`;
}

// Walks back from the present; gives what was there before the first event.
function undoAll(state, events, named) {
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i];
    event.next = state.get(event.key) || null;
    const before = trackerBefore(event, named);
    if (before) state.set(event.key, before);
    else state.delete(event.key);
  }
  return state;
}

function trackerBefore({ word, kind, number, before, next }, named) {
  switch (word) {
    case "added": return null;
    case "removed": {
      const [open, prefix, name, created, closed] = before;
      return { kind, number, open: open === 1, created, closed, ...named(prefix, name) };
    }
    case "retitled": return { ...next, ...named(before[0], before[1]) };
    case "closed": return { ...next, open: true, created: before[0], closed: before[1] };
    case "reopened": return { ...next, open: false, created: before[0], closed: before[1] };
    default: return { ...next, created: before[0], closed: before[1] };
  }
}

// Walks forwards and gives each tracker its spans.
function doAll(state, events) {
  for (const event of events) {
    event.prev = state.get(event.key) || null;
    if (!event.next) {
      state.delete(event.key);
      continue;
    }
    event.next = { ...event.next, spans: spansAfter(event) };
    state.set(event.key, event.next);
  }
}

function spansAfter({ word, at, prev, next }) {
  const known = prev ? prev.spans : [];
  const before = known.slice(0, -1);
  const last = known.at(-1) || [null, null];
  switch (word) {
    case "added": return [[next.created ?? at, next.open ? null : next.closed ?? at]];
    case "closed": return [...before, [last[0], next.closed ?? at]];
    case "reopened": return [...known, [at, null]];
    case "redated": return before.length > 0
      ? [...before, [last[0], next.open ? null : next.closed ?? last[1]]]
      : [[next.created ?? last[0], next.open ? null : next.closed ?? last[1]]];
    default: return known;
  }
}

// What the slider can stop at: {at, end, now}; `end` is how many events have happened by then.
function momentsOf(data, start, events) {
  const moments = [];
  if (start.size > 0) {
    const first = events.length > 0 ? events[0].at - 1 : data.generated;
    moments.push({ at: Math.min(first, Math.max(data.from ?? first, 0)), end: 0, published: null, now: false });
  }
  events.forEach((event, i) => {
    const last = moments.at(-1);
    if (last && last.published === event.at) {
      last.end = i + 1;
    } else {
      moments.push({ at: Math.max(last ? last.at : event.at, event.at), end: i + 1, published: event.at, now: false });
    }
  });
  const last = moments.at(-1);
  moments.push({ at: Math.max(last ? last.at : 0, data.generated), end: events.length, published: null, now: true });
  return moments;
}

// The trackers at a moment; going from one to another does only the events between them.
class Travel {
  constructor(history) {
    this.events = history.events;
    this.state = new Map(history.start);
    this.done = 0;
  }

  to(end) {
    for (; this.done < end; this.done++) this.put(this.events[this.done].key, this.events[this.done].next);
    for (; this.done > end; this.done--) this.put(this.events[this.done - 1].key, this.events[this.done - 1].prev);
    return [...this.state.values()];
  }

  put(key, tracker) {
    if (tracker) this.state.set(key, tracker);
    else this.state.delete(key);
  }
}
