// Section "CURRENT".

import { MAJOR, MINOR, NO_ID, View, checksum, u16, u32, u64 } from "./checks.mjs";

const MAGIC = "pmu-cur\n";
const NAME = 160;

export function decodeCurrent(data) {
  const view = new View("CURRENT", data);
  view.verify(MAGIC, NO_ID, data.length - 4);
  view.version(16);
  view.need(view.u32(12) === data.length, 12, "the length is not that of the file");
  const nameLength = view.u32(152);
  view.need(NAME + nameLength + 4 === data.length, 152, "the name does not fill the file");
  const current = {
    store: view.bytes(40, 16),
    generation: view.u64(56),
    logGeneration: view.u64(64),
    logId: view.bytes(72, 16),
    acknowledged: view.u64(88),
    indexSeq: view.u64(96),
    indexGeneration: view.u64(104),
    indexChain: view.bytes(112, 32),
    historyStart: view.u64(144),
    repository: view.text(NAME, nameLength),
  };
  view.need(current.generation > 0, 56, "the generation is 0");
  view.need(current.logGeneration > 0, 64, "the log's generation is 0");
  view.need(current.acknowledged >= 128, 88, "a commit that was acknowledged inside the log's header");
  return current;
}

export function encodeCurrent(current) {
  const name = Buffer.from(current.repository);
  const data = Buffer.concat([
    Buffer.from(MAGIC),
    u16(MAJOR),
    u16(MINOR),
    u32(NAME + name.length + 4),
    Buffer.alloc(24),
    current.store,
    u64(current.generation),
    u64(current.logGeneration),
    current.logId,
    u64(current.acknowledged),
    u64(current.indexSeq),
    u64(current.indexGeneration),
    current.indexChain ?? Buffer.alloc(32),
    u64(current.historyStart),
    u32(name.length),
    Buffer.alloc(4),
    name,
  ]);
  return Buffer.concat([data, u32(checksum(NO_ID, 0, data))]);
}
