#!/bin/bash
# What billing costs beside the host and its own sales module; prints JSON lines.
#   bash benchmarks/run.sh billing                    every size, three rounds; see README.md here
#   bash benchmarks/run.sh billing --sizes small      a smoke run: same moves, same number of queries, no times
#   bash benchmarks/run.sh billing --sizes 50000x1000 --rounds 1 --contestants tracker,floor --profile
#   bash benchmarks/run.sh tracking                   the screens of tracking with 1k, 10k and 100k invoices
#   bash benchmarks/run.sh tracking --sizes 1000      the smallest only
#   bash benchmarks/run.sh overdue                    a run of reminders beside OCA's account_credit_control
#   bash benchmarks/run.sh overdue --sizes 1000x200   1,000 instalments of 200 customers only
. "$(dirname "$0")/../setup/lib.sh"
# shellcheck source=../setup/host.sh
. "$SETUP/host.sh"
# shellcheck source=../setup/postgres.sh
. "$SETUP/postgres.sh"

BENCH=$REPO/benchmarks
NAME=${PIT_BENCH_PREFIX:-pit_bench}                 # of the databases

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }

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
  key=$(sums "$REPO/$ADDON" "$BENCH/data.py" "$BENCH"/tracking_*.py)
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

OCA_PACKAGE=odoo-addon-account-credit-control==19.0.1.0.0.13
OCA_MODULE=account_credit_control

fetch_oca() { # what it needs of Odoo is here, PyPI has no package of that: without dependencies
  rm -rf "$PIT_HOME/oca"
  "$PYTHON" -m pip install -q --no-deps --target "$PIT_HOME/oca" "$OCA_PACKAGE"
}

overdue_addons() { if [ "$1" = oca ]; then echo "$PIT_HOME/oca/odoo/addons"; else echo "$REPO"; fi; }

overdue_py() { "$PYTHON" "$BENCH/overdue_contestants.py" --config "$(conf "$1" "$2")" "${@:3}"; }

fill_debts() { # fill_debts DATABASE SIZE: the host's modules and the debts, the same for all
  db drop "$1"
  db copy "${NAME}_host" "$1"
  overdue_py "$1" "" fill --instalments "${2%x*}" --customers "${2#*x}"
}

fill_contestant() { # fill_contestant CONTESTANT SIZE MODULE: a copy of the debts, with its add-on
  local name=${NAME}_$1_$2 addons
  addons=$(overdue_addons "$1")
  db drop "$name"
  db copy "${NAME}_debts_$2" "$name"
  odoo server -c "$(conf "$name" "$addons")" -i "$3" --no-http --stop-after-init --log-level=warn
  db installed "$name" "$3"
  overdue_py "$name" "$addons" prepare --contestant "$1"
}

prepare_debts() { # prepare_debts SIZE
  local size=$1 key venv
  venv=$(cat "$PIT_HOME/stamp/venv")
  # of another day: what is late would be later
  key="$(sums "$BENCH/data.py" "$BENCH/overdue_data.py" "$BENCH/tracking_copy.py" "$BENCH/tracking_models.py") $(date +%F) $venv"
  db exists "${NAME}_debts_$size" || forget "db_${NAME}_debts_$size"
  once "db_${NAME}_debts_$size" "$key" "$size: instalments of customers" fill_debts "${NAME}_debts_$size" "$size"
  key+=" $(sums "$BENCH/overdue_contestants.py")"
  db exists "${NAME}_oca_$size" || forget "db_${NAME}_oca_$size"
  once "db_${NAME}_oca_$size" "$key $OCA_PACKAGE" "$size: OCA" fill_contestant oca "$size" "$OCA_MODULE"
  db exists "${NAME}_tracker_$size" || forget "db_${NAME}_tracker_$size"
  once "db_${NAME}_tracker_$size" "$key $(sums "$REPO/$ADDON")" "$size: tracker" fill_contestant tracker "$size" "$ADDON"
}

overdue() {
  local sizes=1000x200,5000x200,5000x2000,20000x200,20000x2000 size options=() name
  while [ $# -gt 0 ]; do
    case $1 in
      --sizes) sizes=$2 && shift 2 ;;
      *) options+=("$1") && shift ;;
    esac
  done
  prepare_host
  export PGOPTIONS="-c max_parallel_workers_per_gather=0"   # see billing
  only_one "$NAME"
  [ -d "$PIT_HOME/oca/odoo/addons/$OCA_MODULE" ] || forget oca
  once oca "$OCA_PACKAGE" "$OCA_PACKAGE from PyPI" fetch_oca
  template "${NAME}_host" "" "$HOST_MODULES"
  for size in ${sizes//,/ }; do prepare_debts "$size"; done
  STEP="benchmark"
  for name in oca tracker; do conf "${NAME}_run_$name" "$(overdue_addons "$name")" >/dev/null; done
  "$PYTHON" "$BENCH/overdue.py" --name "$NAME" --data-dir "$PIT_HOME/data" --conf "$PIT_HOME/conf" --sizes "$sizes" "${options[@]}" ||
    die "the benchmark found a difference or failed (see above)" "the line PROBLEM above names what differs"
}

case "${1:-}" in
  overdue) overdue "${@:2}" ;;
  tracking) tracking "${@:2}" ;;
  billing) billing "${@:2}" ;;
  -h | --help) usage ;;
  *) STEP="arguments"; die "'${1:-}' is unknown" "$(usage)" ;;
esac
