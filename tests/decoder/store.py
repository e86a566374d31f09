"""Section "Reading": a whole store, every byte of it verified."""

from collections import namedtuple

from checked import read_checked, read_last
from checks import Refused, need, read_file
from current import read_current
from fold import Fold
from frames import SEGMENT, Segment, frames_of
from index import Index, check_index

Store = namedtuple("Store", "current repo fold last")


def decode(directory):
    """Section "Reading", beginning again when files were retired meanwhile."""
    for attempt in range(8):
        before = read_file(directory, "CURRENT")
        try:
            return decode_once(directory)
        except Refused:
            if read_file(directory, "CURRENT") == before or attempt == 7:
                raise
    raise AssertionError("unreachable")


def decode_once(directory):
    """Section "Reading", but of everything, and folded from the start."""
    checked = read_checked(directory)
    current, entries, repo = read_current(directory)
    acknowledged = max(checked.get(current.store, 0), current.fresh_address)
    index = Index(directory, current) if current.index_generation else None
    segments = [Segment(directory, entry) for entry in entries]
    fold = Fold(current.history_start)
    for segment in segments:
        fold_segment(fold, segment, index)
    end, name = fold.address or entries[-1].base + SEGMENT.size, segments[-1].name
    need(end >= acknowledged, name, max(end - entries[-1].base, 0), "the log ends before what was acknowledged")
    need(index is None or index.seen, name, max(end - entries[-1].base, 0), "no frame ends where the index does")
    return Store(current, repo, fold, read_last(directory).get(current.store))


def fold_segment(fold, segment, index):
    """Sections "Segment" and "Frame": all frames of a segment onto the state before it."""
    need(segment.first_seq == fold.next_seq, segment.name, 40, "the first seq is not the next one")
    if fold.hash is not None:
        need(segment.prev == fold.hash, segment.name, 48, "prev is not the last frame before the segment")
    else:
        need(not any(segment.prev), segment.name, 48, "prev is not zero, and nothing is before")
    for frame in frames_of(segment):
        fold.add_frame(segment, frame)
        if index and index.head.address == fold.address:
            check_index(index, fold)
            index.seen = True
