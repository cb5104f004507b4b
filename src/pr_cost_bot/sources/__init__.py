"""One file per vendor's usage API, each behind `pr_cost_bot.ports.Source`."""
