"""One request for a page: who asks, in which language, about which night, and how the answer is made."""

import functools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from duewise.contracts.labels import code_label, column_label
from duewise.contracts.vocabulary import LANGUAGES
from duewise.web.formats import Formats
from duewise.web.i18n import chosen_language, translate
from duewise.web.nights import Night
from duewise.web.refusals import BadRequestError, ForbiddenError
from duewise.web.rows import Row
from duewise.web.site import LANGUAGE_COOKIE, SESSION_COOKIE, VISITOR_COOKIE, Site
from duewise.web.users import GIVES_FEEDBACK, SEES_ALL_PAGES, User


@dataclass(frozen=True)
class Visit:
    """A request by somebody who may make it.

    Attributes
    ----------
    user : User or None
        None on the pages before signing in.
    """

    site: Site
    request: Request
    user: User | None

    @cached_property
    def language(self) -> str:
        """Language of the page: as chosen, else the portfolio's."""
        wanted = self.request.cookies.get(LANGUAGE_COOKIE)
        return chosen_language(wanted, self.site.portfolio.portfolio.language)

    @cached_property
    def night(self) -> Night:
        """The night that the address names; the newest where it names none."""
        return self.site.nights.get(self.asked_night)

    @property
    def asked_night(self) -> str | None:
        """The night as the address names it; links keep it, and without one they follow the newest."""
        return self.request.query_params.get("night")

    @cached_property
    def scope(self) -> Mapping[str, tuple[str, ...]]:
        """What the user's team may see."""
        return {} if self.user is None else self.user.scope

    @cached_property
    def formats(self) -> Formats:
        """How the reader sees values of the night."""
        owner = self.site.portfolio.portfolio
        return Formats(self.language, owner.currency, owner.timezone)

    @cached_property
    def visitor(self) -> str:
        """The random cookie that forms are bound to; new where there is none."""
        return self.request.cookies.get(VISITOR_COOKIE) or secrets.token_urlsafe(24)

    @property
    def form_token(self) -> str:
        """What a form must bring back."""
        return self.site.forms.token(self.visitor, self.request.cookies.get(SESSION_COOKIE, ""))

    def check_form(self, form: Mapping[str, Any]) -> None:
        """Refuse a form that no page of ours made for this visitor.

        Raises
        ------
        ForbiddenError
            Always the same answer, whatever is missing.
        """
        token = form.get("form_token")
        visitor = self.request.cookies.get(VISITOR_COOKIE, "")
        session = self.request.cookies.get(SESSION_COOKIE, "")
        if not isinstance(token, str) or not self.site.forms.fits(token, visitor, session):
            raise ForbiddenError("stale_form")

    def speak(self, night: Night, rows: list[Row]) -> list[Row]:
        """Return rows of a list whose two reasons are in the reader's language where the night wrote it."""
        texts = self.site.rows.translated_reasons(night, self.language, [row["debtor_id"] for row in rows])
        spoken = []
        for row in rows:
            reasons, own = texts.get(row["debtor_id"]), night.owner["language"]
            told = []
            for i in (0, 1):
                reason = row[f"reason_{i + 1}"]
                if reason is not None:
                    text = reasons[i] if reasons else None
                    told.append(
                        {**reason, "text": text or reason["text"], "lang": self.language if text else own}
                    )
            spoken.append({**row, "reasons": told})
        return spoken

    def text(self, message: str) -> str:
        """Return `message` in the reader's language."""
        return translate(self.language, message)

    def address(self, path: str, **query: object) -> str:
        """Return a link within the same night; a parameter that is None is left out."""
        pairs = {"night": self.asked_night, **query}
        wanted = urlencode({name: value for name, value in pairs.items() if value is not None})
        return f"{path}?{wanted}" if wanted else path

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        response = HTMLResponse(self.fragment(template, **values), status)
        if VISITOR_COOKIE not in self.request.cookies:
            keep_cookie(response, VISITOR_COOKIE, self.visitor)
        return response

    def fragment(self, template: str, **values: Any) -> Markup:
        """Return a page, or a part of one, as HTML."""
        role = None if self.user is None else self.user.role
        page = _environment(self.language).get_template(template)
        return Markup(
            page.render(
                visit=self,
                user=self.user,
                f=self.formats,
                sees_all=role in SEES_ALL_PAGES,
                gives_feedback=role in GIVES_FEEDBACK,
                **values,
            )
        )


def keep_cookie(response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie that no script reads, that travels encrypted and not with requests from elsewhere."""
    response.set_cookie(name, value, max_age=seconds, httponly=True, secure=True, samesite="lax")


def local_target(target: str | None) -> str:
    """Return a path of this site to go on to; the first page for anything else.

    Examples
    --------
    >>> local_target("/worklist?q=1"), local_target("//evil.example"), local_target("https://evil.example")
    ('/worklist?q=1', '/', '/')
    """
    plain = target or "/"
    if not plain.startswith("/") or plain.startswith(("//", "/\\")) or any(ord(c) < 32 for c in plain):
        return "/"
    return plain


def one_of(value: str | None, allowed: tuple[str, ...]) -> str:
    """Return `value` when it is one of `allowed`.

    Raises
    ------
    BadRequestError
        Otherwise.
    """
    if value not in allowed:
        raise BadRequestError("value")
    return value


@functools.cache
def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("duewise.web", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    say = functools.partial(translate, language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        say, lambda one, many, n: say(one if n == 1 else many), newstyle=True
    )
    environment.filters["label"] = lambda code, kind: code_label(kind, str(code), language)
    environment.filters["name"] = lambda code, kind: _capital(code_label(kind, str(code), language))
    environment.filters["heading"] = lambda column: _capital(column_label(column, language))
    environment.globals["languages"] = LANGUAGES
    environment.globals["language"] = language
    return environment


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
