"""Copies of rows, by statements: as many as there are rows of a plan."""

from tracking_size import BILLED_MONTHS

SCALED = (  # columns of a document and its lines that grow with it
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_untaxed_signed",
    "amount_untaxed_in_currency_signed",
    "amount_tax_signed",
    "amount_total_signed",
    "amount_total_in_currency_signed",
    "debit",
    "credit",
    "balance",
    "amount_currency",
    "tax_base_amount",
    "price_unit",
    "price_subtotal",
    "price_total",
)


class Copier:
    """Rows of the host's own making, copied by statements."""

    def __init__(self, env, count):
        self.env = env
        self.cr = env.cr
        self.count = count
        self.projects = count // BILLED_MONTHS

    def _get_columns(self, table):
        self.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        return [name for (name,) in self.cr.fetchall()]

    def _copy(self, table, source, values):
        """Insert a copy of ``s``, the row of a model, for each row ``b`` of a table.

        :param source: what is read, without the table: ``bench_doc b``; it names the
            model in ``b.model_id``
        :param values: SQL of columns that differ
        """
        rest = [name for name in self._get_columns(table) if name not in values]
        self.cr.execute(
            f"INSERT INTO {table} ({', '.join([*values, *rest])}) SELECT "
            + ", ".join([*values.values(), *(f"s.{name}" for name in rest)])
            + f" FROM {source} JOIN {table} s ON s.id = b.model_id ORDER BY b.nr"
        )

    def _scale(self, table, factor):
        columns = set(self._get_columns(table))
        return {name: f"s.{name} * {factor}" for name in SCALED if name in columns}

    def _plan(self, name, query, **params):
        """Make a table that lives as long as the transaction."""
        self.cr.execute(
            f"CREATE TEMP TABLE bench_{name} ON COMMIT DROP AS {query}", params
        )
        self.cr.execute(f"ANALYZE bench_{name}")

    def _insert(self, table, values, source, params):
        self.cr.execute(
            f"INSERT INTO {table} ({', '.join(values)})"
            f" SELECT {', '.join(values.values())} {source}",
            params,
        )
