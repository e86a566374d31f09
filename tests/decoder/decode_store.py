#!/usr/bin/env python3
"""A decoder of a store, written from `format.md` alone.

    decode_store.py STORE-DIRECTORY            verifies a store and prints it as JSON
    decode_store.py STORE-DIRECTORY --at SEQ   prints the trackers as of an event
    decode_store.py --each DIRECTORY           does the first with every directory in it; prints all, by name
    decode_store.py --hint FILE                prints a hint
    decode_store.py --hint-name PATH HOST      prints the name of the hint of a manifest, by its path and GH_HOST
    decode_store.py --state-hash-of MANIFEST   prints the state hash of a manifest

Exit codes: 0 fine, 1 something does not verify (one sentence on stderr), 2 wrong usage.
"""

import json
import os
import sys

from checks import Refused, read_file
from manifest import manifest_hash
from printed import as_of_json, store_json
from small import decode_hint, hint_name
from store import open_store


def each(directory):
    """Every store in a directory; None for one that is refused."""
    found = {}
    for name in sorted(os.listdir(directory)):
        try:
            found[name] = store_json(open_store(os.path.join(directory, name)))
        except Refused:
            found[name] = None
    return found


def run(arguments):
    """What is to be printed; None if the usage is wrong."""
    if len(arguments) == 2 and arguments[0] == "--state-hash-of":
        return manifest_hash(arguments[1]).hex()
    if len(arguments) == 2 and arguments[0] == "--hint":
        return decode_hint(read_file("", arguments[1]))
    if len(arguments) == 3 and arguments[0] == "--hint-name":
        return hint_name(*arguments[1:])
    if len(arguments) == 2 and arguments[0] == "--each":
        return each(arguments[1])
    if len(arguments) not in (1, 3) or arguments[0].startswith("--"):
        return None
    store = open_store(arguments[0])
    if len(arguments) == 1:
        return store_json(store)
    return as_of_json(store, int(arguments[2])) if arguments[1] == "--at" and arguments[2].isdecimal() else None


def main(arguments):
    """The command line."""
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        output = run(arguments)
    except Refused as refused:
        print(f"{refused}.", file=sys.stderr)
        return 1
    if output is None:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    print(output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
