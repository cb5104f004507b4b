"""OpenRouter: what members and keys of an organisation used, by the minute where its analytics are offered."""
