"""Whole hours of time."""

from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)


def floor_hour(at: datetime) -> datetime:
    """Start of the hour that holds `at`, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def ceil_hour(at: datetime) -> datetime:
    """First full hour at or after `at`, in UTC."""
    floor = floor_hour(at)
    return floor if floor == at else floor + HOUR
