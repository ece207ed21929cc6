from . import account_overdue_pause_wizard
from . import account_move_reversal
from . import account_payment_register
from . import project_billing_ageing_report
from . import project_billing_bad_debt
from . import project_billing_progress
from . import project_billing_settle
from . import project_billing_wip_report
