"""Real processes on a database of their own, a copy of the one under test."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event

import odoo.sql_db
from odoo.tests import BaseCase, get_db_name
from odoo.tools import SQL, config

PROCESSES = Path(__file__).parent / "processes"


class Process:
    """A Python program that reads commands, one a line of JSON, and answers each."""

    def __init__(self, name, *args, **kwargs):
        self.process = subprocess.Popen(
            [sys.executable, str(PROCESSES / name), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **kwargs,
        )

    def send(self, task, **values):
        self.process.stdin.write(json.dumps({"task": task, **values}) + "\n")
        self.process.stdin.flush()

    def receive(self):
        """Return the answer; an error in the other process is one here."""
        reply = json.loads(self.process.stdout.readline() or '{"error": "gone"}')
        if "error" in reply:
            raise AssertionError(reply["error"])
        return reply

    def call(self, task, **values):
        self.send(task, **values)
        return self.receive()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Worker(Process):
    """Odoo on the scratch database: ``processes/worker.py``."""

    def __init__(self, database, log):
        names = ("db_host", "db_port", "db_user", "data_dir")
        options = [f"--{name}={config[name]}" for name in names if config[name]]
        options = [option.replace("_dir=", "-dir=") for option in options]
        variables = {"PYTHONPATH": os.pathsep.join(sys.path)}
        if config["db_password"]:
            variables["PGPASSWORD"] = config["db_password"]
        super().__init__(
            "worker.py",
            f"--database={database}",
            *options,
            f"--addons-path={','.join(config['addons_path'])}",
            "--log-level=error",
            "--no-http",
            stderr=log,
            env={
                **{k: v for k, v in os.environ.items() if k != "ODOO_RC"},
                **variables,
            },
        )


class ProcessCase(BaseCase):
    """Two workers; nothing here shares a transaction with the test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = get_db_name()
        cls.database = f"{cls.source}_procs"
        cls._drop_database()
        cls.addClassCleanup(cls._drop_database)
        # nobody may be connected to a database that is copied
        odoo.sql_db.close_db(cls.source)
        cls._administrate(
            SQL(
                "CREATE DATABASE %s TEMPLATE %s",
                SQL.identifier(cls.database),
                SQL.identifier(cls.source),
            )
        )
        log = subprocess.DEVNULL if config["log_level"] != "debug" else None
        cls.workers = [Worker(cls.database, log) for _number in range(2)]
        for worker in cls.workers:
            cls.addClassCleanup(worker.close)
            worker.receive()

    @classmethod
    def _administrate(cls, query):
        with closing(odoo.sql_db.db_connect("postgres").cursor()) as cr:
            cr._cnx.autocommit = True
            cr.execute(query)

    @classmethod
    def _drop_database(cls):
        odoo.sql_db.close_db(cls.database)
        cls._administrate(
            SQL("DROP DATABASE IF EXISTS %s WITH (FORCE)", SQL.identifier(cls.database))
        )
        shutil.rmtree(config.filestore(cls.database), ignore_errors=True)

    def _fetch(self, query, *values):
        with closing(odoo.sql_db.db_connect(self.database).cursor()) as cr:
            cr.execute(query, values)
            return cr.fetchall()

    def _wait_for_the_dead(self):
        """PostgreSQL ends the transaction of a killed process by itself, soon."""
        for _attempt in range(600):
            [(left,)] = self._fetch(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
                " AND state != 'idle' AND pid != pg_backend_pid()",
                self.database,
            )
            if not left:
                return
            Event().wait(0.05)
        raise AssertionError("a transaction of the killed process is still open")
