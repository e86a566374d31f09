// BLAKE3 (hash mode, 32 bytes of output), for inputs of any length.

const IV = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const LANES = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];
const CHUNK_START = 1,
  CHUNK_END = 2,
  PARENT = 4,
  ROOT = 8;
const CHUNK = 1024,
  BLOCK = 64;

// The a, b, c, d, x, y of every mixing step of the seven rounds, one after the other.
const STEPS = (() => {
  const steps = [];
  let order = PERMUTATION.map((_, i) => i);
  for (let round = 0; round < 7; round++) {
    LANES.forEach((lane, i) => steps.push(...lane, order[2 * i], order[2 * i + 1]));
    order = PERMUTATION.map((from) => order[from]);
  }
  return Uint8Array.from(steps);
})();

const v = new Int32Array(16);

// The compression function: the first eight words of its output.
function compress(cv, words, counter, length, flags) {
  v.set(cv);
  v.set(IV.subarray(0, 4), 8);
  v[12] = counter | 0;
  v[13] = (counter / 2 ** 32) | 0;
  v[14] = length;
  v[15] = flags;
  for (let i = 0; i < STEPS.length; i += 6) {
    const a = STEPS[i],
      b = STEPS[i + 1],
      c = STEPS[i + 2],
      d = STEPS[i + 3];
    let vb = v[b],
      vd = v[d];
    let va = (v[a] + vb + words[STEPS[i + 4]]) | 0;
    vd ^= va;
    vd = (vd >>> 16) | (vd << 16);
    let vc = (v[c] + vd) | 0;
    vb ^= vc;
    vb = (vb >>> 12) | (vb << 20);
    va = (va + vb + words[STEPS[i + 5]]) | 0;
    vd ^= va;
    vd = (vd >>> 8) | (vd << 24);
    vc = (vc + vd) | 0;
    vb ^= vc;
    v[a] = va;
    v[b] = (vb >>> 7) | (vb << 25);
    v[c] = vc;
    v[d] = vd;
  }
  return Int32Array.from({ length: 8 }, (_, i) => v[i] ^ v[i + 8]);
}

// The words of one block, padded with zeros.
function wordsOf(data, at, end) {
  const words = new Int32Array(16);
  for (let i = at; i < end; i++) words[(i - at) >> 2] |= data[i] << (8 * ((i - at) & 3));
  return words;
}

// The chaining value of the chunk from `start` to `end`.
function chunkValue(data, start, end, counter, root) {
  let cv = IV;
  for (let at = start; ; at += BLOCK) {
    const stop = Math.min(at + BLOCK, end);
    let flags = at === start ? CHUNK_START : 0;
    if (stop === end) flags |= CHUNK_END | root;
    cv = compress(cv, wordsOf(data, at, stop), counter, stop - at, flags);
    if (stop === end) return cv;
  }
}

// The chaining value of two subtrees.
function parent(left, right, root) {
  return compress(IV, [...left, ...right], 0, BLOCK, PARENT | root);
}

// Returns the 32 bytes of BLAKE3 of the parts, one after the other.
export function blake3(...parts) {
  const data = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  const last = Math.max(1, Math.ceil(data.length / CHUNK)) - 1;
  const stack = [];
  for (let i = 0; i < last; i++) {
    let cv = chunkValue(data, i * CHUNK, (i + 1) * CHUNK, i, 0);
    for (let total = i + 1; total % 2 === 0; total /= 2) cv = parent(stack.pop(), cv, 0);
    stack.push(cv);
  }
  let cv = chunkValue(data, last * CHUNK, data.length, last, stack.length ? 0 : ROOT);
  while (stack.length) {
    const left = stack.pop();
    cv = parent(left, cv, stack.length ? 0 : ROOT);
  }
  const output = Buffer.alloc(32);
  cv.forEach((word, i) => output.writeInt32LE(word, 4 * i));
  return output;
}
