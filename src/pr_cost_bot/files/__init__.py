"""Files of usage, one module per format. Pure: lines of text in, usage records and bad rows out."""

from pr_cost_bot.files.reading import FORMATS, Reading, UnrecognisedError
from pr_cost_bot.files.shapes import BadRow, Usage

__all__ = ["FORMATS", "BadRow", "Reading", "UnrecognisedError", "Usage"]
