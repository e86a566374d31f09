"""The state that a log adds up to: what frames and events may say, given those before them."""

import struct

from bincode import Bincode, Tracker, read_event, read_sync, read_tracker
from blake3_pure import blake3
from checks import NONE, need, need_time
from frames import BASE, CHUNK, COMMIT, EVENT_CHUNK, NOTE, SEGMENT, SYNC, TRACKER_CHUNK


class Fold:
    """Section "Frame" and "Chunk payloads": the state that the log adds up to, and what was met on the way."""

    def __init__(self, first_seq):
        self.start, self.next_seq = first_seq, first_seq
        self.trackers, self.removed = {}, {}
        self.events, self.chunks = [], []
        self.address = self.last_frame = self.hash = self.changed_at = self.sync = None

    def add_frame(self, segment, frame):
        """One frame, onto the state before it."""
        check_frame(self, segment, frame)
        self.sync = check_sync(segment, frame)
        # A note may say that the events up to here are lost; every other frame goes on where the last one ended.
        self.next_seq = frame.head.first_seq
        if frame.head.kind == BASE:
            self.add_base(segment, frame)
        for chunk in frame.chunks[1:]:
            if chunk.kind == EVENT_CHUNK:
                self.add_chunk(segment, frame, chunk)
        self.hash, self.changed_at = frame.hash, frame.head.changed_at
        self.last_frame, self.address = segment.base + frame.at, segment.base + frame.end

    def add_base(self, segment, frame):
        """Section "Frame", a base; its trackers chunks."""
        keys = []
        for chunk in frame.chunks[1:]:
            for kind, number, tracker in decode_items(segment, chunk, read_tracker):
                need(tracker.last < frame.head.first_seq, segment.name, chunk.at, "a base knows a later event")
                keys.append((kind, -number))
                self.trackers[kind, number] = tracker
        need(keys == sorted(set(keys)), segment.name, frame.at, "the base's trackers are out of order")

    def add_chunk(self, segment, frame, chunk):
        """Section "Chunk", events."""
        need(chunk.first_seq == self.next_seq, segment.name, chunk.at + 16, "the chunk's first seq is wrong")
        self.chunks.append((chunk.first_seq, frame.head.changed_at, segment.base + chunk.at))
        for event in decode_items(segment, chunk, read_event):
            self.check_order(segment, frame, event)
            before, after = self.apply(segment.name, event)
            self.events.append((self.next_seq, event, before, after, self.sync))
            self.next_seq += 1

    def check_order(self, segment, frame, event):
        """Section "Chunk payloads": events of one commit come ordered."""
        if self.next_seq == frame.head.first_seq:
            return
        last = self.events[-1][1]
        mine, other = (event.kind, -event.number), (last.kind, -last.number)
        good = mine > other or (mine == other and event.what == "retitled" != last.what)
        need(good, segment.name, event.at, "events are out of order")

    def apply(self, file, event):
        """One event onto its tracker; its states before and after."""
        key = event.kind, event.number
        before = self.trackers.get(key)
        known = before.last if before else self.removed.get(key)
        # Behind a base, what was removed before it is not known: such a tracker's `prev` is 0.
        need(event.prev == (known or 0), file, event.at, f"prev is {event.prev} where the fold says {known or 0}")
        after = change(file, event, before, self.next_seq)
        self.trackers.pop(key, None)
        self.removed.pop(key, None)
        if after:
            self.trackers[key] = after
        else:
            self.removed[key] = self.next_seq
        return before, after


def change(file, event, before, seq):
    """Section "Chunk payloads": what a tracker is after an event, which must fit what it was."""
    need((before is None) == (event.what == "added"), file, event.at, f"{event.what}, against the state before")
    if event.what == "added":
        return Tracker(event.state, *event.after, seq)
    title, times = event.before
    need(before.title == title, file, event.at, "the title before is another")
    need(event.what == "retitled" or before.times == times, file, event.at, "the times before are others")
    if event.what == "removed":
        need(before.state == event.state, file, event.at, "the state before is another")
        return None
    title, times = event.after
    state = before.state
    if event.what in ("closed", "reopened"):
        state = int(event.what == "closed")
        need(before.state != state, file, event.at, f"{event.what}, but it already was")
    after = Tracker(state, title, times or before.times, seq)
    need(after[:3] != before[:3], file, event.at, "the event changes nothing")
    return after


def decode_items(segment, chunk, read):
    """Section "Chunk payloads": a sequence, all of the payload."""
    start = chunk.at + CHUNK.size
    code = Bincode(segment.name, segment.data, start, start + chunk.length)
    count = code.uint()
    code.need(count == chunk.count, "the count is not that of the chunk's header", start)
    need(1 <= count <= 64, segment.name, start, f"a chunk of {count} items")
    items = [read(code) for _ in range(count)]
    code.finish()
    return items


def check_frame(fold, segment, frame):
    """Section "Frame": the header's constraints, and which chunks it may hold."""
    file, at, head = segment.name, frame.at, frame.head
    first = at == SEGMENT.size
    need(head.kind in (COMMIT, BASE, NOTE), file, at + 4, f"frame kind {head.kind} is unknown")
    need(head.prev == (segment.prev if first else fold.hash), file, at + 40, "prev is not the frame before")
    follows = head.first_seq == fold.next_seq or (head.kind == NOTE and head.first_seq > fold.next_seq)
    need(follows, file, at + 16, "the first seq is not the next one")
    need_time(head.changed_at, file, at + 32)
    if fold.changed_at is not None:
        need(head.changed_at >= fold.changed_at, file, at + 32, "changed_at falls")
        need(head.kind != NOTE or head.changed_at == fold.changed_at, file, at + 32, "a note changes changed_at")
    need((head.kind == BASE) <= (fold.hash is None), file, at + 4, "a base that is not the first frame")
    need(fold.hash or head.kind == BASE or fold.start == 1, file, at + 4, "the history before is missing")
    inner = {COMMIT: EVENT_CHUNK, BASE: TRACKER_CHUNK, NOTE: None}[head.kind]
    need(all(c.kind == inner for c in frame.chunks[1:]), file, at + 4, "a chunk does not belong in its frame")
    items = sum(c.count for c in frame.chunks[1:])
    need(items == head.items, file, at + 24, "the count of items is wrong")
    for chunk in frame.chunks:
        need(chunk.frame_offset == at, file, chunk.at + 24, "the chunk is of another frame")
        good = chunk.kind == EVENT_CHUNK or chunk.first_seq == head.first_seq
        need(good, file, chunk.at + 16, "the chunk's first seq is wrong")


def check_sync(segment, frame):
    """Section "Chunk payloads", the sync record, in the first chunk of its frame."""
    need(frame.chunks and frame.chunks[0].kind == SYNC, segment.name, frame.at, "no sync chunk")
    chunk = frame.chunks[0]
    need(chunk.count == 1, segment.name, chunk.at + 8, "a sync chunk has one item")
    start = chunk.at + CHUNK.size
    code = Bincode(segment.name, segment.data, start, start + chunk.length)
    record = read_sync(code)
    code.finish()
    need(not record.note or frame.head.kind == NOTE, segment.name, start, "a note outside of notes")
    good = record.changed_at == frame.head.changed_at
    need(good, segment.name, start, "the sync record's changed_at is not its frame's")
    return record


def ordered(trackers):
    """Section "Index", state hash: releases first, the largest number first."""
    return sorted(trackers.items(), key=lambda item: (item[0][0], -item[0][1]))


def raw_time(value):
    """Section "Conventions": a time or none."""
    return NONE if value is None else value


def state_hash(trackers):
    """Section "Index", state hash."""
    parts = [b"gh-pmu state 1\n"]
    for (kind, number), tracker in ordered(trackers):
        title = tracker.title.encode("utf-8")
        times = [raw_time(t) for t in tracker.times]
        parts.append(b"RM"[kind:kind + 1] + b"OC"[tracker.state:tracker.state + 1])
        parts.append(struct.pack("<QqqQ", number, *times, len(title)) + title)
    return blake3(b"".join(parts))
