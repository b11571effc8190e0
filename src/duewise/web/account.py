"""Signing in and out, and the choice of language."""

import structlog
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from duewise.contracts.vocabulary import LANGUAGES
from duewise.web.guard import LOOPBACK, host_name
from duewise.web.refusals import TooManyError
from duewise.web.sessions import LONGEST_SECONDS
from duewise.web.site import LANGUAGE_COOKIE, SESSION_COOKIE, address_of
from duewise.web.visit import Visit, keep_cookie, local_target, one_of

log = structlog.get_logger(__name__)

_A_YEAR = 365 * 24 * 3600
_LONGEST_FIELD = 1_000


def sign_in_page(visit: Visit) -> Response:
    """Return the form; straight on where nobody needs it."""
    target = local_target(visit.request.query_params.get("next"))
    if visit.site.users is None:
        return RedirectResponse(target, 303)
    return visit.render("sign_in.html.j2", target=target, failed=False, insecure=_insecure(visit))


def sign_in(visit: Visit, form: FormData) -> Response:
    """Begin a session for whoever knows the password.

    Raises
    ------
    TooManyError
        After too many failures of that name or from that address.
    """
    users, attempts = visit.site.users, visit.site.attempts
    target = local_target(_field(form, "next"))
    if users is None:
        return RedirectResponse(target, 303)
    name, address = _field(form, "name").strip(), address_of(visit.request)
    keys = (f"name:{name}", f"address:{address}")
    if attempts.exhausted(*keys):
        log.warning("sign_in_limited", address=address)
        raise TooManyError("attempts")
    user = users.by_password(name, _field(form, "password"))
    if user is None:
        attempts.failed(*keys)
        log.warning("sign_in_failed", address=address)
        return visit.render("sign_in.html.j2", 401, target=target, failed=True, insecure=_insecure(visit))
    log.info("signed_in", user=user.name, address=address)
    response = RedirectResponse(target, 303)
    keep_cookie(response, SESSION_COOKIE, visit.site.sessions.begin(user.name), LONGEST_SECONDS)
    return response


def sign_out(visit: Visit, form: FormData) -> Response:
    """End the session."""
    visit.site.sessions.end(visit.request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE, httponly=True, secure=True, samesite="lax")
    return response


def choose_language(visit: Visit) -> Response:
    """Remember the language and go back."""
    language = one_of(visit.request.query_params.get("to"), tuple(LANGUAGES))
    response = RedirectResponse(local_target(visit.request.query_params.get("next")), 303)
    keep_cookie(response, LANGUAGE_COOKIE, language, _A_YEAR)
    return response


def _field(form: FormData, name: str) -> str:
    value = form.get(name)
    return value[:_LONGEST_FIELD] if isinstance(value, str) else ""


def _insecure(visit: Visit) -> bool:
    """Whether the browser will drop our cookies, which travel encrypted only."""
    url = visit.request.url
    return url.scheme == "http" and host_name(url.netloc) not in LOOPBACK
