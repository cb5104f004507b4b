"""GitHub Copilot: what GitHub bills per person, model and UTC day."""
