"""Fails on any WARNING, ERROR or CRITICAL in Odoo's logs that the add-on may have caused.

Usage: check_log.py LOG...
"""

import re
import sys
from pathlib import Path

RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<level>[A-Z]+) ")
BAD = {"WARNING", "ERROR", "CRITICAL"}
# what the host itself says on any database, each with its reason
ALLOWED = {
    r"py\.warnings: .*DeprecationWarning": "Odoo 19 on Debian's Python 3.11 uses old calls of its libraries",
    r"Running as user 'root' is a security risk": "CI runs as root",
    r"unaccent": "the database user need not be allowed to create extensions",
    r"The `?demo`? data": "said at each installation with demo data",
}
ALLOWED_PATTERN = re.compile("|".join(ALLOWED))


def records(path):
    """Yield the log's records; a record goes on until the next one begins."""
    record = []
    for line in path.read_text(errors="replace").splitlines():
        if RECORD.match(line) and record:
            yield record
            record = []
        record.append(line)
    if record:
        yield record


def is_bad(record):
    found = RECORD.match(record[0])
    return found and found["level"] in BAD and not ALLOWED_PATTERN.search("\n".join(record))


def main(*names):
    bad = [(name, record) for name in names for record in records(Path(name)) if is_bad(record)]
    for name, record in bad:
        print(f"{Path(name).name}:", *record, sep="\n  ")
    print(f"{len(bad)} warnings or errors in {', '.join(Path(name).name for name in names)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
