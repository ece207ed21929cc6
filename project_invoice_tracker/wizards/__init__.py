from . import account_move_reversal
from . import account_payment_register
from . import project_billing_progress
from . import project_billing_settle
