"""OpenAI's organisation usage API."""
