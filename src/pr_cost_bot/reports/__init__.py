"""Questions to the table, as SQL that SQLite and PostgreSQL both answer, and figures over the answers."""
