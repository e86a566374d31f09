"""Sections "Segment", "Frame" and "Chunk": what verifies in a log, nothing of it decoded."""

import struct
from collections import namedtuple

from blake3_pure import blake3
from checks import OPEN_END, checksum, need, need_header, need_sum, padded, read_file
from current import Entry


class NotWhole(Exception):
    """Bytes where a frame should be that do not verify; torn or damaged is for the walk to tell."""

    def __init__(self, offset, what):
        super().__init__(what)
        self.offset, self.what = offset, what

SEGMENT = struct.Struct("<8sHH4x16sQQ32sQ4xI")
FRAME = struct.Struct("<4sB3xQQIIq32s4xI")
CHUNK = struct.Struct("<B3xIIIQQ")
COMMIT, BASE, NOTE = 1, 2, 3
SYNC, EVENT_CHUNK, TRACKER_CHUNK = 1, 2, 3
FrameHead = namedtuple("FrameHead", "magic kind length first_seq items chunks changed_at prev sum")
Chunk = namedtuple("Chunk", "kind length count sum first_seq frame_offset at")
Frame = namedtuple("Frame", "at end head chunks hash")


class Segment:
    """Section "Segment": a verified header, and the bytes behind it."""

    def __init__(self, directory, entry):
        self.name = f"log-{entry.first_seq}-{entry.generation}"
        self.data, self.id, self.base = read_file(directory, self.name), entry.id, entry.base
        self.open = entry.end == OPEN_END
        need(len(self.data) >= SEGMENT.size, self.name, 0, "the file is too short")
        fields = SEGMENT.unpack_from(self.data)
        need_sum(self.name, self.data, fields[3], 0, SEGMENT.size - 4)
        need_header(self.name, fields[0], b"pmu-log\n", fields[1])
        self.first_seq, self.prev = fields[5], fields[6]
        found = Entry(fields[5], fields[7], fields[4], entry.end, fields[3])
        need(found == entry, self.name, 16, "the header is not that of the segment that CURRENT names")
        self.end = len(self.data) if self.open else entry.end
        need(SEGMENT.size <= self.end <= len(self.data), self.name, len(self.data), "the file ends too early")


def frame_head(segment, at):
    """Section "Frame": the header at `at`, if it verifies."""
    if at + FRAME.size > segment.end:
        raise NotWhole(at, "a frame's header is cut off")
    head = FrameHead(*FRAME.unpack_from(segment.data, at))
    raw = segment.data[at:at + FRAME.size - 4]
    if head.magic != b"pmuF" or head.sum != checksum(segment.id, at, raw):
        raise NotWhole(at, "a frame's header does not verify")
    return head


def read_chunk(segment, at, end):
    """Section "Chunk": the chunk at `at`, if it verifies."""
    if at + CHUNK.size > end:
        raise NotWhole(at, "a chunk's header is cut off")
    chunk = Chunk(*CHUNK.unpack_from(segment.data, at), at)
    behind = at + CHUNK.size + padded(chunk.length)
    if behind > end:
        raise NotWhole(at, "a chunk is cut off")
    raw = segment.data[at:at + 12] + segment.data[at + 16:behind]
    if chunk.sum != checksum(segment.id, at, raw):
        raise NotWhole(at, "a chunk does not verify")
    need(not any(segment.data[at + CHUNK.size + chunk.length:behind]), segment.name, at, "padding is not zero")
    return chunk, behind


def read_frame(segment, at):
    """Section "Frame": a whole frame, its checksums verified, nothing decoded."""
    head = frame_head(segment, at)
    end = at + FRAME.size + head.length
    need(head.length % 8 == 0 and head.length <= 1 << 40, segment.name, at + 8, "an impossible payload length")
    if end > segment.end:
        raise NotWhole(at, "a frame is cut off")
    chunks, pos = [], at + FRAME.size
    while pos < end:
        chunk, pos = read_chunk(segment, pos, end)
        chunks.append(chunk)
    need(len(chunks) == head.chunks, segment.name, at + 28, "the count of chunks is wrong")
    return Frame(at, end, head, chunks, blake3(segment.data[at:end]))


def header_behind(segment, at):
    """Section "Where the log ends": is there a frame header that verifies behind `at`?"""
    found = segment.data.find(b"pmuF", at + 1)
    while found >= 0:
        try:
            if found % 8 == 0:
                frame_head(segment, found)
                return found
        except NotWhole:
            pass
        found = segment.data.find(b"pmuF", found + 1)
    return None


def frames_of(segment):
    """Sections "Segment" and "Where the log ends": the whole frames, up to a torn commit if there is one."""
    at = SEGMENT.size
    while at < segment.end:
        try:
            frame = read_frame(segment, at)
        except NotWhole as broken:
            need(segment.open and header_behind(segment, at) is None, segment.name, broken.offset, broken.what)
            return
        yield frame
        at = frame.end
