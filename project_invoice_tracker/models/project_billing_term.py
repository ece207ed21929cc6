from odoo import api, models

from ..tools.spec import Settlement

# the order in which the terms of a rule are applied to its invoice lines
TERMS = (
    "cost",
    "document",
    "cap",
    "payer",
    "deposit",
    "retention",
    "prepaid",
    "acceptance",
)


class ProjectBillingTerm(models.AbstractModel):
    """Base of the terms: conditions that hold for rules of every billing type.

    Rooms say what can be billed, terms what becomes of it: a cap stops it, payers
    share it, a deposit is taken off it. A term is an AbstractModel
    ``project.billing.term.<key>`` in its own file, named in :data:`TERMS`.
    """

    _name = "project.billing.term"
    _description = "Billing Term"

    @api.model
    def _review(self, run, proposals):
        """Return the proposals of a run after this term (nothing else changes).

        :param proposals: list of :class:`..tools.spec.Proposal`
        """
        return proposals

    @api.model
    def _settle(self, settlement):
        """Change the invoice lines of a run in place: cut, split or skip them.

        :param settlement: :class:`..tools.spec.Settlement`
        """

    @api.model
    def _complete(self, run, batches):
        """Return the invoices to be made, after this term added lines of its own.

        :param batches: lists of LineSpec, one list for each invoice
        """
        return batches

    @api.model
    def _follow(self, run, moves):
        """Do what is to be done with new draft invoices of a run."""

    @api.model
    def _summarise(self, moves):
        """Return what posted invoices shall say of this term.

        :return: ``{move: [block]}``; a block is a dict with ``title`` and ``rows``, a
            list of ``(label, value)`` as the customer reads them
        """
        return {}


class ProjectBillingTerms(models.AbstractModel):
    """All terms, one after the other."""

    _name = "project.billing.terms"
    _description = "Billing Terms"

    @api.model
    def _get_terms(self):
        """Return the models of the terms, in the order in which they are applied."""
        return [self.env[f"project.billing.term.{key}"] for key in TERMS]

    @api.model
    def _review(self, run, proposals):
        for term in self._get_terms():
            proposals = term._review(run, proposals)
        return proposals

    @api.model
    def _settle(self, run, prepared):
        """Return the :class:`..tools.spec.Settlement` of prepared run lines."""
        settlement = Settlement(run, prepared)
        # hours that are paid already are no lines that a term could change
        draws = settlement.take_out("hours")
        for term in self._get_terms():
            term._settle(settlement)
        settlement.put_back(draws)
        return settlement

    @api.model
    def _complete(self, run, batches):
        for term in self._get_terms():
            batches = term._complete(run, batches)
        return batches

    @api.model
    def _follow(self, run, moves):
        for term in self._get_terms():
            term._follow(run, moves)

    @api.model
    def _summarise(self, moves):
        """Return ``{move id: list of blocks}`` of all terms and rooms."""
        summaries = {}
        for term in self._get_terms():
            for move, blocks in term._summarise(moves).items():
                summaries.setdefault(move.id, []).extend(blocks)
        return summaries
