"""Anthropic's usage and cost APIs: the analytics pair, and the older reports where an organisation lacks it."""
