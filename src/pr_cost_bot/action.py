"""The Action's entry point: builds the real collaborators, runs the pipeline, publishes, reports to the runner."""

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TextIO

from pr_cost_bot import pricing, render, runner, sources
from pr_cost_bot.config import Config
from pr_cost_bot.events import EventError, Nothing, OnePullRequest, find_activity
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import ConfigText, PublishError, ReadError
from pr_cost_bot.runs import Run, client_of, run_one, run_true_up
from pr_cost_bot.settings import DEFAULT_CONFIG_PATH, Settings, SettingsError, clock, read_settings
from pr_cost_bot.table import short_lived

OK, NOT_PUBLISHED, WRONG_SETUP = 0, 1, 2
"""Exit statuses (README.md); `reporting.TOO_EXPENSIVE` is the fourth."""


def main(environ: Mapping[str, str], stdout: TextIO) -> int:
    """Act on the event that the environment names. Returns the exit status."""
    workflow = environ.get("GITHUB_ACTIONS") == "true"
    runner.set_up_logging(stdout, level="info", secrets=(), workflow=workflow)
    threading.excepthook = runner.failed_thread  # Python's own prints a bare traceback
    try:
        settings = read_settings(environ)
        runner.set_up_logging(stdout, level=settings.log_level, secrets=settings.secrets, workflow=workflow)
        if problem := short_lived(environ):
            runner.warn(problem)
        if settings.wrong_addresses:
            runner.warn(settings.wrong_addresses)
        return _act(settings, clock(environ))
    except SettingsError as error:
        problem, status = error.problem, WRONG_SETUP
    except EventError as error:
        problem, status = Problem(str(error)), WRONG_SETUP
    except ReadError as error:
        problem, status = error.problem, WRONG_SETUP if error.credentials else NOT_PUBLISHED
    except PublishError as error:
        problem, status = error.problem, NOT_PUBLISHED
    except Exception as error:  # noqa: BLE001 - whatever it is, a user gets one annotation and no bare traceback
        problem, status = runner.bug(error), NOT_PUBLISHED
    summary = environ.get("GITHUB_STEP_SUMMARY", "").strip()
    runner.fail_in_summary(
        Path(summary) if summary else None, problem, lambda told: render.render_summary([], [told], show_people=False)
    )
    return status


def _act(settings: Settings, now: datetime) -> int:
    activity = find_activity(settings.event_name, _payload(settings), has_keys=bool(settings.keys))
    if isinstance(activity, Nothing):
        runner.notice(activity.notice)
        return OK
    client = client_of(settings)
    run = Run(settings=settings, client=client, now=now, read_config=partial(_config, settings.config_path))
    Thread(target=_warm_up, args=(settings,), name="warm-up").start()
    if isinstance(activity, OnePullRequest):
        return run_one(run, activity.number, again=activity.by_hand)
    return run_true_up(run)


def _warm_up(settings: Settings) -> None:
    """Do the slow imports while GitHub's first answer is waited for, in the order in which they are needed."""
    import pr_cost_bot.config_file  # noqa: F401, PLC0415

    sources.warm_up(settings.keys)
    if settings.keys:
        pricing.warm_up()
    render.warm_up()


def _payload(settings: Settings) -> dict[str, object]:
    try:
        payload = json.loads(settings.event_path.read_bytes())
    except (OSError, ValueError):
        payload = None
    if not isinstance(payload, dict):
        raise EventError("The event's payload (GITHUB_EVENT_PATH) cannot be read as JSON. GitHub's runner writes that file.")
    return payload


def _config(path: str, text: ConfigText) -> Config:
    if text.text is None and text.problem is None and path != DEFAULT_CONFIG_PATH:
        runner.warn(
            Problem(
                f"There is no file {path}, so the default configuration is used.",
                "The input config_path names it. The base branch is searched, or without a pull request the default branch.",
                "Correct config_path, or add the file there.",
            )
        )
    if text.text is None:
        runner.LOGGER.debug("Configuration: the defaults, as no %s was read.", path)
        return Config()
    from pr_cost_bot.config_file import ConfigError, parse_config, without_people  # noqa: PLC0415 - see _warm_up

    try:
        config = parse_config(text.text, path)
    except ConfigError as error:
        raise SettingsError(error.problem) from None
    runner.LOGGER.debug("Configuration: %s says %s", path, without_people(config))
    return config
