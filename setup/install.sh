#!/bin/bash
# For a firm that runs Odoo 19: builds the add-on's wheel and puts it into that Odoo's Python.
#   PIT_ODOO=/path/to/odoo/venv/bin/python bash setup/install.sh
# Then restart Odoo; Apps > Update Apps List; search "Project Invoice Tracker"; Activate.
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"
. "$SETUP/wheels.sh"

STEP="arguments"
[ -x "${PIT_ODOO:-}" ] || die "PIT_ODOO names no Python" "PIT_ODOO=/path/to/odoo/venv/bin/python bash setup/install.sh"
STEP="version"
check_version "$PIT_ODOO"
step wheels "building the wheels" build_wheels "$PIT_ODOO"
step install_wheels "installing them for $PIT_ODOO" install_wheels "$PIT_ODOO"
say "Restart Odoo, then: Apps > Update Apps List > Project Invoice Tracker > Activate"
