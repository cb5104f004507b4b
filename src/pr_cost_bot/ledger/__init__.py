"""The lasting tables behind `pr_cost_bot.ports.Ledger`."""
