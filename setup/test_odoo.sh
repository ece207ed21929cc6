#!/bin/bash
# The same test files by Odoo's own runner, which finds tests only inside an add-on: in a throw-away copy of the
# checkout tests/ is linked into it. Fails on any warning or error in Odoo's log that the host does not make itself.
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"
. "$SETUP/postgres.sh"

DB=pit_test_odoo
COPY=$PIT_HOME/checkout
ODOO_LOG=$PIT_HOME/log/test_odoo.log
export PYTHONPATH=$SETUP PIT_SHARED=${PIT_SHARED:-$REPO/../shared} CI=${CI:-true}

copy_checkout() {
  rm -rf "$COPY"
  mkdir -p "$COPY"
  (cd "$REPO" && git ls-files -z -co --exclude-standard | xargs -0 cp --parents -t "$COPY")
  ln -s ../tests "$COPY/$ADDON/tests"
}

run_tests() {
  local tags=/$ADDON,-heavy,-sale
  [ -d "$PIT_SHARED" ] || tags+=,-shared_data
  db drop "$DB"
  db copy pit_host "$DB"
  rm -f "$ODOO_LOG"
  PIT_PORT=$(free_port)
  odoo server -c "$(conf "$DB" "$COPY")" -i "$ADDON" --test-tags "$tags" --stop-after-init --max-cron-threads=0 \
    --logfile "$ODOO_LOG" || true                    # its log is judged below
}

prepare_host
only_one templates
template pit_host "" "$HOST_MODULES"
done_with
only_one "$DB"
step test_odoo_copy "copy of the checkout" copy_checkout
step test_odoo_run "Odoo's own test runner" run_tests
STEP="Odoo's own test runner"
grep -E 'odoo\.tests\.(result|stats)' "$ODOO_LOG" | tail -n 5 | sed 's/^.* odoo\.tests/  odoo.tests/' >&3
grep -qE '0 failed, 0 error\(s\) of [1-9][0-9]* tests' "$ODOO_LOG" || die "tests failed, or none was found" "read $ODOO_LOG"
"$PYTHON" "$SETUP/check_log.py" "$ODOO_LOG" >&3 || die "Odoo's log has warnings or errors (above)" "mend them, or mute the expected ones in the test"
rm -rf "$COPY"
