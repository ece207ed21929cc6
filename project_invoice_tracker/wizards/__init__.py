from . import account_move_reversal
from . import project_billing_settle
from . import project_billing_progress
