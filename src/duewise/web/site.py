"""Everything that the pages share while the server runs."""

import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from markupsafe import Markup
from starlette.requests import Request

from duewise.config import Portfolio
from duewise.publish.feedback import FEEDBACK_FILE, FeedbackStore
from duewise.web.access import ACCESS_FILE, AccessLog
from duewise.web.nights import Nights
from duewise.web.refusals import ForbiddenError, SignInNeededError
from duewise.web.remembered import Remembered
from duewise.web.rows import Rows
from duewise.web.sessions import Attempts, FormKeys, Sessions
from duewise.web.users import LOCAL, User, Users

SESSION_COOKIE = "duewise_session"
VISITOR_COOKIE = "duewise_visitor"
LANGUAGE_COOKIE = "duewise_language"

_LISTS = 200
"""Pages of the list that are kept as they were made, of some 40 KiB each."""


@dataclass(frozen=True)
class Site:
    """What is served, from where, and to whom.

    Attributes
    ----------
    users : Users or None
        None: whoever is on this machine may look.
    """

    portfolio: Portfolio
    users: Users | None
    sessions: Sessions = field(default_factory=Sessions)
    forms: FormKeys = field(default_factory=FormKeys)
    attempts: Attempts = field(default_factory=Attempts)
    lists: Remembered[Markup] = field(default_factory=lambda: Remembered(_LISTS))

    @property
    def runs(self) -> Path:
        """Folder of the runs."""
        return self.portfolio.publish.runs

    @cached_property
    def nights(self) -> Nights:
        """The nights that stand."""
        return Nights(self.runs)

    @cached_property
    def rows(self) -> Rows:
        """Answers about their rows."""
        return Rows(self.runs)

    @cached_property
    def access(self) -> AccessLog:
        """The log of who looked at which debtor."""
        return AccessLog(self.runs / ACCESS_FILE)

    @cached_property
    def feedback(self) -> FeedbackStore:
        """What people said back."""
        return FeedbackStore(self.runs / FEEDBACK_FILE)

    def user_of(self, request: Request) -> User:
        """Return who asks.

        Raises
        ------
        ForbiddenError
            When a user is named by an address that is no listed proxy, or a proxy names nobody we know.
        SignInNeededError
            When nobody has signed in.
        """
        settings = self.portfolio.serve
        named = request.headers.get(settings.proxy_header)
        if named is not None:
            return self._named_by_proxy(named, address_of(request))
        if self.users is None:
            return LOCAL
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            user = self.users.by_token(token.strip())
            if user is None:
                raise SignInNeededError("token")
            return user
        name = self.sessions.name_of(request.cookies.get(SESSION_COOKIE, ""))
        user = None if name is None else self.users.all().get(name)
        if user is None:
            raise SignInNeededError("sign_in")
        return user

    def _named_by_proxy(self, name: str, address: str) -> User:
        listed = [ipaddress.ip_network(one) for one in self.portfolio.serve.proxies]
        if not any(_in(address, network) for network in listed):
            raise ForbiddenError("forged_header")
        user = None if self.users is None else self.users.all().get(name)
        if user is None:
            raise ForbiddenError("unknown_user")
        return user


def address_of(request: Request) -> str:
    """Return the address that the connection comes from; headers that claim another are not read."""
    return request.client.host if request.client else ""


def _in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.version == network.version and found in network
