"""The command line: `pr-cost-bot COMMAND`."""


def main() -> int:
    """Run the command that the arguments name."""
    return 0
