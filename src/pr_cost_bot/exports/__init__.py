"""The usage and the pull requests it lies on, in forms that other programs take."""
