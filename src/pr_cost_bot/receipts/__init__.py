"""One file per format in which a commit carries the record of its own usage."""
