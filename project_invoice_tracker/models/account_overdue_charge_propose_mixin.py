from odoo import api, models
from odoo.tools import SQL, format_date, ormcache

from ..reasons_charge import get_charge_reason
from ..tools.charges import Charged, Instalment, Proposal, compute_interest
from ..tools.charges_query import INSTALMENTS, PAID_INTEREST, PAID_LATE, PAYMENTS
from ..tools.interest import UnknownRateError, round_money, to_fraction
from ..tools.statutes import get_compensation

# what is charged once, whatever the days
FLAT = ("fee", "compensation")


class MissingExchangeRateError(LookupError):
    """No exchange rate of a currency (named) is known on the day of a charge."""


class AccountOverdueChargeProposeMixin(models.AbstractModel):
    """What a level would charge for instalments; it reads only, set-wise."""

    _name = "account.overdue.charge.propose.mixin"
    _description = "Proposals of Late Fees"

    @api.model
    def _propose(self, lines, level, date):
        """Return what ``level`` charges for instalments up to ``date``; writes nothing.

        :param lines: account.move.line, receivable lines of the instalments, paid or
            open: interest is due until the day of payment, also after it
        :param level: one account.overdue.level
        :param date: day of the charge, the last one that bears interest
        :return: ``[Proposal]``, one for each instalment by move and due date; those
            that charge nothing have a ``reason``
        """
        own = lines.filtered(lambda line: line.company_id == level.company_id)
        instalments = self._read_instalments(own, date)
        found = {instalment.key for instalment in instalments}
        proposals = self._propose_instalments(instalments, level, date)
        for key in {(line.move_id, line.date_maturity) for line in lines}:
            move, maturity = key
            if (move.id, maturity) not in found:
                other = Proposal(
                    move.id,
                    maturity,
                    level.id,
                    move.company_id.id,
                    move.currency_id.id,
                    date,
                )
                proposals.append(self._skip(other, "not_chargeable"))
        return sorted(proposals, key=lambda x: (x.move_id, x.date_maturity or date))

    @api.model
    def _propose_instalments(self, instalments, level, date):
        terms = level._get_interest_terms()
        rates = self._get_interest_rates(instalments, terms)
        return [
            self._propose_one(instalment, level, terms, rates, date)
            for instalment in instalments
        ]

    @api.model
    def _skip(self, proposal, code, detail=""):
        proposal.reason = code
        proposal.message = get_charge_reason(self.env, code, detail)
        return proposal

    @api.model
    def _get_paid_late_lines(self, company, date_start):
        """Return instalments that are paid, but were paid late: interest is due.

        What was due before ``date_start``, our own fees, and what was charged up to
        the payment are left out.

        :return: account.move.line, the first due first, for ``_propose``
        """
        self.env.flush_all()
        query = SQL(PAID_LATE, company.id, date_start)
        ids = [id_ for (id_,) in self.env.execute_query(query)]
        return self.env["account.move.line"].browse(ids)

    # -- reading ---------------------------------------------------------------------

    @api.model
    def _read_instalments(self, lines, date):
        """Return ``[Instalment]`` of receivable lines, with payments and charges."""
        self.env.flush_all()
        instalments = {}
        query = SQL(INSTALMENTS, lines.ids)
        for *names, amount, is_only in self.env.execute_query(query):
            instalment = Instalment(*names, float(amount), is_only)
            instalments[instalment.key] = instalment
        all_ids = [id_ for one in instalments.values() for id_ in one.line_ids]
        self._add_days(instalments, "payments", SQL(PAYMENTS, all_ids, date))
        self._add_charges(instalments)
        moves = [one.move_id for one in instalments.values() if one.charges]
        if moves:
            paid = SQL(PAID_INTEREST, moves, date)
            self._add_days(instalments, "paid_interest", paid)
        return list(instalments.values())

    @api.model
    def _add_days(self, instalments, name, query):
        for move, maturity, day, amount in self.env.execute_query(query):
            if instalment := instalments.get((move, maturity)):
                getattr(instalment, name).append((day, float(amount)))

    @api.model
    def _add_charges(self, instalments):
        # those of a due date that was moved belong to the instalment of today
        only = {one.move_id: one for one in instalments.values() if one.is_only}
        moves = {move for move, _maturity in instalments}
        charges = self.env["account.overdue.charge"].sudo()
        for charge in charges.search_fetch(
            [("move_id", "in", list(moves)), ("state", "!=", "cancelled")]
        ):
            move = charge.move_id.id
            instalment = instalments.get((move, charge.date_maturity), only.get(move))
            if instalment:
                instalment.charges.append(
                    Charged(
                        charge.level_id.id,
                        charge.fee_amount,
                        charge.compensation_amount,
                        charge.interest_amount,
                        charge.date_from or None,
                        charge.date_to or None,
                        charge.terms,
                        charge.state == "waived",
                    )
                )

    @api.model
    def _get_interest_rates(self, instalments, terms):
        earlier = [charge.terms for one in instalments for charge in one.charges]
        wanted = {one["authority"] for one in [terms, *earlier] if one}
        return self.env["account.interest.rate"]._get_rates(sorted(wanted - {""}))

    # -- one instalment --------------------------------------------------------------

    @api.model
    def _propose_one(self, instalment, level, terms, rates, date):
        proposal = Proposal(
            *instalment.key,
            level.id,
            instalment.company_id,
            instalment.currency_id,
            date,
        )
        if not level._has_charge():
            return self._skip(proposal, "no_fee")
        if date <= instalment.date_maturity:
            return self._skip(proposal, "not_overdue")
        currency = self.env["res.currency"].browse(instalment.currency_id)
        try:
            if not self.env.context.get("overdue_interest_only"):
                self._add_fee(proposal, instalment, level, currency)
            if terms:
                self._add_interest(proposal, instalment, terms, rates, currency)
            return self._check_amount(proposal, level, currency)
        except UnknownRateError as error:
            day = format_date(self.env, error.day)
            return self._skip(proposal, "no_reference_rate", day)
        except MissingExchangeRateError as error:
            return self._skip(proposal, "no_exchange_rate", str(error))

    @api.model
    def _check_amount(self, proposal, level, currency):
        """Return the proposal with the reason that its amount gives, if any."""
        if currency.compare_amounts(proposal.interest, 0.0) < 0:
            detail = currency.format(-proposal.interest)
            self._drop_interest(proposal)
            if not proposal.amount:
                return self._skip(proposal, "overcharged", detail)
        if currency.is_zero(proposal.amount):
            return self._skip(proposal, "nothing")
        is_flat = proposal.fee or proposal.compensation
        least = 0.0 if is_flat else level.fee_minimum_amount
        if least and self._compare(proposal, level, currency, least) < 0:
            detail = currency.format(proposal.amount)
            return self._skip(proposal, "below_minimum", detail)
        limit = level.fee_approval_amount
        if limit and self._compare(proposal, level, currency, limit) > 0:
            proposal.needs_approval = True
        return proposal

    @api.model
    def _drop_interest(self, proposal):
        proposal.interest, proposal.terms = 0.0, None
        proposal.first = proposal.last = None
        proposal.rows = [row for row in proposal.rows if row["kind"] in FLAT]

    @api.model
    def _compare(self, proposal, level, currency, limit):
        """Compare an amount with a limit in company currency: -1, 0 or 1."""
        company, own = level.company_id, level.company_id.currency_id
        amount = self._convert(proposal.amount, currency, own, company, proposal.date)
        return own.compare_amounts(amount, limit)

    @api.model
    def _add_fee(self, proposal, instalment, level, currency):
        """Add the fee of the level and the lump sum of the statute, each once."""
        before = instalment.charges
        had_fee = any(one.fee for one in before if one.level_id == level.id)
        if level.fee_type == "fixed" and not had_fee:
            proposal.fee = self._convert(
                level.fee_amount,
                level.company_id.currency_id,
                currency,
                level.company_id,
                proposal.date,
            )
        elif level.fee_type == "percent" and not had_fee:
            exact = to_fraction(instalment.amount) * to_fraction(level.fee_percentage)
            proposal.fee = float(round_money(exact / 100, currency.rounding))
        elif level.fee_type == "statutory":
            if not any(one.compensation for one in before):
                proposal.compensation = self._get_compensation(
                    instalment, level, currency, proposal.date
                )
        for kind in FLAT:
            if amount := getattr(proposal, kind):
                proposal.rows.append({"kind": kind, "amount": amount})

    @api.model
    def _get_compensation(self, instalment, level, currency, date):
        """Return the lump sum for one instalment, in document currency."""
        statute, company = level._get_statute(), level.company_id
        if not statute.bands:
            return 0.0
        bands = self._get_currency(statute.band_currency)
        sums = self._get_currency(statute.sum_currency)
        amount = instalment.amount
        if len(statute.bands) > 1:
            amount = self._convert(amount, currency, bands, company, date)
        lump = get_compensation(statute, amount)
        return self._convert(lump, sums, currency, company, date)

    @api.model
    def _add_interest(self, proposal, instalment, terms, rates, currency):
        found = compute_interest(
            instalment, terms, rates, proposal.date, currency.rounding
        )
        if not found:
            return
        total, first, last, correction, rows = found
        proposal.interest = float(total)
        proposal.first, proposal.last, proposal.terms = first, last, terms
        if correction:
            proposal.rows.append({"kind": "correction", "amount": float(correction)})
        for row, amount in rows:
            proposal.rows.append(
                {
                    "kind": "interest",
                    "date_from": row.first,
                    "date_to": row.last,
                    "days": row.days,
                    "principal": float(row.principal),
                    "capital": float(round_money(row.capital, currency.rounding)),
                    "rate": float(row.rate),
                    "amount": float(amount),
                }
            )

    # -- currencies ------------------------------------------------------------------

    @api.model
    def _get_currency(self, name):
        return self.env["res.currency"].browse(self._get_currency_id(name))

    @api.model
    @ormcache("name")
    def _get_currency_id(self, name):
        currencies = self.env["res.currency"].sudo().with_context(active_test=False)
        return currencies.search([("name", "=", name)], limit=1).id

    @api.model
    def _convert(self, amount, source, target, company, date):
        """Return an amount in another currency at the rate of a day.

        :raise MissingExchangeRateError: none is known (the host would take 1 to 1)
        """
        if source == target:
            return target.round(amount)
        room = self.env["project.billing.type"]
        for currency in (source, target):
            if not room._has_exchange_rate(currency, company, date):
                raise MissingExchangeRateError(currency.name)
        return source._convert(amount, target, company, date)
