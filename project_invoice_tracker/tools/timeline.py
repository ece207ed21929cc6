"""All that was sent, said, promised, disputed and paid, as one query."""

from odoo.tools import SQL

from .pauses import MONEY

COLUMNS = (
    "kind",
    "date",
    "time",
    "partner_id",
    "company_id",
    "move_id",
    "author_id",
    "message_id",
    "pause_id",
    "action_id",
    "currency_id",
    "amount",
)
PARTS = 8
# what a row leaves out stands here
_EMPTY = {
    "time": SQL("NULL::timestamp"),
    "move_id": SQL("NULL::int4"),
    "author_id": SQL("NULL::int4"),
    "message_id": SQL("NULL::int4"),
    "pause_id": SQL("NULL::int4"),
    "action_id": SQL("NULL::int4"),
    "currency_id": SQL("NULL::int4"),
    "amount": SQL("NULL::numeric"),
}
_SALES = SQL("('out_invoice', 'out_receipt', 'out_refund')")


def build_timeline_query(zones, call_category="phonecall"):
    """Return the query of the timeline.

    :param zones: ``{company id: name of its zone}``: on which day a message was sent
    :param call_category: of activity types that are calls
    """
    parts = (
        _build_documents(),
        *_build_messages(call_category),
        _build_notes(),
        _build_outcomes(),
        _build_payments(),
        _build_reminders(),
    )
    return SQL(
        "WITH zones (company_id, zone) AS (VALUES %s) %s",
        SQL(", ").join(
            SQL("(%s::int4, %s::text)", company, zone)
            for company, zone in zones.items()
        ),
        SQL(" UNION ALL ").join(
            SQL("(%s)", _number(part, number)) for number, part in enumerate(parts)
        ),
    )


def _number(part, number):
    return SQL(
        "SELECT q.row_id::int8 * %s + %s AS id, %s FROM (%s) q",
        PARTS,
        number,
        SQL(", ").join(SQL.identifier("q", name) for name in COLUMNS),
        part,
    )


def _build_part(source, row_id, **columns):
    """Return ``SELECT columns source``; what is not given is empty."""
    columns = {**_EMPTY, **columns}
    return SQL(
        "SELECT %s AS row_id, %s %s",
        row_id,
        SQL(", ").join(
            SQL("%s AS %s", columns[name], SQL.identifier(name)) for name in COLUMNS
        ),
        source,
    )


def _build_documents():
    """Return invoices and credit notes, on their own dates."""
    return _build_part(
        SQL(
            """
            FROM account_move m
           WHERE m.state = 'posted' AND m.move_type IN %s
            """,
            _SALES,
        ),
        SQL("m.id"),
        kind=SQL(
            "CASE WHEN m.move_type = 'out_refund' THEN 'credit' ELSE 'invoice' END"
        ),
        date=SQL("COALESCE(m.invoice_date, m.date)"),
        # before all else of its day; what has no time stands after it
        time=SQL("COALESCE(m.invoice_date, m.date)::timestamp"),
        partner_id=SQL("m.commercial_partner_id"),
        company_id=SQL("m.company_id"),
        move_id=SQL("m.id"),
        author_id=SQL("NULL::int4"),
        currency_id=SQL("m.currency_id"),
        amount=SQL(
            "CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END * m.amount_total"
        ),
    )


def _build_messages(call_category):
    """Return what stands in the chatter: of invoices, customers, statements.

    Notes that this add-on writes by itself are no messages of people; calls are.
    """
    sources = (
        ("account.move", SQL("account_move"), SQL("o.commercial_partner_id"), True),
        ("res.partner", SQL("res_partner"), SQL("o.commercial_partner_id"), False),
        ("project.billing.statement", SQL("project_billing_statement"), None, False),
    )
    for model, table, partner, is_move in sources:
        customer = SQL("JOIN res_partner c ON c.id = o.partner_id")
        is_partner = model == "res.partner"
        company = SQL("mm.record_company_id") if is_partner else SQL("o.company_id")
        day = SQL("(mm.date AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(z.zone, 'UTC'))")
        yield _build_part(
            SQL(
                """
                FROM mail_message mm
                JOIN %(table)s o ON o.id = mm.res_id
                %(customer)s
                LEFT JOIN mail_message_subtype t ON t.id = mm.subtype_id
                LEFT JOIN mail_activity_type y ON y.id = mm.mail_activity_type_id
                LEFT JOIN res_partner a ON a.id = mm.author_id
                LEFT JOIN zones z ON z.company_id = %(company)s
               CROSS JOIN LATERAL (SELECT CASE
                     WHEN y.category = %(call)s THEN 'call'
                     WHEN mm.message_type NOT IN
                          ('comment', 'email', 'email_outgoing') THEN NULL
                     WHEN a.commercial_partner_id = %(partner)s
                       OR mm.message_type = 'email' THEN 'said'
                     WHEN t.internal OR mm.is_internal THEN 'note'
                     ELSE 'sent' END AS kind) k
               WHERE mm.model = %(model)s AND k.kind IS NOT NULL AND %(which)s
                """,
                table=table,
                customer=SQL("") if partner else customer,
                company=company,
                call=call_category,
                partner=partner or SQL("c.commercial_partner_id"),
                model=model,
                which=SQL("o.move_type IN %s", _SALES) if is_move else SQL("TRUE"),
            ),
            SQL("mm.id"),
            kind=SQL("k.kind"),
            date=SQL("%s::date", day),
            time=SQL("mm.date"),
            partner_id=partner or SQL("c.commercial_partner_id"),
            company_id=company,
            move_id=SQL("o.id") if is_move else SQL("NULL::int4"),
            author_id=SQL("mm.author_id"),
            message_id=SQL("mm.id"),
        )


_PAUSES = SQL(
    """
    FROM account_overdue_pause s
    JOIN res_partner p ON p.id = s.partner_id
    LEFT JOIN res_users u ON u.id = s.create_uid
    """
)
_PAUSE = {
    "partner_id": SQL("p.commercial_partner_id"),
    "company_id": SQL("s.company_id"),
    "move_id": SQL("s.move_id"),
    "pause_id": SQL("s.id"),
    "currency_id": SQL("s.currency_id"),
    "amount": SQL("NULLIF(s.amount, 0)"),
}


def _build_notes():
    """Return disputes, promises and holds, when they were noted."""
    return _build_part(
        _PAUSES,
        SQL("s.id"),
        kind=SQL("s.kind"),
        date=SQL("s.date_start"),
        time=SQL("s.noted_on"),
        author_id=SQL(
            "CASE WHEN s.is_from_customer THEN s.contact_id ELSE u.partner_id END"
        ),
        **_PAUSE,
    )


def _build_outcomes():
    """Return what came of them."""
    return _build_part(
        SQL("%s WHERE s.state != 'open'", _PAUSES),
        SQL("s.id"),
        kind=SQL("s.state"),
        date=SQL("COALESCE(s.date_closed, s.date_ended, s.date_end + 1)"),
        **_PAUSE,
    )


def _build_payments():
    """Return what settled an invoice: money, or credits and write-offs."""
    return _build_part(
        SQL(
            """
            FROM account_partial_reconcile r
            JOIN account_move_line l ON l.id = r.debit_move_id
             AND l.display_type = 'payment_term' AND l.parent_state = 'posted'
            JOIN account_move m ON m.id = l.move_id AND m.move_type IN %s
            JOIN account_move_line c ON c.id = r.credit_move_id
            JOIN account_journal j ON j.id = c.journal_id
           WHERE r.debit_amount_currency != 0
            """,
            _SALES,
        ),
        SQL("r.id"),
        kind=SQL(
            "CASE WHEN j.type = ANY(%s) THEN 'paid' ELSE 'settled' END", list(MONEY)
        ),
        date=SQL("r.max_date"),
        partner_id=SQL("m.commercial_partner_id"),
        company_id=SQL("m.company_id"),
        move_id=SQL("m.id"),
        currency_id=SQL("m.currency_id"),
        amount=SQL("r.debit_amount_currency"),
    )


def _build_reminders():
    """Return what was done about instalments at their levels."""
    return _build_part(
        SQL(
            """
            FROM account_overdue_action x
           WHERE x.state IN ('done', 'unknown', 'failed')
            """
        ),
        SQL("x.id"),
        kind=SQL("CASE WHEN x.state = 'done' THEN 'reminder' ELSE x.state END"),
        date=SQL("COALESCE(x.date_done, x.date)"),
        partner_id=SQL("x.partner_id"),
        company_id=SQL("x.company_id"),
        move_id=SQL("x.move_id"),
        action_id=SQL("x.id"),
        currency_id=SQL("x.currency_id"),
        amount=SQL("x.amount"),
    )
