#!/bin/bash
# shellcheck disable=SC2034  # read by the scripts that source this; lib.sh sets -e
# Shared by the scripts of this folder: where things live, how a step runs, how a failure reads.
set -Eeuo pipefail
umask 022

SETUP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(dirname "$SETUP")
ADDON=project_invoice_tracker
PIT_HOME=$(realpath -m "${PIT_HOME:-${XDG_DATA_HOME:-${HOME:-/root}/.local/share}/$ADDON}")
PIT_PORT=${PIT_PORT:-8069}
STEP="start"
LOG=/dev/null
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$REPO   # another user's clone is fine
exec 3>&2                        # the user's terminal, also while a step writes into its log

say() { printf '%s\n' "$*" >&3; }

die() { # die WHY WHAT_TO_DO: the one way to fail
  trap - ERR
  printf '\n\nFAILED at step: %s\n  why: %s\n  do:  %s\n' "$STEP" "$1" "$2" >&3
  [ "$LOG" = /dev/null ] || printf '  log: %s\n' "$LOG" >&3
  exit 1
}

explain() { # what the step's log says, as WHY and WHAT_TO_DO on two lines
  if grep -qiE 'no space left|disk full' "$LOG" || [ "$(free_space)" -lt 50 ] 2>/dev/null; then
    printf '%s\n' "the disk is full" "free some space, or set PIT_HOME to a folder on a larger disk, and run again"
  elif grep -qi 'certificate.verify.failed' "$LOG"; then
    printf '%s\n' "the certificate of a server is not trusted here" \
      "put your firm's CA into /usr/local/share/ca-certificates, run update-ca-certificates, and run again"
  elif grep -qiE 'temporary failure|could not resolve|unreachable|timed out|connection refused|failed to fetch|NewConnectionError' "$LOG"; then
    printf '%s\n' "a server cannot be reached" "check the network (proxy, apt sources, pip index) and run again; finished steps are kept"
  elif grep -qiE 'unable to locate package|no matching distribution|has no installation candidate|No candidate' "$LOG"; then
    printf '%s\n' "a package is no longer offered by this machine's sources" \
      "run 'apt-get update', check the apt sources and the pip index; the log names the package"
  else
    printf '%s\n' "a command failed; its last lines are above" "mend what they name and run again; finished steps are kept"
  fi
}

on_error() {
  local code=$? why=()
  trap - ERR
  [ "$BASH_SUBSHELL" = 0 ] || exit "$code"
  printf '\n' >&3
  if [ -s "$LOG" ]; then tail -n 20 "$LOG" >&3; fi
  mapfile -t why < <(explain)
  die "${why[0]}" "${why[1]}"
}
trap on_error ERR

step() { # step NAME TITLE COMMAND...: runs the command with its output in a log, and says how long it took
  local started=$SECONDS
  STEP=$2 LOG=$PIT_HOME/log/$1.log
  mkdir -p "$PIT_HOME/log"
  : >"$LOG"
  printf '%s ... ' "$2" >&3
  "${@:3}" >>"$LOG" 2>&1 </dev/null
  say "$((SECONDS - started)) s"
  STEP="after: $2" LOG=/dev/null
}

once() { # once NAME KEY TITLE COMMAND...: a step that is done again only when KEY differs
  local stamp=$PIT_HOME/stamp/$1
  [ "$(cat "$stamp" 2>/dev/null || true)" != "$2" ] || return 0
  rm -f "$stamp"
  step "$1" "${@:3}"
  mkdir -p "$PIT_HOME/stamp"
  printf '%s\n' "$2" >"$stamp"
}

forget() { # forget NAME...: these steps are to be done again
  local name
  for name in "$@"; do rm -f "$PIT_HOME/stamp/$name"; done
}

checksum() { cat "$@" | sha256sum | cut -c1-16; }

only_one() { # only_one NAME: waits until no other script works on NAME
  mkdir -p "$PIT_HOME/lock" || die "$PIT_HOME cannot be written" "set PIT_HOME to a folder of yours"
  exec 9>"$PIT_HOME/lock/$1"
  flock -n 9 || { say "another run works on $1: waiting for it"; flock 9; }
}

done_with() { flock -u 9; }

free_space() { df -Pm "$PIT_HOME" 2>/dev/null | awk 'NR == 2 { print $4 }'; }   # megabytes

need_space() { # need_space MEGABYTES
  local free
  STEP="free space"
  free=$(free_space)
  [ "$free" -ge "$1" ] ||
    die "only $free MB are free at $PIT_HOME, $1 MB are needed" "free some space, or set PIT_HOME to a folder on a larger disk"
}

port_is_taken() { (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
