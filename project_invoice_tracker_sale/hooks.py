def post_init_hook(env):
    """Take what belongs to sales orders out of the hands of billing rules."""
    env["account.analytic.line"]._billing_init_quantities()
