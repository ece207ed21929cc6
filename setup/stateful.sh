#!/bin/bash
# Many random sequences of what people do to work and invoices, the invariants checked after every step.
#   bash setup/stateful.sh [SEQUENCES]       default 5000 of hours and milestones (up to 25 steps) and as many of all
#                                            kinds of deals (up to 20 steps); CI runs 200 and 60 of them
# A failing sequence is made as short as possible and printed as a script; it is kept in PIT_HOME/hypothesis and tried
# first by the next run. Further arguments go to pytest.
set -euo pipefail
export PIT_SEQUENCES=${1:-5000}
export PIT_DEAL_SEQUENCES=${PIT_DEAL_SEQUENCES:-$PIT_SEQUENCES}
exec bash "$(dirname "$0")/test.sh" tests/test_stateful.py tests/test_stateful_deals.py -s "${@:2}"
