"""What the law grants for late payment between businesses: rate, margin, lump sum.

Each statute names its source. Margins and sums are minima or fixed by law; the levels
of a policy take them as defaults and may differ.
"""

from dataclasses import dataclass

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Statute:
    """Statutory interest and compensation of one legal system.

    ``fixing`` and ``is_fixed`` say which reference rate holds, see
    ``interest.get_steps``. ``bands`` are ``(from this amount on, sum)`` for each debt,
    the amounts in ``band_currency``, the sums in ``sum_currency``. ``limit_days`` bear
    interest at most (0: no limit).
    """

    name: str
    source: str
    authority: str
    margin: float
    fixing: str = "half_year"
    is_fixed: bool = False
    day_count: str = "365"
    compound_days: int = 0
    limit_days: int = 0
    bands: tuple = ()
    band_currency: str = "EUR"
    sum_currency: str = "EUR"


AUTHORITIES = {
    "ecb": _lt("European Central Bank: main refinancing operations"),
    "bundesbank": _lt("Deutsche Bundesbank: base rate (§ 247 BGB)"),
    "boe": _lt("Bank of England: Bank Rate"),
    "us_treasury": _lt("US Treasury: prompt payment rate"),
    "oenb": _lt("Oesterreichische Nationalbank: base rate"),
    "cnb": _lt("Czech National Bank: repo rate"),
    "dnb": _lt("Danmarks Nationalbank: lending rate"),
    "mnb": _lt("Magyar Nemzeti Bank: base rate"),
    "nbp": _lt("Narodowy Bank Polski: reference rate"),
    "bnr": _lt("Banca Naţională a României: policy rate"),
    "riksbank": _lt("Sveriges Riksbank: reference rate"),
    "other": _lt("Other"),
}

EUR_40 = ((0.0, 40.0),)

STATUTES = {
    "eu": Statute(
        _lt("European Union (Directive 2011/7/EU)"),
        "Directive 2011/7/EU, art. 2(6), 3(2) and 6(1)",
        "ecb",
        8.0,
        bands=EUR_40,
    ),
    "at": Statute(
        _lt("Austria (§ 456 UGB)"),
        "§§ 456 and 458 UGB",
        "oenb",
        9.2,
        fixing="half_year_before",
        bands=EUR_40,
    ),
    "cz": Statute(
        _lt("Czechia (Government Regulation 351/2013)"),
        "Government Regulation 351/2013, §§ 2 and 3",
        "cnb",
        8.0,
        is_fixed=True,
        bands=((0.0, 1200.0),),
        band_currency="CZK",
        sum_currency="CZK",
    ),
    "dk": Statute(
        _lt("Denmark (renteloven)"),
        "Renteloven § 5; BEK 105/2013: 310 DKK",
        "dnb",
        8.0,
        bands=((0.0, 310.0),),
        band_currency="DKK",
        sum_currency="DKK",
    ),
    "de": Statute(
        _lt("Germany (§ 288 BGB)"),
        "§§ 247 and 288(2), (5) BGB",
        "bundesbank",
        9.0,
        bands=EUR_40,
    ),
    "fr": Statute(
        _lt("France (art. L441-10 C. com.)"),
        "Code de commerce, art. L441-10 and D441-5",
        "ecb",
        10.0,
        bands=EUR_40,
    ),
    "hu": Statute(
        _lt("Hungary (Civil Code 6:155)"),
        "Civil Code 6:155; Act IX of 2016: 40 EUR",
        "mnb",
        8.0,
        bands=EUR_40,
    ),
    "pl": Statute(
        _lt("Poland (Act of 8 March 2013)"),
        "Act of 8 March 2013 on payment terms, art. 4(3), 10 and 11b",
        "nbp",
        10.0,
        bands=((0.0, 40.0), (5000.01, 70.0), (50000.0, 100.0)),
        band_currency="PLN",
    ),
    "ro": Statute(
        _lt("Romania (Law 72/2013)"),
        "Law 72/2013, art. 3, 4 and 10",
        "bnr",
        8.0,
        bands=EUR_40,
    ),
    "se": Statute(
        _lt("Sweden (räntelagen)"),
        "Räntelagen § 6; lag (1981:739) § 4a: 450 SEK",
        "riksbank",
        8.0,
        bands=((0.0, 450.0),),
        band_currency="SEK",
        sum_currency="SEK",
    ),
    "uk": Statute(
        _lt("United Kingdom (Late Payment Act 1998)"),
        "Late Payment of Commercial Debts (Interest) Act 1998, s. 5A; Rate of "
        "Interest (No. 3) Order 2002: the rate of 30 June or 31 December before the "
        "day interest starts, for the whole debt",
        "boe",
        8.0,
        fixing="half_year_before",
        is_fixed=True,
        bands=((0.0, 40.0), (1000.0, 70.0), (10000.0, 100.0)),
        band_currency="GBP",
        sum_currency="GBP",
    ),
    "us": Statute(
        _lt("United States (Prompt Payment Act, federal customers)"),
        "31 U.S.C. 3902 and 3907, 5 CFR 1315.10 and 1315.17: rate of the first day, "
        "360-day year, unpaid interest is added each 30 days, one year at most",
        "us_treasury",
        0.0,
        fixing="daily",
        is_fixed=True,
        day_count="360",
        compound_days=30,
        limit_days=365,
    ),
}

# members of the Union without rules of their own here
EU_COUNTRIES = "BE BG CY EE ES FI GR HR IE IT LT LU LV MT NL PT SI SK".split()
COUNTRIES = {
    **dict.fromkeys(EU_COUNTRIES, "eu"),
    **{code.upper(): code for code in STATUTES if code not in ("eu", "uk")},
    "GB": "uk",
}


def get_compensation(statute, amount):
    """Return the lump sum for one late debt, in the statute's ``sum_currency``.

    :param amount: of the debt, in the statute's ``band_currency``
    """
    sums = [lump for start, lump in statute.bands if amount >= start]
    return sums[-1] if sums else 0.0
