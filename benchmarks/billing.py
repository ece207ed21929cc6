"""Runs the contestants in turn, compares what they made, prints figures.

Each runs in a process and a database of its own, one after the other: two on one
database would lock each other.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from moves import compare_moves

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))
import db  # noqa: E402

# entries x projects; pairs of equal P show what queries depend on
SIZES = {
    "small": [(200, 10), (1000, 10)],
    "all": [(1000, 10), (1000, 100), (10000, 100), (50000, 1000)],
}
MOST_SHOWN = 20
DEFAULT = ["floor", "sale_timesheet", "tracker"]
SPARE = 2  # queries by which counts may differ for the same P: a cache more or less


def say(text):
    print(text, file=sys.stderr, flush=True)


def get_sizes(text):
    if text in SIZES:
        return SIZES[text]
    return [tuple(map(int, size.split("x"))) for size in text.split(",")]


def run(options, contestant, n, p):
    """Return figures and moves of one run on a fresh database."""
    name = f"{options.name}_run_{contestant}"
    filestore = options.data_dir / "filestore"
    result = options.data_dir / f"{name}.json"
    command = [sys.executable, str(Path(__file__).with_name("contestants.py"))]
    command += ["--config", str(options.conf / f"{name}.conf"), contestant, "bill"]
    command += [f"--entries={n}", f"--projects={p}", f"--result={result}"]
    if options.profile:
        command.append(f"--profile={options.data_dir / name}-{n}x{p}.profile")
    db.drop(name, filestore)
    template = "floor" if contestant == "floor_at_once" else contestant
    db.copy(f"{options.name}_{template}", name, filestore)
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)
        return json.loads(result.read_text())
    finally:
        result.unlink(missing_ok=True)
        if not options.keep:
            db.drop(name, filestore)


def check_moves(n, p, made):
    """Return texts: what is wrong with the moves of one round."""
    problems = []
    expected = f"{p} invoices, all posted"
    for contestant, result in made.items():
        count, total, posted = result["moves"]["totals"]
        if not int(count) == int(posted) == p:
            problems.append(f"{contestant}: {posted} of {count}, expected {expected}")
        if total != made["tracker"]["moves"]["totals"][1]:
            problems.append(f"{contestant}: total {total} is not that of the tracker")
    for name in {"floor", "floor_at_once"} & made.keys():
        problems += compare_moves(made["tracker"]["moves"], made[name]["moves"])
    return [f"{n}x{p}: {problem}" for problem in problems]


def get_medians(rounds):
    keys = rounds[0].keys()
    return {key: statistics.median(figures[key] for figures in rounds) for key in keys}


def run_size(options, n, p):
    """Return ``{contestant: figures}`` (medians) and problems."""
    figures, problems = {name: [] for name in options.contestants}, []
    for number in range(options.rounds):
        made = {}
        for contestant in options.contestants:
            made[contestant] = run(options, contestant, n, p)
            figures[contestant].append(made[contestant]["figures"])
            say(f"{n}x{p} round {number + 1} {contestant}: {figures[contestant][-1]}")
        if "tracker" in made:
            problems += check_moves(n, p, made)
    return {name: get_medians(rounds) for name, rounds in figures.items()}, problems


def check_queries(results):
    """Return texts where the tracker's queries grow with the number of entries."""
    problems, seen = [], {}
    for (n, p), figures in results.items():
        if "tracker" not in figures:
            continue
        queries = figures["tracker"]["queries"]
        first_n, first = seen.setdefault(p, (n, queries))
        if queries > first + SPARE:
            problems.append(
                f"P={p}: {first:.0f} queries for {first_n} entries,"
                f" {queries:.0f} for {n}"
            )
    return problems


def print_ratios(results):
    for (n, p), figures in results.items():
        tracker = figures.get("tracker", {}).get("cpu_s")
        for name in ("sale_timesheet", "floor"):
            if tracker and name in figures:
                cpu = figures[name]["cpu_s"]
                say(
                    f"{n}x{p}: CPU of tracker / {name} = {tracker:.2f} / {cpu:.2f}"
                    f" = {tracker / cpu:.2f} ({cpu / tracker:.1f} times as fast)"
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="prefix of the databases")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--conf", type=Path, required=True)
    parser.add_argument("--sizes", default="all", help="small, all, or NxP,NxP...")
    parser.add_argument("--rounds", type=int, default=0, help="default: 3 (small: 1)")
    parser.add_argument(
        "--contestants", type=lambda text: text.split(","), default=DEFAULT
    )
    parser.add_argument("--profile", action="store_true", help="into the data folder")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.sizes == "small" else 3)
    results, problems = {}, []
    for n, p in get_sizes(options.sizes):
        results[n, p], found = run_size(options, n, p)
        problems += found
        for contestant, figures in results[n, p].items():
            print(json.dumps({"contestant": contestant, "n": n, "p": p, **figures}))
            sys.stdout.flush()
    print_ratios(results)
    problems += check_queries(results)
    for problem in problems[:MOST_SHOWN]:
        say(f"PROBLEM {problem}")
    if len(problems) > MOST_SHOWN:
        say(f"... and {len(problems) - MOST_SHOWN} more")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
