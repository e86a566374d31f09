// Section "Reading, in order": a whole store, every byte of it verified.

import fs from "node:fs";

import { Damaged, Refused, need, readFile } from "./checks.mjs";
import { decodeCurrent } from "./current.mjs";
import { Fold } from "./fold.mjs";
import { decodeIndex, encodeIndex } from "./index.mjs";
import { Log, walk } from "./log.mjs";
import { decodeMarks } from "./small.mjs";

const ATTEMPTS = 8;

// Section "Files of a store": the directory of a repository below the cache.
export function directoryOf(repository) {
  const device = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;
  const names = repository.split("/").map((name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  return names.map((name) => (device.test(name) ? "~" : "") + name + (name.endsWith(".") ? "~" : "")).join("/");
}

// What a file is, or null if it counts as missing.
function orMissing(decode) {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function readCurrent(directory) {
  const data = readFile(directory, "CURRENT");
  if (data === null) {
    need(readFile(directory, "cleared") === null, "CURRENT", 0, "the store is being removed");
    return { data, current: fromLogs(directory) };
  }
  try {
    return { data, current: decodeCurrent(data) };
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    return { data, current: fromLogs(directory, error) };
  }
}

// Only `CURRENT` is gone: the log with the highest generation whose header verifies is the live one, with the newest index
// that was folded from it.
function fromLogs(directory, error) {
  const names = fs.readdirSync(directory).filter((name) => /^log-[1-9][0-9]*$/.test(name));
  const logs = names.map((name) => orMissing(() => new Log(name, readFile(directory, name)))).filter(Boolean);
  const log = logs.sort((a, b) => b.generation - a.generation)[0];
  if (!log) throw error ?? new Refused("CURRENT", 0, "the file is missing");
  const current = { logGeneration: log.generation, logId: log.id, acknowledged: 128, historyStart: log.firstSeq };
  const places = fs.readdirSync(directory).map((name) => /^index-([0-9]+)-([0-9]+)$/.exec(name)).filter(Boolean);
  const indexes = places.flatMap(([name, seq, generation]) => {
    const index = orMissing(() => decodeIndex(name, readFile(directory, name)));
    const isOfLog = index && index.logId.equals(log.id) && Number(index.seq) === Number(seq);
    return isOfLog ? [{ indexSeq: index.seq, indexGeneration: Number(generation), indexChain: index.chain }] : [];
  });
  const newest = (a, b) => Number(b.indexSeq) - Number(a.indexSeq) || b.indexGeneration - a.indexGeneration;
  return { indexGeneration: 0, ...current, ...indexes.sort(newest)[0] };
}

function readIndex(directory, current) {
  const name = `index-${current.indexSeq}-${current.indexGeneration}`;
  const data = current.indexGeneration ? readFile(directory, name) : null;
  const index = data && orMissing(() => decodeIndex(name, data));
  const isNamed = index && index.chain.equals(current.indexChain) && index.logId.equals(current.logId);
  const isOfIt = isNamed && index.seq === current.indexSeq && index.historyStart === current.historyStart;
  return isOfIt ? { ...index, name, data } : null;
}

// An index is what its log folds to, byte for byte.
function checkIndex(index, fold, historyStart) {
  const bytes = encodeIndex(fold, historyStart);
  const at = bytes.findIndex((byte, i) => byte !== index.data[i]);
  const length = bytes.length === index.data.length;
  need(length && at < 0, index.name, Math.max(at, 0), "the index is not what the log folds to");
  const plain = ({ kind, number, state, title, created, closed, last }) => [
    kind,
    number,
    state,
    title,
    created,
    closed,
    last,
  ];
  const same = JSON.stringify(index.trackers.map(plain)) === JSON.stringify(fold.list().map(plain));
  need(same, index.name, 0, "the index was read as other trackers than it was written from");
}

function openOnce(directory) {
  const marksData = readFile(directory, "marks");
  const { data, current } = readCurrent(directory);
  const marks = (marksData && orMissing(() => decodeMarks(marksData, current.store))) || [];
  const index = readIndex(directory, current);
  const logName = `log-${current.logGeneration}`,
    logData = readFile(directory, logName);
  need(logData !== null, logName, 0, "the file is missing");
  const log = new Log(logName, logData, { id: current.logId, generation: current.logGeneration });
  const shown = marks.filter((record) => record.acknowledged?.logId.equals(log.id)).map((r) => r.acknowledged.offset);
  const walked = walk(log, Math.max(current.acknowledged, index?.address ?? 0, ...shown));
  const fold = new Fold(log);
  let checked = index === null;
  for (const frame of walked.frames) {
    fold.addFrame(frame);
    if (index?.address !== fold.address) continue;
    checkIndex(index, fold, current.historyStart);
    checked = true;
  }
  need(checked, logName, index?.address ?? 0, "no frame ends where the index does");
  const repository = current.repository ?? fold.freshness?.repository ?? null;
  return { data, current, marks, index, fold, torn: walked.torn, end: walked.end, repository };
}

// Opens a store and reads all of it; begins again if its files were replaced meanwhile.
export function open(directory) {
  for (let attempt = 1; ; attempt++) {
    const before = readFile(directory, "CURRENT");
    try {
      return openOnce(directory);
    } catch (error) {
      const after = readFile(directory, "CURRENT");
      const isSame = before === after || (before && after && before.equals(after));
      if (!(error instanceof Refused) || isSame || attempt === ATTEMPTS) throw error;
    }
  }
}
