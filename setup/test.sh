#!/bin/bash
# All tests by pytest, on the real host.
#   bash setup/test.sh                       everything: without Sales (pit_test) and with it (pit_test_sale)
#   bash setup/test.sh -k milestone -x       arguments go to pytest, then on one database only
#   PIT_DB=pit_test_sale bash setup/test.sh -k sale
# A skipped test is a failure. Tests tagged `heavy` run on pit_test only, the longest, `alone`, on a database of its
# own after those with Sales, so that two cores are busy to the end; tests tagged `shared_data` need the
# folder PIT_SHARED (default: ../shared beside the repository) and are left out where there is none.
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"
. "$SETUP/postgres.sh"

BRIDGE=${ADDON}_sale

run_pytest() { # run_pytest DATABASE [ARGUMENT...]; without a path among the arguments: all tests
  local where=("$REPO/tests") argument
  for argument in "${@:2}"; do
    case ${argument%%::*} in *.py | */) where=() ;; esac
  done
  HYPOTHESIS_STORAGE_DIRECTORY=$PIT_HOME/hypothesis ODOO_RC=$(conf "$1") \
    "$PYTHON" -m pytest -c "$REPO/tests/pytest.ini" -o "cache_dir=$PIT_HOME/pytest_cache" "${@:2}" "${where[@]}"
}

test_on() { # test_on DATABASE TEMPLATE MODULES [ARGUMENT...]
  PIT_PORT=$(free_port)                              # tours need a server of their own
  only_one "$1"
  step "install_$1" "installing $3 into $1" make_fresh "$1" "$2" "$3"
  STEP="tests on $1"
  say "== tests on $1"
  run_pytest "$1" "${@:4}" || FAILED+=("$1")
  done_with
}

without_sales() { test_on pit_test pit_host "$ADDON" "$@"; }

with_sales() {
  local modules=$ADDON
  [ ! -e "$REPO/$BRIDGE/__manifest__.py" ] || modules+=,$BRIDGE
  test_on pit_test_sale pit_host_sale "$modules" "$@"
}

both() { # at the same time: the machine has more than one core
  local log=$PIT_HOME/log/tests_with_sales.log
  say "== with Sales at the same time; what that prints follows at the end"
  (with_sales -m "not heavy" && test_on pit_test_alone pit_host "$ADDON" -m alone && [ ${#FAILED[@]} = 0 ]) \
    >"$log" 2>&1 3>&1 &
  local sales=$!
  without_sales -m "not alone"
  wait "$sales" || FAILED+=(pit_test_sale)
  cat "$log"
}

FAILED=()
export PIT_SHARED=${PIT_SHARED:-$REPO/../shared}
export CI=${CI:-true}                                # hypothesis tries the same examples each time
prepare_host
only_one templates
template pit_host "" "$HOST_MODULES"
template pit_host_sale pit_host sale_timesheet
done_with
cd "$REPO"
case "${PIT_DB:-}:$#" in
  :0) both ;;
  :* | pit_test:*) without_sales "$@" ;;
  pit_test_sale:*) with_sales "$@" ;;
  *) STEP="choice of the database"; die "PIT_DB=$PIT_DB is unknown" "use pit_test or pit_test_sale" ;;
esac
[ ${#FAILED[@]} = 0 ] || { say "TESTS FAILED on: ${FAILED[*]}"; exit 1; }
say "all tests passed"
