"""One document, project and rule of each kind, made by the host: what is copied."""

from datetime import date

from tracking_copy import Copier
from tracking_size import MANAGERS, PRICE

KINDS = ("sale", "purchase")  # of taxes


class Models(Copier):
    """Models, made by the host."""

    def _set_outstanding_account(self):
        """Let payments make journal entries at once, as a reconciled bank would."""
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.env.company.id)], limit=1
        )
        methods = journal.inbound_payment_method_line_ids
        methods |= journal.outbound_payment_method_line_ids
        methods.payment_account_id = journal.default_account_id

    def _make_models(self):
        env = self.env
        managers = env["res.users"].create(
            [
                {
                    "name": f"Manager {number}",
                    "login": f"manager{number}",
                    "group_ids": [(4, env.ref("project.group_project_user").id)],
                }
                for number in range(MANAGERS)
            ]
        )
        partner = env["res.partner"].create({"name": "Customer", "is_company": True})
        project = env["project.project"].create(
            {
                "name": "Project",
                "partner_id": partner.id,
                "company_id": env.company.id,
                "user_id": env.uid,
                "allow_timesheets": True,
                "allow_milestones": True,
            }
        )
        task = env["project.task"].create({"name": "Work", "project_id": project.id})
        time, parts, progress = self._make_rules(project)
        half = env["account.payment.term"].create(
            {
                "name": "30 % at once, 70 % after 30 days",
                "line_ids": [
                    (0, 0, {"value": "percent", "value_amount": 30, "nb_days": 0}),
                    (0, 0, {"value": "percent", "value_amount": 70, "nb_days": 30}),
                ],
            }
        )
        whole = env.ref("account.account_payment_term_30days")
        return {
            "managers": managers,
            "partner": partner,
            "project": project,
            "task": task,
            "time": time,
            "items": parts.item_ids | progress.item_ids,
            "rules": time | parts | progress,
            "invoice": self._make_document("out_invoice", project, whole),
            "split": self._make_document("out_invoice", project, half),
            "bill": self._make_document("in_invoice", project, whole),
        }

    def _make_rules(self, project):
        common = {"project_id": project.id, "bill_from": date(2000, 1, 1)}
        rules = self.env["project.billing.rule"].create(
            [
                {**common, "billing_type": "timesheet", "price": PRICE},
                {**common, "billing_type": "milestone", "sequence": 20},
                {**common, "billing_type": "progress", "sequence": 30},
            ]
        )
        item = {"trigger": "date", "date_planned": date.today(), "amount": 3000}
        names = (("Design", 1), ("Build", 1), ("Launch", 1), ("Site", 2))
        self.env["project.billing.item"].create(
            [
                {**item, "name": name, "rule_id": rules[place].id, "sequence": number}
                for number, (name, place) in enumerate(names, 1)
            ]
        )
        rules[2].item_ids.progress_percentage = 40
        return rules

    def _make_document(self, move_type, project, term):
        """Return a posted document of 100 net, and its payment where it is paid."""
        line = {"name": "Work", "price_unit": PRICE, "quantity": 1}
        line["analytic_distribution"] = {str(project.account_id.id): 100}
        sale, purchase = (self.env.company[f"account_{kind}_tax_id"] for kind in KINDS)
        line["tax_ids"] = (sale if move_type == "out_invoice" else purchase).ids
        move = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": project.partner_id.id,
                "invoice_date": date.today(),
                "date": date.today(),
                "invoice_payment_term_id": term.id,
                "invoice_line_ids": [(0, 0, line)],
            }
        )
        move.action_post()
        return move

    def _pay(self, move):
        payments = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        payment = payments.create({"payment_date": date.today()})._create_payments()
        if not payment.move_id:
            raise RuntimeError("payments make no journal entries")
        return payment.move_id
