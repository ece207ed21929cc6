"""Lets the contestants remind in turn, compares what they made, prints figures.

Each works in a process and a fresh copy of the same database, one after the other; the
order changes from round to round.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from billing import get_medians, say

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))
import db  # noqa: E402

SMALL = (5000, 200)  # instalments and customers up to which three rounds are run
DEFAULT = ["oca", "tracker"]
PRINTED = ("seconds", "cpu_s", "queries", "peak_mb")
SPARE = 30  # queries by which counts may differ for the same P


def run(options, contestant, n, p):
    """Return figures, stages and what was made of one run on a fresh database."""
    size = f"{n}x{p}"
    name = f"{options.name}_run_{contestant}"
    filestore = options.data_dir / "filestore"
    result = options.data_dir / f"{name}.json"
    command = [sys.executable, str(Path(__file__).with_name("overdue_contestants.py"))]
    command += ["--config", str(options.conf / f"{name}.conf"), "remind"]
    command += [f"--contestant={contestant}", f"--files={options.files}"]
    command.append(f"--result={result}")
    if options.profile:
        command.append(f"--profile={options.data_dir / name}-{size}.profile")
    db.drop(name, filestore)
    db.copy(f"{options.name}_{contestant}_{size}", name, filestore)
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)
        return json.loads(result.read_text())
    finally:
        result.unlink(missing_ok=True)
        if not options.keep:
            db.drop(name, filestore)


def check_made(n, p, made):
    """Return texts: where not all were reminded of all, once, by each contestant."""
    problems = []
    for contestant, result in made.items():
        customers = result["made"]["customers"]
        instalments = sum(row[0] for row in customers.values())
        mails = sum(row[2] for row in customers.values())
        found = (instalments, len(customers), mails)
        if found != (n, p, p):
            problems.append(
                f"{contestant}: {found[0]} instalments of {found[1]} customers in"
                f" {found[2]} mails, expected {n} of {p} in {p}"
            )
    texts = {
        json.dumps(one["made"]["customers"], sort_keys=True) for one in made.values()
    }
    if len(texts) > 1:
        problems.append("the contestants did not remind of the same")
    return [f"{n}x{p}: {problem}" for problem in problems]


def run_size(options, n, p):
    """Return ``{contestant: figures}`` (medians) and problems."""
    figures, problems = {name: [] for name in options.contestants}, []
    is_small = n <= SMALL[0] and p <= SMALL[1]
    rounds = options.rounds or (3 if is_small else 1)
    for number in range(rounds):
        made = {}
        turn = number % len(options.contestants)
        for name in options.contestants[turn:] + options.contestants[:turn]:
            made[name] = run(options, name, n, p)
            figures[name].append(made[name]["figures"])
            say(
                f"{n}x{p} round {number + 1} {name}: {figures[name][-1]}"
                f" {made[name]['stages']} {made[name]['made']['files']} files"
            )
        problems += check_made(n, p, made)
    return {name: get_medians(own) for name, own in figures.items()}, problems


def check_queries(results):
    """Return texts where the tracker's queries grow with instalments, not customers.

    The host writes a hundred rows in a statement, of two tables: that much is none.
    """
    problems, seen = [], {}
    for (n, p), figures in results.items():
        if "tracker" not in figures:
            continue
        queries = figures["tracker"]["queries"]
        first_n, first = seen.setdefault(p, (n, queries))
        if queries > first + 3 * (n - first_n) / 100 + SPARE:
            problems.append(
                f"P={p}: {first:.0f} queries for {first_n} instalments,"
                f" {queries:.0f} for {n}"
            )
    return problems


def print_ratio(n, p, figures):
    if {"oca", "tracker"} <= figures.keys():
        oca, own = (figures[name]["cpu_s"] for name in ("oca", "tracker"))
        say(
            f"{n}x{p}: CPU of oca / tracker = {oca:.2f} / {own:.2f}:"
            f" {oca / own:.1f} times as fast"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="prefix of the databases")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--conf", type=Path, required=True)
    parser.add_argument("--sizes", required=True, help="NxP,NxP...")
    parser.add_argument("--rounds", type=int, default=0, help="default: 3 or 1")
    parser.add_argument(
        "--contestants", type=lambda text: text.split(","), default=DEFAULT
    )
    parser.add_argument("--files", choices=["none", "one", "default"], default="none")
    parser.add_argument("--profile", action="store_true", help="into the data folder")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    options = parser.parse_args()
    results, problems = {}, []
    for size in options.sizes.split(","):
        n, p = map(int, size.split("x"))
        results[n, p], found = run_size(options, n, p)
        problems += found
        for contestant, figures in results[n, p].items():
            row = {"contestant": contestant, "n": n, "p": p}
            row |= {key: figures[key] for key in PRINTED}
            if options.files != "none":
                row["files"] = options.files
            print(json.dumps(row), flush=True)
        print_ratio(n, p, results[n, p])
    problems += check_queries(results)
    for problem in problems:
        say(f"PROBLEM {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
