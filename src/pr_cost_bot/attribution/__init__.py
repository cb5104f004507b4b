"""Which pull request each cent belongs to, how we know, and how wrong it can be. Pure."""
