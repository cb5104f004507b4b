"""One room per vendor's usage API, each behind `pr_cost_bot.ports.Source`. Modules are imported when used."""

from pr_cost_bot.sources.registry import KNOWN, KnownSource, active_sources, table, unread, warm_up

__all__ = ["KNOWN", "KnownSource", "active_sources", "table", "unread", "warm_up"]
