from odoo import api, fields, models

from ..tools.check import build_check_query
from ..tools.tracker import UNPAID

KINDS = [
    ("receivable", "Open amounts and journal items"),
    ("stages", "Stages and worth of a rule"),
    ("instalment", "Shares of an instalment"),
    ("project", "Shares of a document"),
    ("line", "Invoice line and ledger"),
    ("state", "Ledger row and state of its document"),
    ("entry", "Hours of an entry and ledger"),
    ("item", "Amount of an item and ledger"),
    ("plan", "Contract and items of a rule"),
    ("account", "Analytic account of several projects"),
    ("stray", "Open entry without invoice or partner"),
]
# nothing is wrong, but somebody should know
NOTICES = ("plan", "account", "stray")
SHARES = ("instalment", "project")
NAMED = 3  # documents that a row names


class ProjectBillingCheck(models.Model):
    """Where the tracker and the books disagree; empty when all is well.

    One row for each difference, with its documents. Two sentences of conservation hold
    everything together: by company and partner, *open* and *overdue* of the tracker
    are what the journal items leave open (gross); by billing rule, all stages are
    contract, changes and extras (net). The other kinds say where a difference comes
    from, or what belongs to no project. ``expected`` is what the books say, ``found``
    what the tracker shows, in ``currency_id``, or hours where there is none.

    The open amounts are those of today or of ``billing_tracker_date`` of the context;
    all else has no history and stands as it is now.
    """

    _name = "project.billing.check"
    _description = "Check of Tracker and Books"
    _auto = False
    _order = "severity, kind, company_id, id"
    _rec_name = "subject"

    kind = fields.Selection(KINDS, string="What differs", readonly=True)
    severity = fields.Selection(
        [("difference", "Difference"), ("notice", "To know")], readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    project_id = fields.Many2one("project.project", readonly=True)
    rule_id = fields.Many2one("project.billing.rule", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    item_id = fields.Many2one("project.billing.item", readonly=True)
    analytic_line_id = fields.Many2one(
        "account.analytic.line", string="Entry", readonly=True
    )
    account_id = fields.Many2one("account.analytic.account", readonly=True)
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal item", readonly=True
    )
    is_payable = fields.Boolean(string="To pay", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    unit = fields.Char(compute="_compute_unit", help="Currency, or h for hours.")
    expected = fields.Float(
        string="Books",
        digits=(16, 2),
        readonly=True,
        aggregator=None,
        help="What journal items, invoice lines or rows of the ledger come to.",
    )
    found = fields.Float(
        string="Tracker",
        digits=(16, 2),
        readonly=True,
        aggregator=None,
        help="What the tracker shows, or the total that it reads.",
    )
    difference = fields.Float(digits=(16, 2), readonly=True, aggregator=None)
    document_ids = fields.Json(readonly=True)
    document_count = fields.Integer(string="Number of documents", readonly=True)
    document_names = fields.Char(compute="_compute_document_names", string="Documents")
    subject = fields.Char(compute="_compute_subject", string="About")
    explanation = fields.Char(compute="_compute_explanation", string="What to do")

    @property
    def _table_query(self):
        for model in ("account.analytic.account", "account.account"):
            self.env[model].flush_model()
        tracker = self.env["project.billing.tracker"]
        day = self.env.context.get("billing_tracker_date")
        today = tracker.with_context(billing_tracker_date=False)
        return build_check_query(
            days=tracker._get_days(day),
            now=tracker._get_days(),
            facts=today._build_query(),
            day_facts=tracker._build_query(parts=UNPAID) if day else None,
            rooms=self._get_fixed_rooms(),
            prepaid=today._get_prepaid(),
            notices=NOTICES,
        )

    @api.model
    def _get_fixed_rooms(self):
        """Return ``[(billing type, kinds of items)]`` of types that sell one price."""
        rule = self.env["project.billing.rule"]
        rooms = self.env["project.project"]._get_billing_rooms()
        return [
            (key, kinds)
            for key, claims_time, kinds in rooms
            if not claims_time and kinds and rule._get_room(key)._has_plain_contract
        ]

    # -- words -----------------------------------------------------------------------

    @api.depends("currency_id")
    def _compute_unit(self):
        for row in self:
            row.unit = row.currency_id.name or self.env._("h")

    @api.depends("document_ids")
    def _compute_document_names(self):
        moves = self._get_documents(NAMED)
        for row in self:
            ids = (row.document_ids or [])[:NAMED]
            names = moves.browse(ids).mapped("display_name")
            more = row.document_count - len(names)
            if more > 0:
                names.append(self.env._("%s more", more))
            row.document_names = ", ".join(names)

    def _get_documents(self, most=None):
        """Return the documents of these rows, whoever asks."""
        ids = {key for row in self for key in (row.document_ids or [])[:most]}
        return self.env["account.move"].sudo().browse(ids).exists()

    @api.depends("kind")
    def _compute_subject(self):
        empty = {
            "receivable": self.env._("Without partner"),
            "stray": self.env._("Without partner"),
            "project": self.env._("Without project"),
        }
        for row in self:
            record = row.sudo()._get_subject()
            row.subject = record.display_name or empty.get(row.kind)

    def _get_subject(self):
        """Return the record that the row is about."""
        self.ensure_one()
        names = {
            "stages": "rule_id",
            "plan": "rule_id",
            "project": "project_id",
            "account": "account_id",
            "entry": "analytic_line_id",
            "item": "item_id",
            "line": "move_line_id",
            "state": "rule_id",
        }
        return self[names.get(self.kind, "partner_id")]

    @api.depends("kind")
    def _compute_explanation(self):
        texts = self._get_explanations()
        for row in self:
            row.explanation = texts.get(row.kind)

    @api.model
    def _get_explanations(self):
        """Return ``{kind: what it means and what to do}``."""
        return {
            "receivable": self.env._(
                "What is open by the journal items and their matches is not what the "
                "tracker shows for this partner. Open the documents; where shares "
                "differ too, write them again."
            ),
            "stages": self.env._(
                "The stages of this rule do not add up to its contract, changes and "
                "extras. Look for a row about its documents, items or entries: that "
                "is the cause."
            ),
            "instalment": self.env._(
                "The parts of projects in this instalment do not sum to it. Write the "
                "shares again."
            ),
            "project": self.env._(
                "The document's lines give this project another amount than its "
                "shares. Write the shares again."
            ),
            "line": self.env._(
                "The invoice line shows another amount than the work that the ledger "
                "has on it. Reset the document to draft and save the line again."
            ),
            "state": self.env._(
                "This work counts as billed although its document does not count, or "
                "the other way round. Reset the document to draft and post it again."
            ),
            "entry": self.env._(
                "Billed or written-off hours of this entry are not those of its rows "
                "in the ledger. It was changed outside of this app: tell your "
                "administrator before it is billed."
            ),
            "item": self.env._(
                "What is billed, written off or drawn of this item is not what its "
                "rows in the ledger say. It was changed outside of this app: tell "
                "your administrator before it is billed."
            ),
            "plan": self.env._(
                "The items do not come to the contract amount: the rest stands in no "
                "stage. Add an item for the rest, or change the amount."
            ),
            "account": self.env._(
                "Several projects have this analytic account, so what is typed for it "
                "belongs to none of them. Give each project an account of its own."
            ),
            "stray": self.env._(
                "Typed by hand, or without a partner: it is in the total, but on no "
                "invoice and in no project. Match it with its invoice."
            ),
        }

    # -- buttons ---------------------------------------------------------------------

    def action_open_documents(self):
        """Button: open the documents; where there are none, what the row is about."""
        self.ensure_one()
        ids = self.document_ids or []
        if not ids:
            return self._open_subject()
        return {
            "type": "ir.actions.act_window",
            "name": self.subject,
            "res_model": "account.move",
            "views": [(False, "form")] if len(ids) == 1 else self._get_views(),
            "res_id": ids[0] if len(ids) == 1 else False,
            "domain": [("id", "in", ids)],
            "context": {"create": False},
        }

    @api.model
    def _get_views(self):
        return [(False, "list"), (False, "form")]

    def action_open_subject(self):
        """Button: open the rule, project, partner, entry or item of the row."""
        self.ensure_one()
        return self._open_subject()

    def _open_subject(self):
        action = {"type": "ir.actions.act_window", "name": self.subject}
        if self.kind == "account":
            return {
                **action,
                "res_model": "project.project",
                "views": self._get_views(),
                "domain": [("account_id", "=", self.account_id.id)],
            }
        record = self._get_subject() or self.move_line_id
        return {
            **action,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    def action_write_shares(self):
        """Button: write the shares of the rows' documents again, from their lines.

        Changes no document; what the tracker shows of them follows their lines.
        """
        self.check_access("read")
        moves = self.filtered(lambda row: row.kind in SHARES)._get_documents()
        self.env["project.billing.share"].sudo()._rebuild(moves)
        self.invalidate_model()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
