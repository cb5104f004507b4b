"""What a pull request's AI coding cost, from the vendor's own bill."""

__version__ = "1.0.0"
