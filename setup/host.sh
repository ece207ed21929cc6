#!/bin/bash
# shellcheck disable=SC2034,SC2164  # read by the scripts that source this; lib.sh sets -e
# The host: Odoo 19 from Debian's package, a venv and a private PostgreSQL, all under $PIT_HOME.
# Sourced by the scripts of this folder after lib.sh; the entrance is `prepare_host`.

ODOO_VERSION=19.0.0+dfsg-1
ODOO_SHA256=${PIT_ODOO_SHA256:-9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf}
VENV=$PIT_HOME/venv
PYTHON=$VENV/bin/python
DIST=usr/lib/python3/dist-packages
ODOO_LIB=$PIT_HOME/host/$DIST                     # the folder that holds the package `odoo`
PG_BIN=/usr/lib/postgresql/15/bin
HOST_MODULES=project_account,hr_timesheet,account_debit_note   # what the add-on depends on
export PATH="$PIT_HOME/bin:$PATH"                 # our wkhtmltopdf comes first
export PYTHONPYCACHEPREFIX=$PIT_HOME/pycache PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

own_odoo() { [ -z "${PIT_ODOO:-}" ]; }            # no Odoo was named: we bring one
own_postgres() { [ "${PIT_PG:-private}" != external ]; }

# --- system packages: the only step that needs root ---------------------------------------------

missing_packages() {
  local want=(poppler-utils fonts-roboto-unhinted fonts-noto-color-emoji) p
  command -v chromium google-chrome >/dev/null || want+=(chromium)
  if own_postgres; then want+=(postgresql-15); fi
  "$(base_python)" -c 'import ensurepip, venv' 2>/dev/null || want+=(python3-venv)
  for p in "${want[@]}"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || echo "$p"
  done
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  # no cluster of Debian's own on port 5432: ours is private
  as_root mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.d/no-main.conf
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
}

system_packages() {
  local want
  mapfile -t want < <(missing_packages)
  [ ${#want[@]} -gt 0 ] || return 0
  STEP="system packages"
  command -v apt-get >/dev/null ||
    die "this is not Debian (no apt-get), and these are missing: ${want[*]}" "install their like by hand, or use Debian 12"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing and there is neither root nor sudo: ${want[*]}" \
        "ask an administrator for: apt-get install --no-install-recommends ${want[*]}"
    sudo -v || die "sudo refused" "ask an administrator for: apt-get install --no-install-recommends ${want[*]}"
  fi
  step packages "system packages (${want[*]})" install_packages "${want[@]}"
}

# --- Odoo: fetched from Debian's suite sid, only unpacked, never installed -----------------------

private_apt() { # apt-get with lists of its own: the machine's sources and pins stay as they are
  local a=$PIT_HOME/apt
  apt-get -q -o "Dir::Etc::sourcelist=$a/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$a/lists" \
    -o "Dir::Cache=$a/cache" -o Acquire::Languages=none -o APT::Update::Post-Invoke-Success= -o APT::Update::Error-Mode=any \
    -o "APT::Sandbox::User=$(id -un)" -o Debug::NoLocking=1 -o Acquire::Retries=3 "$@"
}

odoo_deb() { find "$PIT_HOME/dl" -name 'odoo-19_*.deb' -print -quit; }

deb_is_right() { [ "$ODOO_SHA256" = any ] || echo "$ODOO_SHA256  $1" | sha256sum -c --quiet; }

fetch_odoo() {
  local a=$PIT_HOME/apt release mirror deb key=/usr/share/keyrings/debian-archive-keyring.gpg
  mkdir -p "$a/lists/partial" "$a/cache/archives/partial" "$PIT_HOME/dl"
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016  # apt's own variables
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(SUITE)' 'Created-By: Packages' |
    awk -v r="$release" '$2 == r || $3 == r { print $1; exit }')
  [ "$release" = bookworm ] && [ -n "$mirror" ] ||
    die "this set-up knows Debian 12 (bookworm) only; here is '${release:-unknown}'${mirror:+ }" \
      "use Debian 12 with its own apt sources, or name an existing Odoo 19 by PIT_ODOO"
  printf "deb [signed-by=$key] $mirror %s main\n" sid "$release" >"$a/sources.list"
  private_apt update
  cd "$PIT_HOME/dl"
  # the fonts and scripts that Odoo's package links to: bookworm's, since sid's Font Awesome is not Odoo's
  private_apt download fonts-montserrat/sid fonts-font-awesome/"$release" fonts-roboto-unhinted/"$release" \
    fonts-inconsolata/"$release" fonts-ocr-b/"$release" libjs-jquery/"$release" libjs-jquery-form/"$release" \
    libjs-underscore/"$release"
  deb=$(odoo_deb)
  if [ -z "$deb" ] || ! deb_is_right "$deb"; then
    rm -f odoo-19_*.deb
    private_apt download odoo-19/sid ||
      die "Debian's suite sid does not offer odoo-19 now" \
        "put odoo-19_${ODOO_VERSION}_all.deb (Debian's snapshot archive has it) into $PIT_HOME/dl, or name an existing Odoo 19 by PIT_ODOO"
    deb=$(odoo_deb)
  fi
  deb_is_right "$deb" ||
    die "odoo-19 in Debian's sid has changed (it is $(dpkg-deb -f "$deb" Version)); this set-up was checked with $ODOO_VERSION" \
      "put the checked one (Debian's snapshot archive has it) into $PIT_HOME/dl, or accept the new one with PIT_ODOO_SHA256=any"
  cd "$REPO"
}

unpack_odoo() { # without translations (860 MB of 1.2 GB) and without the package's build debris, which Odoo would load
  local o=$ODOO_LIB/odoo stub=addons/mail/static/lib/selfie_segmentation deb
  rm -rf "$PIT_HOME/host"
  mkdir -p "$PIT_HOME/host"
  dpkg-deb --fsys-tarfile "$(odoo_deb)" | tar -x -C "$PIT_HOME/host" --no-same-owner --wildcards --exclude="./$DIST/addons" \
    --exclude="./$DIST/setup" --exclude="./$DIST/doc" --exclude='*/i18n/*.po' --exclude=./usr/share/doc
  for deb in "$PIT_HOME"/dl/fonts-*.deb "$PIT_HOME"/dl/libjs-*.deb; do dpkg-deb -x "$deb" "$PIT_HOME/host"; done
  # removed by Debian as not free, still named in mail's manifest: without it every browser test fails
  mkdir -p "$o/$stub"
  echo '/* not in the Debian package: background blur of video calls */' >"$o/$stub/selfie_segmentation.js"
  [ -z "$(find "$PIT_HOME/host" -xtype l -print -quit)" ] ||
    die "Odoo's package links to files that no package brought" "remove $PIT_HOME/dl and run again"
}

# --- the venv: Odoo's and our Python packages ----------------------------------------------------

base_python() {
  if [ -x "${PIT_ODOO:-}" ] && [ ! -d "${PIT_ODOO:-}" ]; then echo "$PIT_ODOO"
  elif [ -x /usr/bin/python3 ]; then echo /usr/bin/python3
  else command -v python3; fi
}

odoo_paths() { # lines of a .pth file through which the venv finds Odoo
  if own_odoo; then echo "$ODOO_LIB"
  elif [ -d "$PIT_ODOO" ]; then realpath "$PIT_ODOO"
  else "$PIT_ODOO" "$SETUP/python_paths.py"; fi
}

check_odoo() {
  local version
  version=$("$PYTHON" -c 'import odoo.release; print(odoo.release.version)') ||
    die "Odoo cannot be imported${PIT_ODOO:+ by PIT_ODOO=$PIT_ODOO}" \
      "PIT_ODOO names a Python that can 'import odoo', or a folder that holds the package 'odoo'"
  case $version in 19.0*) ;; *) die "this is Odoo $version, the add-on needs 19.0" "name an Odoo 19 by PIT_ODOO, or leave it out" ;; esac
}

make_venv() {
  local wanted=(-r "$REPO/requirements-dev.txt")
  "$(base_python)" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' ||
    die "$(base_python) is $("$(base_python)" --version), Odoo 19 needs 3.10 to 3.13" "install Python 3.11 (Debian 12 has it)"
  rm -rf "$VENV"
  "$(base_python)" -m venv "$VENV"
  if own_odoo || [ -d "$PIT_ODOO" ]; then wanted+=(-r "$REPO/requirements.txt"); fi
  odoo_paths >"$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/odoo19.pth"
  "$PYTHON" -m pip install -q --prefer-binary "${wanted[@]}"
  check_odoo
}

make_wkhtmltopdf() { # Debian's own prints no headers and footers, so Chromium prints under its name
  mkdir -p "$PIT_HOME/bin"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$PYTHON" "$SETUP/wkhtmltopdf.py" >"$PIT_HOME/bin/wkhtmltopdf"
  chmod +x "$PIT_HOME/bin/wkhtmltopdf"
}

odoo() { "$PYTHON" -m odoo "$@"; }

# --- the whole ------------------------------------------------------------------------------------

prepare_host() {
  mkdir -p "$PIT_HOME" 2>/dev/null || die "$PIT_HOME cannot be made" "set PIT_HOME to a folder of yours"
  only_one host
  [ -x "$PYTHON" ] || need_space 3000
  system_packages
  if own_odoo; then
    [ -e "$ODOO_LIB/odoo/release.py" ] || forget odoo_unpacked
    [ -n "$(odoo_deb 2>/dev/null)" ] || [ -e "$PIT_HOME/stamp/odoo_unpacked" ] || forget odoo_fetched
    once odoo_fetched "$ODOO_SHA256" "Odoo $ODOO_VERSION from Debian (130 MB)" fetch_odoo
    once odoo_unpacked "$ODOO_SHA256" "unpacking Odoo" unpack_odoo
  fi
  [ -x "$PYTHON" ] || forget venv
  once venv "$(base_python) ${PIT_ODOO:-own} $(checksum "$REPO/requirements.txt" "$REPO/requirements-dev.txt")" \
    "Python packages" make_venv
  make_wkhtmltopdf
  prepare_postgres
  say "host ready: $PIT_HOME"
  done_with
}
