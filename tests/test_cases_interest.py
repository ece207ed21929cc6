"""Cases of statutory interest and late fees, on real documents."""

from datetime import date

from .charge_common import DUE, ChargeCommon, late


class TestChargeCases(ChargeCommon):
    """Cases C03, C04, C12, C14, C16, C17, C18 on real documents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code, rate in (("EUR", 1.25), ("GBP", 0.8)):
            currency = cls.env.ref(f"base.{code}")
            currency.active = True
            cls.env["res.currency.rate"].create(
                {
                    "name": "2020-01-01",
                    "rate": rate,
                    "currency_id": currency.id,
                    "company_id": cls.company.id,
                }
            )

    def _get_amounts(self, charge):
        return charge.fee_amount + charge.compensation_amount, charge.interest_amount

    def test_c03_fees_by_level(self):
        fixed = self._create_level(fee_type="fixed", fee_amount=10)
        percent = self._create_level(fee_type="percent", fee_percentage=15)
        invoice = self._create_invoice(100)
        self._charge(invoice, fixed, late(5))
        self.assertEqual(self._get_receivable(invoice), 110)
        self._charge(invoice, percent, late(10))
        self.assertEqual(self._get_receivable(invoice), 125)
        self.assertEqual(invoice.amount_total, 100)

    def test_c04_interest_and_fee(self):
        first = self._create_level(
            fee_type="fixed", fee_amount=10, interest_type="agreed", interest_rate=10
        )
        second = self._create_level()
        invoice = self._create_invoice(100)
        charge = self._charge(invoice, first, late(15))
        self.assertEqual(self._get_amounts(charge), (10, 0.41))
        self.assertAlmostEqual(self._get_receivable(invoice), 110.41)
        other = self._create_invoice(100)
        self.assertFalse(self._charge(other, second, late(20)))
        self.assertEqual(self._get_receivable(other), 100)

    def test_c12_uk_statutory_interest(self):
        level = self._create_level(
            fee_type="statutory", interest_type="statutory", interest_statute="uk"
        )
        due = date(2016, 3, 31)  # Bank Rate 0.5 % since 2009
        invoice = self._create_invoice(
            1000, due, currency_id=self.env.ref("base.GBP").id
        )
        self.env["res.currency.rate"].create(
            {
                "name": "2010-01-01",
                "rate": 0.8,
                "currency_id": self.env.ref("base.GBP").id,
                "company_id": self.company.id,
            }
        )
        charge = self._charge(invoice, level, late(50, due))
        self.assertEqual(self._get_amounts(charge), (70, 11.64))
        self.assertEqual(charge.row_ids.mapped("rate"), [0, 8.5])

    def test_c14_eu_statutory_interest(self):
        level = self._create_level(
            fee_type="statutory", interest_type="statutory", interest_statute="eu"
        )
        self.env["account.interest.rate"].search([("authority", "=", "ecb")]).unlink()
        self._create_rate(3, authority="ecb")
        invoice = self._create_invoice(4500, currency_id=self.env.ref("base.EUR").id)
        charge = self._charge(invoice, level, late(30))
        self.assertEqual(self._get_amounts(charge), (40, 40.68))
        self.assertEqual(charge.debit_move_id.amount_total, 80.68)
        self.assertEqual(charge.debit_move_id.currency_id.name, "EUR")

    def test_c16_us_prompt_payment_simple(self):
        level = self._create_level(interest_type="statutory", interest_statute="us")
        self._create_rate(6.5, DUE, authority="us_treasury")
        invoice = self._create_invoice(1500)
        charge = self._charge(invoice, level, late(10))
        self.assertEqual(charge.debit_move_id.amount_total, 2.71)

    def test_c17_us_prompt_payment_compounded(self):
        level = self._create_level(interest_type="statutory", interest_statute="us")
        self._create_rate(6, DUE, authority="us_treasury")
        invoice = self._create_invoice(1500, date(2026, 4, 1))
        self._pay(invoice, date(2026, 6, 15))
        charge = self._charge(invoice, level, date(2026, 7, 31))
        self.assertEqual(charge.debit_move_id.amount_total, 18.83)
        self.assertEqual(charge.row_ids.mapped("days"), [30, 30, 15])

    def test_c18_day_count_in_a_leap_year(self):
        due = date(2023, 12, 31)
        for day_count, amount in (("365", 1253.42), ("actual", 1250.00)):
            level = self._create_level(
                interest_type="agreed",
                interest_rate=12.5,
                interest_day_count=day_count,
            )
            invoice = self._create_invoice(10000, due)
            self._pay(invoice, date(2024, 12, 31))
            charge = self._charge(invoice, level, date(2025, 2, 1))
            self.assertEqual(charge.debit_move_id.amount_total, amount)
