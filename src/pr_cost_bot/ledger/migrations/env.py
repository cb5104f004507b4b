"""Alembic's entry: the migrations run on the connection that `pr_cost_bot.ledger.migrate` opened."""

from alembic import context

from pr_cost_bot.ledger.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
