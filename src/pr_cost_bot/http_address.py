"""Where a vendor is asked, and what in its credentials must never be shown."""

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests


def normalise_base_url(url: str) -> str:
    """Scheme, host and prefix without trailing slash and without the API's version path (`/v1`)."""
    base = url.strip().rstrip("/")
    return base.removesuffix("/v1").rstrip("/")


def secrets_of(credentials: Mapping[str, str]) -> tuple[str, ...]:
    """Everything in the headers that must never be shown: the values, and the keys inside `Basic`."""
    found: list[str] = []
    for value in credentials.values():
        scheme, _, rest = value.partition(" ")
        found.append(rest or scheme)
        if scheme == "Basic":
            found += base64.b64decode(rest).decode().split(":")
    return tuple(secret for secret in found if len(secret) > 3)


def proxies_for(base_url: str) -> dict[str, str]:
    """Proxies of the environment for this address; never for loopback."""
    try:
        if urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}:
            return {}
        return dict(requests.utils.get_environ_proxies(base_url))
    except ValueError:  # not an address: the first request says so
        return {}
