"""What pytest needs to know: the database, its tests, and that a skip is a failure.

Tests carry their marks as Odoo tags (``@tagged("heavy")``), so that Odoo's own runner
sees them too.
"""

import ast
import os
from pathlib import Path

import pytest

ADDON = "project_invoice_tracker"
REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PIT_SHARED") or REPOSITORY.parent / "shared")
HOW = "start the tests with: bash setup/test.sh"


def _installed_versions():
    """``{module: version}`` of the database under test."""
    from odoo.sql_db import db_connect
    from odoo.tests.common import get_db_name

    with db_connect(get_db_name()).cursor() as cr:
        cr.execute(
            "SELECT name, latest_version FROM ir_module_module"
            " WHERE state = 'installed'"
        )
        return dict(cr.fetchall())


def _problem(config, installed):
    """Why no test can run here, in one line, or None."""
    manifest = ast.literal_eval((REPOSITORY / ADDON / "__manifest__.py").read_text())
    if ADDON not in installed:
        return f"{ADDON} is not installed in this database"
    if (version := installed[ADDON]) != manifest["version"]:
        return f"the database has version {version}, the code is {manifest['version']}"
    return None


def pytest_sessionstart(session):
    if not session.config.pluginmanager.hasplugin("odoo"):
        return
    from odoo.tools import config

    if not config["db_name"]:
        pytest.exit(f"no database is configured (ODOO_RC); {HOW}", returncode=4)
    try:
        session.config.pit_installed = _installed_versions()
    except Exception as error:
        pytest.exit(f"the database cannot be read: {error}; {HOW}", returncode=4)
    if problem := _problem(session.config, session.config.pit_installed):
        pytest.exit(f"{problem}; {HOW}", returncode=4)


def _belongs(item, installed):
    """Whether this test can run on this database and machine."""
    if item.get_closest_marker("shared_data") and not SHARED.is_dir():
        return False
    foreign = "no_sale" if "sale_timesheet" in installed else "sale"
    return not item.get_closest_marker(foreign)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    known = {line.split(":")[0] for line in config.getini("markers")}
    for item in items:
        for tag in known & set(getattr(item.cls, "test_tags", None) or ()):
            item.add_marker(tag)
    installed = getattr(config, "pit_installed", {})
    keep = [item for item in items if _belongs(item, installed)]
    gone = [item for item in items if item not in keep]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = keep


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if skipped := terminalreporter.stats.get("skipped"):
        terminalreporter.write_line(
            f"{len(skipped)} skipped: a skipped test is a failure here", red=True
        )
