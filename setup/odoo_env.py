"""An Odoo environment for the scripts of this folder."""

from contextlib import contextmanager

import odoo.api
from odoo.modules.registry import Registry
from odoo.tools import config

# the host's own deprecations are no news here
OPTIONS = ["--log-level=warn", "--log-handler=py.warnings:ERROR"]


@contextmanager
def environment(config_file):
    """Yield an environment of the administrator; commit when the block ends well."""
    config.parse_config(OPTIONS + ["-c", config_file], setup_logging=True)
    [name] = config["db_name"]
    with Registry(name).cursor() as cr:
        root = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
        user = root.ref("base.user_admin")
        yield odoo.api.Environment(cr, user.id, {"lang": user.lang})
