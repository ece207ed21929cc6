#!/bin/bash
# From a fresh clone to invoices: installs what is missing, makes a database, bills its projects, serves Odoo.
#   bash setup/run.sh                 the demo projects, database pit_demo
#   bash setup/run.sh --data DIR      real logs and milestones from the CSV files in DIR, database pit_data
#   bash setup/run.sh --no-serve      stop after the tables
#   bash setup/run.sh --fresh         throw the database away and make it anew
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"
. "$SETUP/postgres.sh"

SERVE=yes FRESH='' DATA='' DB=pit_demo

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0"; }

read_arguments() {
  STEP="arguments"
  while [ $# -gt 0 ]; do
    case $1 in
      --no-serve) SERVE='' ;;
      --fresh) FRESH=yes ;;
      --data)
        [ -d "${2:-}" ] || die "--data needs a folder, '${2:-}' is none" "bash setup/run.sh --data FOLDER"
        DATA=$(realpath "$2") DB=pit_data
        shift
        ;;
      -h | --help) usage; exit 0 ;;
      *) die "'$1' is unknown" "$(usage)" ;;
    esac
    shift
  done
}

check_port() {
  STEP="port $PIT_PORT"
  [ -z "$SERVE" ] || ! port_is_taken "$PIT_PORT" ||
    die "port $PIT_PORT is taken (an earlier run.sh that still serves?)" \
      "stop what listens there, choose another one (PIT_PORT=8070 bash setup/run.sh), or add --no-serve"
}

addon_checksum() { find "$REPO/$ADDON" -type f -not -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16; }

update_addon() { odoo server -c "$(conf "$DB")" -u "$ADDON" --no-http --stop-after-init --log-level=warn; }

make_database() { # built once, and updated when the add-on's files have changed since
  local code from=pit_host_demo demo=--with-demo
  code=$(addon_checksum)
  only_one "$DB"
  if [ -n "$FRESH" ] || ! db exists "$DB"; then forget "db_$DB"; fi
  if [ ! -e "$PIT_HOME/stamp/db_$DB" ]; then
    if [ -n "$DATA" ]; then from=pit_host demo=''; fi
    template "$from" "" "$HOST_MODULES" $demo
    once "db_$DB" made "database $DB" make_fresh "$DB" "$from" "$ADDON" $demo
    db silence "$DB"
    echo "$code" >"$PIT_HOME/stamp/code_$DB"
  fi
  once "code_$DB" "$code" "updating the add-on in $DB" update_addon
  done_with
}

load_data() {
  STEP="loading $DATA"
  "$PYTHON" "$SETUP/load_data.py" --config "$(conf "$DB")" "$DATA" ||
    die "the files in $DATA could not be loaded (see above)" "mend the file that is named, then: bash setup/run.sh --fresh --data DIR"
}

bill() {
  STEP="billing"
  "$PYTHON" "$SETUP/bill.py" --config "$(conf "$DB")" ${DATA:+--monthly CESAW} ||
    die "the billing run failed (see above)" "look at it in Odoo, or make the database anew: bash setup/run.sh --fresh"
}

remind() { # looks only: nothing is sent, and nothing is kept
  STEP="overdue reminders"
  local demo=(--as-sent --ahead 30) # its invoices are young, and were sent to nobody
  [ -z "$DATA" ] || demo=()
  "$PYTHON" "$SETUP/remind.py" --config "$(conf "$DB")" "${demo[@]}" ||
    die "what is overdue could not be looked up (see above)" "look at Overdue customers in Odoo"
}

serve() {
  STEP="serving"
  check_port
  say ""
  say "Odoo: http://localhost:$PIT_PORT   user admin, password admin   (stop: Ctrl-C)"
  db set_url "$DB" "http://127.0.0.1:$PIT_PORT"
  trap - ERR
  exec "$PYTHON" -m odoo server -c "$(conf "$DB")" --log-level=warn --log-handler=py.warnings:ERROR
}

read_arguments "$@"
check_port
prepare_host
make_database
if [ -n "$DATA" ]; then load_data; fi
bill
remind
if [ -n "$SERVE" ]; then serve; fi
