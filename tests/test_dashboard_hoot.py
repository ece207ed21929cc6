"""The dashboard's own tests in JavaScript (Hoot), run in a browser as the host does."""

from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js


@tagged("post_install", "-at_install", "standard")
class TestHoot(HttpCase):
    @no_retry
    def test_components_of_the_addon(self):
        suite = test_js.HOOTCommon._generate_hash(self, "@project_invoice_tracker")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            "",
            login="admin",
            timeout=600,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
