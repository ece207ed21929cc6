from odoo import api, models


class ProjectBillingTermAcceptance(models.AbstractModel):
    """What the customer accepted stands on the invoice: who, when, in which words."""

    _name = "project.billing.term.acceptance"
    _inherit = "project.billing.term"
    _description = "Billing Term: Acceptance"

    @api.model
    def _summarise(self, moves):
        rows = moves._get_rows(
            [
                ("kind", "=", "bill"),
                ("is_live", "=", True),
                ("item_id.acceptance_state", "=", "accepted"),
            ]
        ).filtered(lambda row: row.move_id.move_type == "out_invoice")
        return {
            move: [self._summarise_items(own.item_id)]
            for move, own in rows.grouped("move_id").items()
        }

    @api.model
    def _summarise_items(self, items):
        """Return the block of the items that an invoice bills."""
        rows = []
        for item in items:
            acceptance = item._get_last_answer().with_env(self.env)
            name = f"{item.name}: {acceptance.signer}"
            rows.append((name, acceptance._get_time_text()))
            if acceptance.text:
                rows.append((acceptance.text, ""))
        title = self.env._("Accepted by the customer")
        return {"title": title, "rows": rows, "plain": True}
