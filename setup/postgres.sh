#!/bin/bash
# shellcheck disable=SC2034  # read by the scripts that source this; lib.sh sets -e
# PostgreSQL and the databases. Sourced after host.sh.
# Private: a data folder of our own, reached by a socket in it (no port, nobody else may enter).
# PIT_PG=external: the one that PGHOST, PGPORT, PGUSER, PGPASSWORD name.

pg() { # the server refuses to run as root: then user postgres runs it
  if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@"); else "$@"; fi
}

pg_folder() { # inside PIT_HOME, unless that lies where user postgres may not enter (/root, say)
  if [ "$(id -u)" != 0 ] || pg test -x "$PIT_HOME"; then echo "$PIT_HOME/pg"
  else echo "/var/lib/postgresql/$ADDON-$(printf %s "$PIT_HOME" | sha256sum | cut -c1-8)"; fi
}

init_postgres() {
  local d=$1/data
  if [ -e "$d" ]; then pg "$PG_BIN/pg_ctl" -D "$d" stop -m immediate || true; rm -rf "$d"; fi
  mkdir -p "$1"
  chmod 700 "$1"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$1"; fi
  pg "$PG_BIN/initdb" -D "$d" -U odoo --auth=trust -E UTF8 --locale=C.UTF-8 -N
  pg tee -a "$d/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$1'
shared_buffers = 256MB
# a database for trying out: speed before safety against a power cut
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
}

start_postgres() { # it must keep neither our lock nor the terminal (a pipe would never end)
  pg "$PG_BIN/pg_ctl" -D "$1/data" -l "$1/server.log" -w start 3>&- 9>&- || { tail -n 5 "$1/server.log" && return 1; }
}

postgres_runs() { pg "$PG_BIN/pg_ctl" -D "$1/data" status >/dev/null 2>&1; }

private_postgres() {
  local d
  d=$(pg_folder)
  STEP="PostgreSQL"
  [ ${#d} -le 85 ] || die "the path $d is too long for a socket" "set PIT_HOME to a shorter path"
  pg test -e "$d/data/PG_VERSION" || forget postgres
  once postgres "15 $d" "private PostgreSQL" init_postgres "$d"
  postgres_runs "$d" || step postgres_start "starting PostgreSQL" start_postgres "$d"
  export PGHOST=$d PGPORT=5432 PGUSER=odoo
  unset PGPASSWORD
}

external_postgres() {
  STEP="existing PostgreSQL"
  export PGHOST=${PGHOST:-/var/run/postgresql} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-$(id -un)}
  [ "$PGUSER" != postgres ] ||
    die "Odoo refuses to work as the database user postgres" "create a role that may create databases and name it in PGUSER"
}

prepare_postgres() {
  if own_postgres; then private_postgres; else external_postgres; fi
  db check >&3 || die "PostgreSQL cannot be used (see above)" \
    "check PGHOST, PGPORT, PGUSER, PGPASSWORD; the role needs CREATEDB; PostgreSQL 13 or newer"
}

db() { "$PYTHON" "$SETUP/db.py" --data-dir "$PIT_HOME/data" "$@"; }

conf() { # conf DATABASE [ADDONS_PATH]: writes Odoo's configuration for a database and prints its name
  local file=$PIT_HOME/conf/$1.conf addons=${2-$REPO${PIT_ADDONS_PATH:+,$PIT_ADDONS_PATH}}
  mkdir -p "$PIT_HOME/conf"
  (umask 077 && cat >"$file") <<CONF
[options]
db_name = $1
db_host = $PGHOST
db_port = $PGPORT
db_user = $PGUSER
${PGPASSWORD:+db_password = $PGPASSWORD}
data_dir = $PIT_HOME/data
${addons:+addons_path = $addons}
http_interface = 127.0.0.1
http_port = $PIT_PORT
list_db = False
max_cron_threads = 1
CONF
  echo "$file"
}

install_modules() { # install_modules DATABASE MODULES [OPTION...]
  odoo server -c "$(conf "$1")" -i "$2" "${@:3}" --no-http --stop-after-init --log-level=warn --log-handler=odoo.modules.loading:INFO
  db installed "$1" "$2"
}

build_template() { # build_template NAME FROM MODULES [OPTION...]
  db drop "$1"
  if [ -n "$2" ]; then db copy "$2" "$1"; fi
  install_modules "$1" "${@:3}"
}

template() { # template NAME FROM MODULES [OPTION...]: a database with the host's modules, built once, to be copied
  db exists "$1" || forget "db_$1"
  once "db_$1" "$3 $(cat "$PIT_HOME/stamp/venv")" "template database $1 ($3)" build_template "$@"
}

make_fresh() { # make_fresh NAME TEMPLATE MODULES [OPTION...]
  db drop "$1"
  db copy "$2" "$1"
  install_modules "$1" "${@:3}"
}
