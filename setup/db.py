"""The few things that the scripts do to databases, together with their files.

The server is the one that PGHOST, PGPORT, PGUSER and PGPASSWORD name.
"""

import argparse
import shutil
import sys
from pathlib import Path

import psycopg2
from psycopg2 import sql

OLDEST_POSTGRES = 130000


def connect(name="postgres"):
    connection = psycopg2.connect(dbname=name)
    connection.autocommit = True
    return connection


def ask(query, *values, database="postgres"):
    connection = connect(database)
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


def exists(name):
    return bool(ask("SELECT 1 FROM pg_database WHERE datname = %s", name))


def drop(name, filestore):
    ask(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    shutil.rmtree(filestore / name, ignore_errors=True)


def copy(source, target, filestore):
    identifiers = sql.Identifier(target), sql.Identifier(source)
    ask(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*identifiers))
    if (filestore / source).exists():
        shutil.copytree(filestore / source, filestore / target)


def not_installed(name, modules):
    """Say which of these modules are missing, or nothing."""
    rows = ask(
        "SELECT name FROM ir_module_module WHERE state = 'installed'", database=name
    )
    missing = set(modules.split(",")) - {row[0] for row in rows}
    return f"not installed: {', '.join(sorted(missing))}" if missing else None


def silence(name):
    """Let no queued mail leave a database of examples."""
    ask("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing'", database=name)


def set_url(name, url):
    """Tell Odoo where it is served, so that printing finds its style sheets."""
    query = """
        INSERT INTO ir_config_parameter (key, value) VALUES ('report.url', %s)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
    """
    ask(query, url, database=name)


def check():
    """Say why the server cannot be used, or nothing."""
    try:
        [(version,)] = ask("SELECT current_setting('server_version_num')::int")
        [(may_create,)] = ask(
            "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
    except psycopg2.OperationalError as error:
        return f"no connection: {error}"
    if version < OLDEST_POSTGRES:
        return f"PostgreSQL {version // 10000} is too old, Odoo 19 needs 13"
    return None if may_create else "the role may not create databases"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("what")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    filestore = options.data_dir / "filestore"
    commands = {
        "exists": lambda name: 0 if exists(name) else 1,
        "drop": lambda name: drop(name, filestore),
        "copy": lambda source, target: copy(source, target, filestore),
        "installed": not_installed,
        "silence": silence,
        "set_url": set_url,
        "check": check,
    }
    return commands[options.what](*options.names)


if __name__ == "__main__":
    sys.exit(main())
