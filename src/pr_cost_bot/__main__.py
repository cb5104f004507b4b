"""`python -m pr_cost_bot` is the same program as `pr-cost-bot`."""

import sys

from pr_cost_bot.cli import main

if __name__ == "__main__":
    sys.exit(main())
