#!/bin/bash
# What billing costs beside the host and its own sales module; prints JSON lines.
#   bash benchmarks/run.sh billing                    every size, three rounds; see README.md here
#   bash benchmarks/run.sh billing --sizes small      a smoke run: same moves, same number of queries, no times
#   bash benchmarks/run.sh billing --sizes 50000x1000 --rounds 1 --contestants tracker,floor --profile
#   bash benchmarks/run.sh tracking                   the screens of tracking with 1k, 10k and 100k invoices
#   bash benchmarks/run.sh tracking --sizes 1000      the smallest only
. "$(dirname "$0")/../setup/lib.sh"
# shellcheck source=../setup/host.sh
. "$SETUP/host.sh"
# shellcheck source=../setup/postgres.sh
. "$SETUP/postgres.sh"

BENCH=$REPO/benchmarks
NAME=${PIT_BENCH_PREFIX:-pit_bench}                 # of the databases

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; }

sums() { find "$@" -type f -not -name '*.pyc' -not -name '*.md' -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-16; }

contestant() { "$PYTHON" "$BENCH/contestants.py" --config "$(conf "$1" "$2")" "${@:3}"; }

fill_template() { # fill_template CONTESTANT FROM [MODULES]
  local addons=''
  [ "$1" != tracker ] || addons=$REPO
  db drop "${NAME}_$1"
  db copy "$2" "${NAME}_$1"
  if [ -n "${3:-}" ]; then
    odoo server -c "$(conf "${NAME}_$1" "$addons")" -i "$3" --no-http --stop-after-init --log-level=warn
    db installed "${NAME}_$1" "$3"
  fi
  contestant "${NAME}_$1" "$addons" "$1" prepare
}

bench_template() { # bench_template CONTESTANT FROM KEY [MODULES]
  db exists "${NAME}_$1" || forget "db_${NAME}_$1"
  once "db_${NAME}_$1" "$3 $(cat "$PIT_HOME/stamp/venv")" "template database of '$1'" fill_template "$1" "$2" "${4:-}"
}

prepare_templates() {
  local base
  base=$(sums "$BENCH/data.py" "$BENCH/contestants.py")
  only_one "$NAME"
  template "${NAME}_host" "" "$HOST_MODULES"
  bench_template floor "${NAME}_host" "$base"
  bench_template sale_timesheet "${NAME}_floor" "$base" sale_timesheet
  bench_template tracker "${NAME}_floor" "$base $(sums "$REPO/$ADDON")" "$ADDON"
}

billing() {
  prepare_host
  # work of parallel workers would be missed by the clock of the connection's own backend
  export PGOPTIONS="-c max_parallel_workers_per_gather=0"
  prepare_templates
  STEP="benchmark"
  local contestant addons
  for contestant in floor floor_at_once sale_timesheet tracker; do
    addons=''
    [ "$contestant" != tracker ] || addons=$REPO
    conf "${NAME}_run_$contestant" "$addons" >/dev/null
  done
  "$PYTHON" "$BENCH/billing.py" --name "$NAME" --data-dir "$PIT_HOME/data" --conf "$PIT_HOME/conf" "$@" ||
    die "the benchmark found a difference or failed (see above)" "a difference in moves is a bug of the add-on: look at the fields named above"
}

fill_firm() { # fill_firm DATABASE COUNT: a copy of the empty one, filled
  db drop "$1"
  db copy "${NAME}_tracking" "$1"
  "$PYTHON" "$BENCH/tracking.py" --config "$(conf "$1" "$REPO")" fill --count "$2"
}

empty_firm() { # a database with the add-on alone
  db drop "${NAME}_tracking"
  db copy "${NAME}_host" "${NAME}_tracking"
  odoo server -c "$(conf "${NAME}_tracking" "$REPO")" -i "$ADDON" --no-http --stop-after-init --log-level=warn
  db installed "${NAME}_tracking" "$ADDON"
}

tracking() {
  local sizes=1000,10000,100000 size key
  while [ $# -gt 0 ]; do
    case $1 in
      --sizes) sizes=$2 && shift 2 ;;
      *) STEP="arguments"; die "'$1' is unknown" "$(usage)" ;;
    esac
  done
  prepare_host
  export PGOPTIONS="-c max_parallel_workers_per_gather=0"   # see billing
  only_one "$NAME"
  template "${NAME}_host" "" "$HOST_MODULES"
  key=$(sums "$REPO/$ADDON" "$BENCH/data.py" "$BENCH/tracking_data.py")
  db exists "${NAME}_tracking" || forget "db_${NAME}_tracking"
  once "db_${NAME}_tracking" "$key $(cat "$PIT_HOME/stamp/venv")" "database with the add-on" empty_firm
  for size in ${sizes//,/ }; do
    db exists "${NAME}_$size" || forget "db_${NAME}_$size"
    # of another day: what is late would not be late any more
    once "db_${NAME}_$size" "$key $(date +%F)" "$size invoices, ${size}0 entries" fill_firm "${NAME}_$size" "$size"
  done
  STEP="benchmark"
  for size in ${sizes//,/ }; do
    "$PYTHON" "$BENCH/tracking.py" --config "$(conf "${NAME}_$size" "$REPO")" measure --count "$size" ||
      die "a screen failed (see above)" "run it alone: --screens NAME of benchmarks/tracking.py"
  done
}

case "${1:-}" in
  tracking) tracking "${@:2}" ;;
  billing) billing "${@:2}" ;;
  -h | --help) usage ;;
  *) STEP="arguments"; die "'${1:-}' is unknown" "$(usage)" ;;
esac
