// Sections "Log", "Frame", "Chunk" and "Where the log ends": what verifies in a log, nothing of it folded.

import { Reader, whole } from "./bincode.mjs";
import { blake3 } from "./blake3.mjs";
import { MAJOR, MINOR, Refused, View, checksum, need, pad, padded, u16, u32, u64 } from "./checks.mjs";

const MAGIC = "pmu-log\n",
  FRAME_MAGIC = "pmuF";
export const LOG_HEADER = 128,
  FRAME_HEADER = 112,
  CHUNK_HEADER = 32;
export const COMMIT = 1,
  BASE = 2,
  NOTE = 3;
export const SYNC = 1,
  EVENTS = 2,
  TRACKERS = 3;
export const PUBLISHED = 1,
  MORE = 2,
  CONTINUES = 4;
const FLAGS = PUBLISHED | MORE | CONTINUES;
export const CHUNK_ITEMS = 250;
const PAYLOAD_MAX = 2 ** 40;
const IGNORABLE = 128;

// Bytes where a frame should be that do not verify: torn or damaged, as the walk finds out.
class Unverified extends Error {
  constructor(offset, what) {
    super(what);
    this.offset = offset;
  }
}

export class Log {
  constructor(name, data, { id, generation } = {}) {
    const view = new View(name, data);
    this.id = data.subarray(40, 56);
    view.verify(MAGIC, this.id, LOG_HEADER - 4);
    view.version(16);
    Object.assign(this, { name, data, generation: view.u64(56), firstSeq: view.u64(64) });
    view.need(!id || id.equals(this.id), 40, "the id is not that in CURRENT");
    view.need(!generation || generation === this.generation, 56, "the generation is not that in CURRENT");
    view.need(this.firstSeq > 0, 64, "the first seq is 0");
    this.chain = blake3(this.id);
  }
}

function frameHeader(log, at) {
  const raw = log.data.subarray(at, at + FRAME_HEADER);
  if (raw.length < FRAME_HEADER) throw new Unverified(at, "a frame's header is cut off");
  const sum = checksum(log.id, at, raw.subarray(0, 108));
  if (raw.toString("latin1", 0, 4) !== FRAME_MAGIC || raw.readUInt32LE(108) !== sum) {
    throw new Unverified(at, "a frame's header does not verify");
  }
  return new View(log.name, log.data, at);
}

function readChunk(log, at, end) {
  if (at + CHUNK_HEADER > end) throw new Unverified(at, "a chunk's header is cut off");
  const view = new View(log.name, log.data, at);
  const length = view.u32(4),
    after = at + CHUNK_HEADER + padded(length);
  if (after > end) throw new Unverified(at, "a chunk is cut off");
  const sum = checksum(log.id, at, log.data.subarray(at, at + 12), log.data.subarray(at + 16, after));
  if (view.u32(12) !== sum) throw new Unverified(at, "a chunk does not verify");
  const fields = { kind: view.u8(0), count: view.u32(8), firstSeq: view.bigU64(16), frameOffset: view.bigU64(24) };
  return { at, after, start: at + CHUNK_HEADER, end: at + CHUNK_HEADER + length, ...fields };
}

// A frame with its chunks, verified; its fields are checked after that.
function readFrame(log, at, chain) {
  const view = frameHeader(log, at);
  const length = view.bigU64(8),
    end = at + FRAME_HEADER + Number(length);
  if (!view.bytes(40, 32).equals(chain)) throw new Unverified(at, "a frame does not continue the chain");
  view.need(length <= PAYLOAD_MAX && length % 8n === 0n, 8, "an impossible payload length");
  if (end > log.data.length) throw new Unverified(at, "a frame is cut off");
  const chunks = [];
  for (let next = at + FRAME_HEADER; next < end; next = chunks.at(-1).after) chunks.push(readChunk(log, next, end));
  const frame = { at, end, kind: view.u8(4), flags: view.u8(5), chunks, own: view.bytes(72, 32) };
  const own = blake3(log.data.subarray(at, at + 72), log.data.subarray(at + FRAME_HEADER, end));
  view.need(own.equals(frame.own), 72, "the frame's hash is wrong");
  checkFrame(view, frame);
  return frame;
}

function checkFrame(view, frame) {
  frame.ignorable = frame.kind >= IGNORABLE;
  view.need(frame.flags <= FLAGS, 5, `flags ${frame.flags} are unknown`);
  frame.published = (frame.flags & PUBLISHED) !== 0;
  frame.more = (frame.flags & MORE) !== 0;
  frame.continues = (frame.flags & CONTINUES) !== 0;
  if (frame.ignorable) return;
  view.need(frame.kind >= COMMIT && frame.kind <= NOTE, 4, `frame kind ${frame.kind} is unknown`);
  view.need(!frame.more || frame.kind === COMMIT, 5, "a base or a note with more to come");
  Object.assign(frame, { firstSeq: view.u64(16), changedAt: view.time(32) });
  view.need(view.u32(28) === frame.chunks.length, 28, "the number of chunks is another");
  const known = frame.chunks.filter((chunk) => chunk.kind < IGNORABLE);
  frame.sync = known[0];
  frame.bodies = known.slice(1);
  view.need(frame.sync?.kind === SYNC, 0, "a frame without a sync chunk");
  const inner = { [COMMIT]: EVENTS, [BASE]: TRACKERS }[frame.kind];
  for (const chunk of frame.bodies) need(chunk.kind === inner, view.file, chunk.at, "a chunk that may not stand here");
  const items = frame.bodies.reduce((sum, chunk) => sum + chunk.count, 0);
  view.need(view.u32(24) === items, 24, "the number of items is another");
  checkChunks(view.file, frame);
}

function checkChunks(file, frame) {
  let seq = frame.firstSeq;
  for (const chunk of [frame.sync, ...frame.bodies]) {
    need(chunk.frameOffset === BigInt(frame.at), file, chunk.at + 24, "the chunk is of another frame");
    need(chunk.firstSeq === BigInt(seq), file, chunk.at + 16, "the chunk's first seq is another");
    need(chunk.count >= 1 && chunk.count <= CHUNK_ITEMS, file, chunk.at + 8, `a chunk of ${chunk.count} items`);
    if (chunk.kind === EVENTS) seq += chunk.count;
  }
  need(frame.sync.count === 1, file, frame.sync.at + 8, "a sync chunk with another number of items than one");
}

// Returns the items of a chunk.
export function itemsOf(log, chunk, read) {
  const items = whole(new Reader(log.name, log.data, chunk.start, chunk.end), (r) => r.sequence(() => r.inner(read)));
  need(items.length === chunk.count, log.name, chunk.at + 8, "the number of items is another");
  return items;
}

function headerLater(log, at) {
  for (
    let found = log.data.indexOf(FRAME_MAGIC, at + 1);
    found >= 0;
    found = log.data.indexOf(FRAME_MAGIC, found + 1)
  ) {
    try {
      if (found % 8 === 0 && !(frameHeader(log, found).u8(5) & CONTINUES)) return found;
    } catch (error) {
      if (!(error instanceof Unverified)) throw error;
    }
  }
  return null;
}

// Returns the frames of all whole groups, where the last one ends, and whether a torn tail follows.
export function walk(log, acknowledged = LOG_HEADER) {
  let at = LOG_HEADER,
    chain = log.chain,
    broken = null;
  const frames = [];
  let [group, end] = [[], at];
  while (at < log.data.length && !broken) {
    try {
      const frame = readFrame(log, at, chain);
      need(frame.continues === group.length > 0, log.name, at + 5, "a group that does not continue");
      [at, chain] = [frame.end, frame.own];
      group.push(frame);
      if (frame.more) continue;
      frames.push(...group);
      [group, end] = [[], at];
    } catch (error) {
      if (!(error instanceof Unverified)) throw error;
      broken = error;
    }
  }
  const torn = broken !== null || group.length > 0;
  const what = broken?.message ?? (torn ? "a group is cut off" : "the log ends");
  if (end < acknowledged) throw new Refused(log.name, at, `${what}, before what was acknowledged (${acknowledged})`);
  const later = broken && headerLater(log, at);
  if (later) throw new Refused(log.name, broken.offset, `${what}, and a frame follows at ${later}`);
  return { frames, end, torn };
}

// Writing.

export function encodeLogHeader({ id, generation, firstSeq }) {
  const version = [u16(MAJOR), u16(MINOR), Buffer.alloc(28)];
  const data = Buffer.concat([Buffer.from(MAGIC), ...version, id, u64(generation), u64(firstSeq), Buffer.alloc(52)]);
  return Buffer.concat([data, u32(checksum(id, 0, data))]);
}

function encodeChunk(id, at, frameAt, { kind, count, firstSeq, payload }) {
  const head = Buffer.concat([Buffer.of(kind, 0, 0, 0), u32(payload.length), u32(count)]);
  const rest = Buffer.concat([u64(firstSeq), u64(frameAt), pad(payload)]);
  return Buffer.concat([head, u32(checksum(id, at, head, rest)), rest]);
}

// Returns the bytes of a frame that begins at `at`. Its chunks have a kind, a count, a first seq and a payload.
export function encodeFrame(id, at, { kind, flags, firstSeq, items, changedAt, chain, chunks }) {
  const parts = [];
  let next = at + FRAME_HEADER;
  for (const chunk of chunks) {
    parts.push(encodeChunk(id, next, at, chunk));
    next += parts.at(-1).length;
  }
  const payload = Buffer.concat(parts);
  const counts = [u64(payload.length), u64(firstSeq), u32(items), u32(chunks.length), u64(0)];
  const head = Buffer.concat([Buffer.from(FRAME_MAGIC), Buffer.of(kind, flags, 0, 0), ...counts, chain]);
  head.writeBigInt64LE(BigInt(changedAt), 32);
  const own = blake3(head, payload);
  const whole = Buffer.concat([head, own, Buffer.alloc(4)]);
  return { bytes: Buffer.concat([whole, u32(checksum(id, at, whole)), payload]), own };
}
