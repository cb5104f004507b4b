"""The way from each version of the tables to the next, as Alembic reads it. `pr_cost_bot.ledger.migrate` goes it."""
