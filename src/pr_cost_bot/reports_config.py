"""The configuration's section `reports` for the commands that show figures, and their options, which go before it."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pr_cost_bot.config import Config, ReportSettings
from pr_cost_bot.model import Problem
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.settings import DEFAULT_CONFIG_PATH, SettingsError

KEY_VARIABLE = "PR_COST_BOT_PSEUDONYM_KEY"


def add_privacy_options(parser: argparse.ArgumentParser) -> None:
    """Which configuration, and whether people are named."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the configuration, for its sections 'reports' and 'budgets' ({DEFAULT_CONFIG_PATH}, if there)",
    )
    people = parser.add_mutually_exclusive_group()
    people.add_argument("--people", action="store_true", help="name people; figures by developer")
    people.add_argument("--pseudonyms", action="store_true", help=f"the same under invented names, made with ${KEY_VARIABLE}")
    people.add_argument("--no-people", action="store_true", help="no figures by developer, whatever the configuration says")


def read_config(options: argparse.Namespace) -> Config:
    """The file of --config, or the one in its usual place, where there is one. Raises SettingsError."""
    path = options.config or Path(DEFAULT_CONFIG_PATH)
    if options.config is None and not path.is_file():
        return Config()
    from pr_cost_bot.config_file import ConfigError, parse_config  # noqa: PLC0415 - YAML is slow to import

    try:
        return parse_config(path.read_text(encoding="utf-8"), str(path))
    except ConfigError as error:
        raise SettingsError(error.problem) from None
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it is no text in UTF-8"
        raise SettingsError(Problem(f"{path} cannot be read: {why}.", "", "Give another file with --config.")) from None


def privacy_of(options: argparse.Namespace, settings: ReportSettings, environ: Mapping[str, str]) -> Privacy:
    """Whether people are named, and how small a group may be. Raises SettingsError when pseudonyms lack their key."""
    people = _people(options, settings)
    key = environ.get(KEY_VARIABLE, "").encode()
    if people == "pseudonyms" and not key:
        asked = "--pseudonyms needs" if options.pseudonyms else "reports.pseudonymise needs"
        raise SettingsError(
            Problem(
                f"{asked} a key in {KEY_VARIABLE}.",
                "Without a secret, anybody could try all names and see which fits.",
                "Set it to a long random text, and keep it: another key makes other names.",
            )
        )
    given: int | None = getattr(options, "min_group", None)
    return Privacy(
        people=people,
        key=key if people == "pseudonyms" else b"",
        min_group=given or 1,
        min_team=given or settings.min_group_size,
    )


def _people(options: argparse.Namespace, settings: ReportSettings) -> Literal["hidden", "pseudonyms", "shown"]:
    if options.people or options.pseudonyms or options.no_people:
        return "shown" if options.people else "pseudonyms" if options.pseudonyms else "hidden"
    if settings.pseudonymise:
        return "pseudonyms"
    return "shown" if settings.show_people else "hidden"
