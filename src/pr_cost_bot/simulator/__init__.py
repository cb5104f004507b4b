"""A GitHub and vendors on loopback, for the demo and the tests."""
