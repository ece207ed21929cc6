import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import split_every

BATCH_SIZE = 200  # invoices per savepoint
FAILURE_ACTIVITY = "mail.mail_activity_data_warning"


class BillingRunMixin(models.AbstractModel):
    """What runs have in common: propose, execute in batches, resume, history.

    A run is a set of stored lines; a killed run resumes from them. An error stops
    one document, never the run: the batch is undone and tried one by one, and what
    fails is listed with its reason. Serialization failures are never swallowed: the
    caller (host) repeats the whole transaction.
    """

    _name = "billing.run.mixin"
    _description = "Billing Run"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    # fields that only buttons and jobs write
    _own_fields = frozenset({"error", "is_scheduled", "state", "user_id"})

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        index=True,
    )
    state = fields.Selection(
        [
            ("draft", "New"),
            ("proposed", "To review"),
            ("running", "Running"),
            ("done", "Done"),
            ("undone", "Undone"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,  # who copies a run makes it
    )
    is_scheduled = fields.Boolean(readonly=True, copy=False)
    error = fields.Text(
        readonly=True,
        copy=False,
        help="What stopped the scheduled job. It tries again by itself.",
    )

    @api.model
    def _default_date(self):
        return self.env.company._get_billing_today()

    # -- CRUD: state and history belong to the buttons -------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_input(vals)
        runs = super().create(vals_list)
        for run in runs:
            # a default, of the context or the user's own, is an input as well
            if run.state != "draft" or run.is_scheduled:
                run._check_input({"state": run.state})
        return runs

    def write(self, vals):
        self._check_input(vals)
        return super().write(vals)

    def _check_input(self, vals):
        """Refuse what a user may not write directly.

        :raise AccessError: state or history of a run in ``vals``
        """
        if not self.env.su and vals.keys() & self._own_fields:
            raise AccessError(
                self.env._("State and history of a run are set by its buttons only.")
            )

    # -- batches ---------------------------------------------------------------------

    @api.model
    def _run_in_batches(self, units, action, on_error):
        """Call ``action`` on batches of ``units``, each in a savepoint.

        :param units: list; one unit makes one document
        :param action: called with a list of units
        :param on_error: called with (unit, error) for a unit that fails alone
        :return: number of units done
        """
        done = 0
        for batch in split_every(BATCH_SIZE, units, list):
            if self._try_batch(batch, action) is None:
                done += len(batch)
                continue
            for unit in batch:
                error = self._try_batch([unit], action)
                if error is None:
                    done += 1
                else:
                    on_error(unit, error)
        return done

    @api.model
    def _try_batch(self, batch, action):
        """Return None, or the error that undid the batch."""
        try:
            with self.env.cr.savepoint():
                action(batch)
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except psycopg2.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 any failure is the document's
            self.env.invalidate_all()
            return error
        return None

    # -- failures of the scheduled job -----------------------------------------------

    def _note_failure(self, error):
        """Keep what stopped the job on the run and tell the person responsible, once.

        Called after the failed work was undone, in the transaction that goes on: the
        note stays. A job that fails again changes no more than the text.
        """
        self.ensure_one()
        run = self.sudo()
        is_new = not run.error
        text = run._explain_error(error)
        if run.error != text:
            run.error = text
        if not is_new:
            return
        run._message_log(body=run.env._("The scheduled job stopped: %s", text))
        user = run._get_responsible()
        if user:
            # in the list of activities; no mail leaves for it
            run.with_context(
                mail_activity_quick_update=True, lang=user.lang
            ).activity_schedule(
                FAILURE_ACTIVITY,
                user_id=user.id,
                summary=run.with_context(lang=user.lang).env._("Billing has stopped"),
                note=text,
            )

    def _clear_failure(self):
        """The job got through: nothing is left to do for the person responsible."""
        for run in self.sudo().filtered("error"):
            run.error = False
            feedback = run.env._("The scheduled job got through.")
            run.activity_feedback([FAILURE_ACTIVITY], feedback=feedback)

    def _get_responsible(self):
        """Return the user who is told: who made the run, else the company's, or none.

        Never OdooBot, nor somebody who may not read the run (any more).
        """
        self.ensure_one()
        users = self.user_id | self.company_id.billing_schedule_user_id
        return (users - self.env.ref("base.user_root")).filtered(
            lambda user: (
                user.active
                and user._is_internal()
                and self.with_user(user).has_access("read")
            )
        )[:1]

    @api.model
    def _explain_error(self, error):
        """Return a text of an error that people can act on."""
        if not isinstance(error, psycopg2.IntegrityError):
            return str(error) or type(error).__name__
        if (error.diag.constraint_name or "").endswith("_not_billed_twice"):
            return self.env._(
                "Billed or changed by somebody else meanwhile. Propose again."
            )
        return self._get_table_model(error)._sql_error_to_message(error)

    @api.model
    def _get_table_model(self, error):
        """Return the model whose table refused a row: it knows its constraints."""
        table = error.diag.table_name
        names = (m._name for m in self.pool.values() if m._table == table)
        return self.env[next(names, "base")]
