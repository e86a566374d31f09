"""Section "Folding": the state that the frames of a log add up to."""

from collections import namedtuple

from bincode import Bincode, read_event, read_sync, read_tracker
from blake3_pure import blake3
from checks import TIME_MIN, need
from hashes import event_id, history_hash, origin_of, state_hash, sum_bytes, tracker_number
from log import BASE, CHUNK, COMMIT, HEADER, NOTE

WAYPOINT_SEQS, WAYPOINT_BYTES = 64, 16384
Waypoint = namedtuple("Waypoint", "first_seq changed_at offset")
Known = namedtuple("Known", "tracker last")
Taken = namedtuple("Taken", "seq id event frame")


def order(key):
    """Releases first, the largest number first."""
    return key[0], -key[1]


class Fold:
    """The state after some frames, and what was met on the way. `known` has no tracker for one that was removed."""

    def __init__(self, log):
        self.log, self.known, self.live, self.superseded, self.waypoints = log, {}, [], [], []
        self.seq = self.published_seq = log.first_seq - 1
        self.sum = self.last_frame = 0
        self.history, self.freshness = bytes(32), None
        self.chain, self.address = blake3(log.id), HEADER.size

    def need(self, good, at, what):
        need(good, self.log.name, at, what)

    def trackers(self):
        """The trackers that are there, by key."""
        return {key: known.tracker for key, known in self.known.items() if known.tracker}

    def state_hash(self):
        return state_hash(len(self.trackers()), self.sum)

    def events(self):
        """The live events."""
        return [taken for frame in self.live for taken in frame.events]

    def states(self):
        """The live frames that are no notes."""
        return [frame for frame in self.live if frame.kind != NOTE]

    def baseline(self):
        """The numbers of the first events."""
        first = self.states()[:1]
        return {t.seq for frame in first if frame.kind == COMMIT for t in frame.events if t.event.what == "added"}

    def add_frame(self, frame):
        """One frame, onto the state before it."""
        if not frame.ignorable:
            start = frame.sync_chunk.at + CHUNK.size
            frame.sync = read_sync(self.log.name, self.log.data, start, start + frame.sync_chunk.length)
            frame.changed_at, frame.first_seq, frame.events = frame.head.changed_at, frame.head.first_seq, []
            self.check_order(frame)
            if frame.published and frame.kind == COMMIT:
                self.supersede()
            self.take_in(frame)
            self.live.append(frame)
            self.check_sync(frame)
            self.freshness = None if frame.kind == NOTE else frame.sync
        self.last_frame, self.chain, self.address = frame.at, frame.head.own, frame.end

    def check_order(self, frame):
        """What must be right before a frame is taken in."""
        at, kind = frame.at, frame.kind
        published = [before for before in self.live if before.published]
        supersedes = frame.published and kind == COMMIT
        following = (self.published_seq if supersedes else self.seq) + 1
        self.need(kind != BASE or not (self.live or self.superseded), at + 4, "a base that is not the first frame")
        observed = any(not before.published for before in self.states())
        self.need(not (kind == NOTE and frame.published and observed), at + 5, "a published note after observed")
        # A base says itself where it stands.
        follows = frame.first_seq == following or kind == BASE or (kind == NOTE and frame.first_seq > following)
        self.need(follows, at + 16, f"the first seq is {frame.first_seq} and not {following}")
        before = (published if supersedes else self.live)[-1:]
        least = before[0].changed_at if before else TIME_MIN
        self.need(frame.changed_at >= least, at + 32, "changed_at falls")
        self.need(kind != NOTE or not before or frame.changed_at == least, at + 32, "a note changes changed_at")
        self.need(frame.sync.changed_at == frame.changed_at, at + 32, "changed_at is not the sync record's")
        good = (frame.sync.history is not None) == frame.published
        self.need(good, at, "a history hash that is there without need, or missing")

    def supersede(self):
        """A published commit undoes what was observed before it."""
        while self.live and not self.live[-1].published:
            gone = self.live.pop()
            for taken in reversed(gone.events):
                event = taken.event
                self.put((event.kind, event.number), event.before, event.prev)
            if gone.kind == BASE:
                self.known, self.sum = {}, 0
            self.superseded.append(gone)
        end = self.live[-1].end if self.live else 0
        self.waypoints = [waypoint for waypoint in self.waypoints if waypoint.offset < end]
        self.seq = self.published_seq

    def take_in(self, frame):
        """A frame's trackers or events, and its numbers."""
        self.seq = frame.first_seq - 1
        if frame.kind == BASE:
            self.take_base(frame)
            # An observed base is undone to nothing at all.
            self.published_seq = self.published_seq if frame.published else 0
        elif frame.kind == COMMIT:
            for chunk in frame.bodies:
                self.take_chunk(frame, chunk)
        if frame.published:
            self.published_seq = self.seq
            if frame.kind == BASE:
                self.history = frame.sync.history
            if frame.events:
                events = [taken.event for taken in frame.events]
                self.history = history_hash(self.history, origin_of(frame.sync, True), events)

    def items(self, chunk, read):
        """The items of a chunk."""
        start = chunk.at + CHUNK.size
        items = Bincode(self.log.name, self.log.data, start, start + chunk.length).items(read)
        self.need(len(items) == chunk.count, chunk.at + 8, "the number of items is another")
        return items

    def take_base(self, frame):
        """A base."""
        keys = []
        for chunk in frame.bodies:
            for kind, number, last, tracker in self.items(chunk, read_tracker):
                self.need(0 < last < frame.first_seq, frame.at, "a base that holds a later event")
                keys.append(order((kind, number)))
                self.put((kind, number), tracker, last)
        self.need(keys == sorted(set(keys)), frame.at, "the base's trackers are out of order")

    def take_chunk(self, frame, chunk):
        """Events, and the waypoint of their chunk."""
        last = self.waypoints[-1] if self.waypoints else None
        if not last or chunk.first_seq >= last.first_seq + WAYPOINT_SEQS or chunk.at >= last.offset + WAYPOINT_BYTES:
            self.waypoints.append(Waypoint(chunk.first_seq, frame.changed_at, chunk.at))
        origin = origin_of(frame.sync, frame.published)
        for event in self.items(chunk, read_event):
            key = event.kind, event.number
            before = self.known.get(key, Known(None, 0))
            self.need(before.tracker == event.before, event.at, f"{event.what}, but the tracker before is another")
            self.need(before.last == event.prev, event.at, f"prev is {event.prev} and not {before.last}")
            self.seq += 1
            self.put(key, event.after, self.seq)
            frame.events.append(Taken(self.seq, event_id(origin, event), event, frame))

    def put(self, key, tracker, last):
        """What a tracker is; without one it is removed. `last` is 0 if nothing is known of it."""
        before = self.known.pop(key, None)
        if before and before.tracker:
            self.sum -= tracker_number(key, before.tracker)
        if tracker:
            self.sum += tracker_number(key, tracker)
        if tracker or last:
            self.known[key] = Known(tracker, last)

    def check_sync(self, frame):
        """What the sync record says of the state after the frame."""
        sync, at, count = frame.sync, frame.at, len(self.trackers())
        self.need(sync.trackers == count, at, f"the frame leaves {count} trackers")
        self.need(sync.sum == sum_bytes(self.sum), at, "the state sum is another")
        self.need(not frame.published or sync.history == self.history, at, "the history hash is another")

    def as_of(self, seq):
        """What was known as of an event, by undoing live events from the present."""
        known = dict(self.known)
        for taken in reversed(self.events()):
            if taken.seq > seq:
                event = taken.event
                known[event.kind, event.number] = Known(event.before, event.prev)
        return {key: (value.tracker, value.last) for key, value in known.items() if value.tracker}
