// Files of a store in a directory.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export function writeFiles(directory, files) {
  fs.mkdirSync(directory, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(path.join(directory, name), bytes);
}

// Writes the files of a store and returns what `use` makes of the directory.
export function within(files, use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "store-"));
  try {
    writeFiles(directory, files);
    return use(directory);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}
