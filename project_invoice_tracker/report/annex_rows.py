"""What the annex of an invoice says: ledger rows of all documents in one query."""

from collections import namedtuple
from decimal import Decimal

from odoo.tools import SQL, groupby

from .annex import AnnexRow, get_initials

SourceRow = namedtuple(
    "SourceRow",
    "move_id line_id heading date display person role task text hours quantity unit"
    " price amount adjustment line_quantity line_amount",
)


def build_annex_query(env, move_ids):
    """Return the query of all live ledger rows of the documents, in order.

    Numbers come as decimal text, with the sign in which the document shows them.
    """
    env.flush_all()
    language = SQL("COALESCE(p.lang, %s)", env.lang or "en_US")
    return SQL(
        """
        SELECT a.move_id, a.move_line_id, COALESCE(l.name, ''),
               COALESCE(a.date::text, ''),
               CASE WHEN e.id IS NULL THEN 'none' ELSE r.person_display END,
               emp.name,
               COALESCE(o.name ->> %(lang)s, o.name ->> 'en_US', ''),
               COALESCE(t.name, ''),
               COALESCE(NULLIF(e.billing_text, ''), NULLIF(e.name, '/'),
                        CASE WHEN e.id IS NULL THEN i.name END, ''),
               CASE WHEN e.id IS NULL THEN ''
                    ELSE trim_scale(s.sign * a.quantity)::text END,
               trim_scale(round(s.sign * a.invoiced_quantity, %(digits)s))::text,
               COALESCE(u.name ->> %(lang)s, u.name ->> 'en_US', ''),
               trim_scale(a.price)::text,
               round(s.sign * a.amount, c.decimal_places)::text,
               round(s.sign * a.adjustment, c.decimal_places)::text,
               trim_scale(l.quantity)::text,
               round(l.price_subtotal, c.decimal_places)::text
          FROM project_billing_allocation a
          JOIN project_billing_rule r ON r.id = a.rule_id
          JOIN account_move m ON m.id = a.move_id
          JOIN account_move_line l ON l.id = a.move_line_id
          JOIN res_currency c ON c.id = a.currency_id
          CROSS JOIN LATERAL (
                SELECT CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END
                       AS sign) s
          LEFT JOIN res_partner p ON p.id = m.partner_id
          LEFT JOIN uom_uom u ON u.id = l.product_uom_id
          LEFT JOIN project_billing_item i ON i.id = a.item_id
          LEFT JOIN account_analytic_line e ON e.id = a.analytic_line_id
          LEFT JOIN hr_employee emp ON emp.id = e.employee_id
          LEFT JOIN project_role o ON o.id = e.billing_role_id
          LEFT JOIN project_task t ON t.id = e.task_id
         WHERE a.move_id = ANY(%(moves)s) AND a.is_live AND r.annex
           AND a.kind IN ('bill', 'credit')
         ORDER BY a.move_id, l.sequence, l.id, a.date NULLS LAST, a.id
        """,
        lang=language,
        digits=env["decimal.precision"].precision_get("Product Unit"),
        moves=move_ids,
    )


def build_rows(sources, labels):
    """Yield the rows of one document: each line's work, then what it is adjusted by.

    The rows of a line sum to its quantity and net amount on the document.
    """
    grouped = groupby(sources, lambda row: row.line_id)
    for number, (_line_id, own) in enumerate(grouped, start=1):
        work = [row for row in own if Decimal(row.quantity) or Decimal(row.amount)]
        for row in work:
            yield AnnexRow(
                line=number,
                heading=row.heading,
                date=row.date,
                person=_get_person(row),
                task=row.task,
                text=row.text,
                hours=row.hours,
                quantity=row.quantity,
                unit=row.unit,
                price=row.price,
                amount=row.amount,
            )
        yield from _build_adjustments(number, own, work, labels)


def _build_adjustments(number, own, work, labels):
    """Yield what lies between the work of a line and the line itself."""
    line, heading = own[0], own[0].heading
    adjustment = _add(own, "adjustment")
    tax = Decimal(line.line_amount) - _add(own, "amount") - adjustment
    quantity = Decimal(line.line_quantity) - _add(work, "quantity") if work else 0
    if adjustment or quantity:
        yield AnnexRow(
            line=number,
            heading=heading,
            text=labels["adjustment"] if work else labels["reduction"],
            quantity=str(quantity) if quantity else "",
            unit=line.unit if quantity else "",
            amount=str(adjustment),
        )
    if tax:
        yield AnnexRow(number, heading, text=labels["tax"], amount=str(tax))


def _add(rows, name):
    return sum((Decimal(getattr(row, name)) for row in rows), Decimal())


def _get_person(row):
    """Return the person as the rule shows people to the customer."""
    if row.display == "none":
        return ""
    if row.display == "role":
        return row.role
    return get_initials(row.person) if row.display == "initials" else row.person or ""
