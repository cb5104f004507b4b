"""The command line: `pr-cost-bot COMMAND`. Every command is imported when it is named, so that none pays for another."""

import gc
import os
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pr_cost_bot import __version__

if TYPE_CHECKING:
    import argparse

_OBJECTS_UNTIL_COLLECTION = 200_000
_INTERRUPTED = 128 + 2  # as a shell says it of SIGINT
_READER_GONE = 128 + 13  # what a shell says of a program that SIGPIPE ended, as it ends others there
_WITH_OWN_ARGUMENTS = {
    "attribute": ("pr_cost_bot.attribute_files:run", "attribution alone, offline, on files"),
    "import": ("pr_cost_bot.importing:run", "turn vendors' exports into usage for 'attribute'"),
    "report": ("pr_cost_bot.report_command:run", "answers from the table in a database"),
    "digest": ("pr_cost_bot.digest_command:run", "the week in one message"),
    "dashboard": ("pr_cost_bot.dashboard_command:run", "the table as one static folder to look at"),
    "backfill": ("pr_cost_bot.backfill_command:run", "the pull requests of the last months into the table"),
    "ledger": ("pr_cost_bot.ledger_command:run_ledger", "move the table between branch and database, bring it up to date"),
    "export": ("pr_cost_bot.ledger_command:run_export", "the table as FOCUS, as Parquet, as views"),
}
"""Command to the function that takes the rest of the arguments, and what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return its exit status."""
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read what it wanted
        # What is still to be written goes nowhere, or Python would say so at its end:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What is written stays; 'backfill' and 'ledger sync' go on from there when run again.\n")
        return _INTERRUPTED


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["action"]:
        return _act()
    if arguments and arguments[0] in _WITH_OWN_ARGUMENTS:
        target, _ = _WITH_OWN_ARGUMENTS[arguments[0]]
        module, _, function = target.partition(":")
        return int(getattr(import_module(module), function)(arguments[1:]))
    options = _parser().parse_args(arguments)
    if options.command == "demo":
        return _demo(options.output)
    if options.command == "doctor":
        from pr_cost_bot.doctor import main as doctor

        return doctor(os.environ, sys.stdout, options.database)
    return _check_config(options.file) if options.action == "check" else _print_schema()


def _demo(output: Path) -> int:
    try:
        import markdown_it  # noqa: F401 - so that a base install is told before anything is done
    except ModuleNotFoundError:
        print("The demo shows comments as GitHub does, for which markdown-it-py is missing.", file=sys.stderr)
        print("Install the program with its extra 'demo' (docs/install.md), or: pip install markdown-it-py", file=sys.stderr)
        return 1
    from pr_cost_bot.demo import run_demo

    return run_demo(output)


def _act() -> int:
    # A run lasts a second or two and holds some 100,000 objects. Looking for garbage among them, at every few hundred new ones
    # and once more before the process ends, would take 0.2 s of that.
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTION)
    from pr_cost_bot.action import main as action

    status = action(os.environ, sys.stdout)
    gc.freeze()
    return status


def _parser() -> "argparse.ArgumentParser":
    import argparse

    from pr_cost_bot.database_option import add_database_option

    parser = argparse.ArgumentParser(
        prog="pr-cost-bot", description="What a pull request's AI coding cost, from the vendor's own bill."
    )
    parser.add_argument("--version", action="version", version=f"pr-cost-bot {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("action", help="act on a GitHub event; reads GITHUB_* and INPUT_* (the Action's entry point)")
    for name, (_, about) in _WITH_OWN_ARGUMENTS.items():
        commands.add_parser(name, help=about, add_help=False)
    demo = commands.add_parser("demo", help="the whole Action against a simulated GitHub and simulated vendors, no credentials")
    demo.add_argument(
        "--output", type=Path, default=Path("demo-output"), metavar="DIR", help="where comment, table and artifacts go"
    )
    doctor = commands.add_parser(
        "doctor",
        help="is it set up right: what each key sees, who will not match, which permission is missing",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_doctors_variables(),
    )
    add_database_option(doctor)
    config = commands.add_parser("config", help="the configuration file").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    check = config.add_parser("check", help="validate the file")
    check.add_argument("file", type=Path, nargs="?", default=Path(".github/pr-cost-bot.yml"))
    config.add_parser("schema", help="print its JSON Schema")
    return parser


def _doctors_variables() -> str:
    from pr_cost_bot.settings import KEY_INPUTS

    keys = textwrap.fill(", ".join(name.upper() for name in KEY_INPUTS), 96, initial_indent="  ", subsequent_indent="  ")
    return (
        "It asks GitHub and the vendors, and writes nothing. On your own machine it takes these variables:\n"
        "  GITHUB_REPOSITORY   the repository, as owner/name\n"
        "  GITHUB_TOKEN        a token that can read it, such as $(gh auth token)\n"
        "  GITHUB_API_URL, GITHUB_GRAPHQL_URL   of an Enterprise Server, such as https://HOST/api/v3 and https://HOST/api/graphql\n"
        "  ORG_TOKEN           reads other repositories, if any\n"
        f"and the vendors' keys that you use:\n{keys}\n"
    )


def _check_config(path: Path) -> int:
    from pr_cost_bot.config_file import ConfigError, parse_config

    try:
        parse_config(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.", file=sys.stderr)
        if isinstance(error, FileNotFoundError):
            print("Give the file's path. A repository without one has the defaults (docs/configuration.md).", file=sys.stderr)
        return 2
    except ConfigError as error:
        print(error.problem, file=sys.stderr)
        return 2
    print(f"{path}: fine.")
    return 0


def _print_schema() -> int:
    import json

    from pr_cost_bot.config_file import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0
