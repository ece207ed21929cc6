#!/bin/bash
# All linters, in a venv of their own.   bash setup/lint.sh [--fix]
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"

LINT=$PIT_HOME/lint
FAILED=()

make_lint_venv() {
  rm -rf "$LINT"
  "$(base_python)" -m venv "$LINT"
  "$LINT/bin/python" -m pip install -q -r "$SETUP/requirements-lint.txt"
}

check() { # check NAME COMMAND...
  STEP="lint: $1"
  "${@:2}" || FAILED+=("$1")
}

addons() { local m; for m in */__manifest__.py; do dirname "$m"; done; }

system_packages
mkdir -p "$PIT_HOME"
only_one lint
[ -x "$LINT/bin/ruff" ] || forget lint
once lint "$(base_python) $(checksum "$SETUP/requirements-lint.txt")" "linters" make_lint_venv
cd "$REPO"
export PATH="$LINT/bin:$PATH" RUFF_CACHE_DIR=$PIT_HOME/ruff_cache PYLINTHOME=$PIT_HOME/pylint
mapfile -t ADDONS < <(addons)
if [ "${1:-}" = --fix ]; then
  ruff check -q --fix . || true
  ruff format -q .
fi
check ruff ruff check -q --output-format concise .
check "ruff format" ruff format -q --check --output-format concise .
check pylint-odoo pylint "${ADDONS[@]}" tests
check oca-checks oca-checks-odoo-module "${ADDONS[@]}"
check shellcheck shellcheck -x -P SCRIPTDIR setup/*.sh .ci/run
[ ${#FAILED[@]} = 0 ] || { say "LINT FAILED: ${FAILED[*]}"; exit 1; }
say "lint is clean"
