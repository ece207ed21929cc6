"""Days sales outstanding: how many days of sales customers still owe.

Pure arithmetic. Receivables and sales are of the same kind: both with taxes, in one
currency.
"""


def get_dso(receivable, sales, days):
    """Return the simple figure: what is owed, as days of the sales of a period.

    :param receivable: what customers owe at the end of the period
    :param sales: what was invoiced in the period, less credit notes
    :param days: length of the period, both ends included
    :return: days, not rounded; None where nothing was sold
    """
    if sales <= 0:
        return None
    return receivable / sales * days


def get_count_back_dso(receivable, periods):
    """Return the count-back figure: whole periods back until the sum is explained.

    It follows seasons better than the simple figure: what is owed is set against the
    latest sales first.

    :param receivable: what customers owe at the end of the latest period
    :param periods: ``[(sales, days)]``, the latest first
    :return: days, not rounded; None where more is owed than all periods sold
    """
    total, left = 0.0, receivable
    for sales, days in periods:
        if left <= 0:
            break
        if sales > left:
            return total + left / sales * days
        total, left = total + days, left - max(sales, 0)
    return total if left <= 0 else None
