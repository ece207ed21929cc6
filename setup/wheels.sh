#!/bin/bash
# shellcheck disable=SC2034  # read by the scripts that source this; lib.sh sets -e
# The add-ons as wheels. Sourced after host.sh.

WHEELS=$PIT_HOME/wheels

build_wheels() { # one wheel for each add-on of the repository (whool is fetched by pip)
  local manifest
  rm -rf "$WHEELS"
  for manifest in "$REPO"/*/__manifest__.py; do
    "$1" -m pip wheel -q --no-deps --wheel-dir "$WHEELS" "$(dirname "$manifest")"
  done
  ls "$WHEELS"
}

install_wheels() { "$1" -m pip install -q --no-index --no-deps --force-reinstall "$WHEELS"/*.whl; }

check_version() { # Odoo 19 under this Python, and the add-on sees it
  local version
  version=$("$1" -c 'import odoo.release; print(odoo.release.version)' 2>/dev/null) ||
    die "$1 cannot import odoo" "name the Python that runs your Odoo: PIT_ODOO=/path/to/python"
  case $version in 19.0*) ;; *) die "$1 runs Odoo $version, the add-on needs 19.0" "use the add-on's branch for that version" ;; esac
}
