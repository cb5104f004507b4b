"""Where a vendor is asked, and what in its credentials must never be shown."""

import base64
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Reserved for names that the public DNS does not have (RFC 2606, 6762, 8375; ICANN's .internal), and Kubernetes' own.
_OWN_NETWORK = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".svc")


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
        if urlsplit(base_url).hostname in _LOOPBACK:
            return {}
        return dict(requests.utils.get_environ_proxies(base_url))
    except ValueError:  # not an address: the first request says so
        return {}


def is_in_clear(base_url: str) -> bool:
    """Whether what is sent there can be read on the way: http, to a host that is not of the own network.

    By the address alone, no name is looked up: loopback and private addresses, names without a dot and those with an ending
    that the public DNS does not have are of the own network.
    """
    try:
        parts = urlsplit(base_url.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:  # not an address: the first request says so
        return False
    if parts.scheme != "http" or not host:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(_OWN_NETWORK)
    return not (address.is_private or address.is_loopback or address.is_link_local)
