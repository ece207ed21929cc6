#!/bin/bash
# Stops the private PostgreSQL (it starts again by itself) so that the folder PIT_HOME can be moved or removed.
. "$(dirname "$0")/lib.sh"
. "$SETUP/host.sh"
. "$SETUP/postgres.sh"

folder=$(pg_folder)
if postgres_runs "$folder"; then step postgres_stop "stopping PostgreSQL" pg "$PG_BIN/pg_ctl" -D "$folder/data" stop -m fast; fi
say "everything installed is in: $PIT_HOME $([[ $folder == "$PIT_HOME"* ]] || echo "$folder")"
