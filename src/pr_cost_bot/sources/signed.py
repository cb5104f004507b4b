"""Connections that a cloud's credentials sign; they are looked for when the first request needs them."""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

import requests

from pr_cost_bot.http import Connection, Kind, Limits, SourceError, Vendor
from pr_cost_bot.model import Problem


class Signer(Protocol):
    """Puts credentials on requests."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, as far as it is known yet."""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request, signed. Raises: SourceError."""


class Found:
    """A job's credentials, as a cloud's own library finds and renews them: under the lock, for there are several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Any = None

    def __repr__(self) -> str:
        return "Credentials()"


class SignedConnection(Connection):
    """A connection whose every attempt is signed anew."""

    def __init__(
        self,
        vendor: Vendor,
        base_url: str,
        signer: Signer,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(vendor, base_url, {}, limits, headers)
        self._signer = signer
        self._http.auth = signer.sign

    def clean(self, text: object) -> str:
        line = str(text)
        for secret in self._signer.secrets:
            line = line.replace(secret, "***")
        return super().clean(line)


def not_signed_in(vendor: Vendor, what: str) -> SourceError:
    """The error for credentials that are missing or of no use."""
    why = "No step of this job has signed in there, or what it left behind is of no use."
    _, remedy = vendor.advice[Kind.UNAUTHORIZED]
    return SourceError(Kind.UNAUTHORIZED, Problem(f"{vendor.title} cannot be asked: {what}.", why, remedy))
