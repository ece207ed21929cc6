#!/bin/bash
# Proves the installation for a firm: wheels into a throw-away Python that has Odoo, Odoo started without this
# repository, the add-on activated over the web as the Apps list does, on databases of their own.
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"
. "$SETUP/postgres.sh"
. "$SETUP/wheels.sh"

CLIENT=$PIT_HOME/install_check                 # the firm's Python
SERVER_PID=''

make_client() {
  rm -rf "$CLIENT"
  "$(base_python)" -m venv "$CLIENT"
  "$PYTHON" "$SETUP/python_paths.py" >"$("$CLIENT/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/odoo19.pth"
  check_version "$CLIENT/bin/python"
  install_wheels "$CLIENT/bin/python"
  "$CLIENT/bin/python" -m pip list | grep odoo
}

copy_database() { db drop "$1" && db copy "$2" "$1"; }

stop_server() {
  [ -z "$SERVER_PID" ] || { kill "$SERVER_PID" && wait "$SERVER_PID"; } 2>/dev/null || true
  SERVER_PID=''
}

activate() { # activate DATABASE MODULE...: the last ones come by themselves
  local conf
  PIT_PORT=$(free_port)
  conf=$(conf "$1" "")
  (cd / && exec "$CLIENT/bin/python" -m odoo server -c "$conf" --max-cron-threads=0 --logfile "$PIT_HOME/log/server_$1.log") &
  SERVER_PID=$!
  "$CLIENT/bin/python" "$SETUP/check_install.py" "http://127.0.0.1:$PIT_PORT" "$1" "${@:2}"
  stop_server
}

check_on() { # check_on DATABASE TEMPLATE MODULE...
  only_one "$1"
  rm -f "$PIT_HOME/log/server_$1.log"
  step "copy_$1" "database $1" copy_database "$1" "$2"
  step "activate_$1" "Apps list, Activate ($3)" activate "$1" "${@:3}"
  "$PYTHON" "$SETUP/check_log.py" "$PIT_HOME/log/server_$1.log" >&3 ||
    die "Odoo's log has warnings or errors (above)" "they come from the add-on: mend them"
  db drop "$1"
  done_with
}

trap stop_server EXIT
prepare_host
only_one templates
template pit_host "" "$HOST_MODULES"
template pit_host_sale pit_host sale_timesheet
done_with
step wheels "building the wheels" build_wheels "$PYTHON"
step install_client "installing them into a Python of their own" make_client
check_on pit_install pit_host "$ADDON"
[ ! -e "$REPO/${ADDON}_sale/__manifest__.py" ] || check_on pit_install_sale pit_host_sale "$ADDON" "${ADDON}_sale"
rm -rf "$CLIENT"
say "the wheels install, and Odoo activates them from the Apps list"
