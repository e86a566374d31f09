"""BLAKE3 (hash mode, 32 bytes of output) in pure Python, for inputs of any length."""

import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
CHUNK, BLOCK = 1024, 64
LANES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
M32 = 0xFFFFFFFF


def _schedule():
    """The (a, b, c, d, x, y) of every mixing step of the seven rounds."""
    order, steps = list(range(16)), []
    for _ in range(7):
        steps += [lane + (order[2 * i], order[2 * i + 1]) for i, lane in enumerate(LANES)]
        order = [order[p] for p in PERMUTATION]
    return tuple(steps)


STEPS = _schedule()


def _compress(cv, words, counter, length, flags):
    """The compression function; the first eight words of its output."""
    v = [*cv, *IV[:4], counter & M32, counter >> 32 & M32, length, flags]
    for a, b, c, d, x, y in STEPS:
        va, vb = v[a], v[b]
        va = va + vb + words[x] & M32
        vd = v[d] ^ va
        vd = (vd >> 16 | vd << 16) & M32
        vc = v[c] + vd & M32
        vb ^= vc
        vb = (vb >> 12 | vb << 20) & M32
        va = va + vb + words[y] & M32
        vd ^= va
        vd = (vd >> 8 | vd << 24) & M32
        vc = vc + vd & M32
        vb ^= vc
        v[a], v[b], v[c], v[d] = va, (vb >> 7 | vb << 25) & M32, vc, vd
    return [v[i] ^ v[i + 8] for i in range(8)]


def _chunk(data, counter, root):
    """The chaining value of one chunk of at most 1024 bytes."""
    cv, starts = IV, range(0, len(data), BLOCK) or (0,)
    for at in starts:
        block = data[at:at + BLOCK]
        flags = (CHUNK_START if at == 0 else 0)
        if at == starts[-1]:
            flags |= CHUNK_END | (ROOT if root else 0)
        words = struct.unpack("<16I", block.ljust(BLOCK, b"\0"))
        cv = _compress(cv, words, counter, len(block), flags)
    return cv


def _parent(left, right, root):
    """The chaining value of two subtrees."""
    return _compress(IV, left + right, 0, BLOCK, PARENT | (ROOT if root else 0))


def blake3(data):
    """The 32 bytes of BLAKE3 of `data`."""
    data = bytes(data)
    chunks = max(1, -(-len(data) // CHUNK))
    if chunks == 1:
        return struct.pack("<8I", *_chunk(data, 0, True))
    stack = []
    for i in range(chunks - 1):
        cv, total = _chunk(data[i * CHUNK:(i + 1) * CHUNK], i, False), i + 1
        while total & 1 == 0:
            cv, total = _parent(stack.pop(), cv, False), total >> 1
        stack.append(cv)
    cv = _chunk(data[(chunks - 1) * CHUNK:], chunks - 1, False)
    while stack:
        left = stack.pop()
        cv = _parent(left, cv, not stack)
    return struct.pack("<8I", *cv)
