"""Fails on any WARNING, ERROR or CRITICAL in Odoo's logs that is not the host's own.

Usage: check_log.py LOG...
"""

import re
import sys
from pathlib import Path

RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<level>[A-Z]+) ")
BAD = {"WARNING", "ERROR", "CRITICAL"}
# what the host itself says on any database, each with its reason
ALLOWED = {
    r"Running as user 'root' is a security risk": "CI runs as root",
    r"unaccent": "the database user need not be allowed to create extensions",
    r"The `?demo`? data": "said at each installation with demo data",
}
OURS = re.compile(r"project_invoice_tracker(_sale)?/(\w+/)?\w+\.py")
# Odoo calls its libraries so; whoever called Odoo stands further up the stack
DEPRECATION = re.compile(r"py\.warnings: (?P<file>\S+):\d+: \w*DeprecationWarning")
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
    found, text = RECORD.match(record[0]), "\n".join(record)
    if not found or found["level"] not in BAD:
        return False
    if deprecation := DEPRECATION.search(record[0]):
        return bool(OURS.search(deprecation["file"]))
    return bool(OURS.search(text)) or not ALLOWED_PATTERN.search(text)


def main(*names):
    bad = [
        (name, record)
        for name in names
        for record in records(Path(name))
        if is_bad(record)
    ]
    for name, record in bad:
        shown = record if len(record) < 10 else [*record[:3], "...", *record[-4:]]
        print(f"{Path(name).name}:", *shown, sep="\n  ")
    print(f"{len(bad)} warnings or errors in {', '.join(map(str, names))}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
