"""How large the firm of the benchmark is."""

MONTHS = 30  # before this one
BILLED_MONTHS = 20  # of each project
ENTRIES = 10  # of each project and month
PER_CUSTOMER = 5
MANAGERS = 10
PRICE = 100  # of an hour, net, and of the model documents
