"""The application: which address answers what, for whom, and how a refusal looks."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from duewise.errors import DuewiseError
from duewise.web import account, api, debtor, feedback, overview, tonight, worklist
from duewise.web.guard import LOOPBACK, Guard
from duewise.web.refusals import ForbiddenError, RefusalError, SignInNeededError
from duewise.web.site import Site, address_of
from duewise.web.users import GIVES_FEEDBACK, SEES_ALL_PAGES, Role
from duewise.web.visit import Visit

log = structlog.get_logger(__name__)

Handler = Callable[[Visit], Response]
FormHandler = Callable[[Visit, FormData], Response]

_EVERYBODY = frozenset(Role)
_ANYBODY = None  # signed in or not

_PAGES: dict[str, tuple[Handler, frozenset[Role]]] = {
    "/": (tonight.tonight, _EVERYBODY),
    "/worklist": (worklist.worklist, _EVERYBODY),
    "/worklist.csv": (worklist.as_csv, SEES_ALL_PAGES),
    "/worklist.xlsx": (worklist.as_workbook, SEES_ALL_PAGES),
    "/debtor": (debtor.debtor, _EVERYBODY),
    "/rules": (overview.rules, _EVERYBODY),
    "/models": (overview.models, SEES_ALL_PAGES),
    "/runs": (overview.runs, SEES_ALL_PAGES),
}


def create_app(site: Site) -> Starlette:
    """Return the application that serves `site`."""
    settings = site.portfolio.serve
    routes: list[BaseRoute] = [
        *(Route(path, _page(site, handler, roles)) for path, (handler, roles) in _PAGES.items()),
        Route("/feedback", _form(site, feedback.give, GIVES_FEEDBACK), methods=["POST"]),
        Route("/language", _page(site, account.choose_language, _ANYBODY)),
        Route("/sign-in", _page(site, account.sign_in_page, _ANYBODY), methods=["GET"]),
        Route("/sign-in", _form(site, account.sign_in, _ANYBODY), methods=["POST"]),
        Route("/sign-out", _form(site, account.sign_out, _EVERYBODY), methods=["POST"]),
        *(
            Route(path, _data(site, operation.handler), name=operation.name)
            for path, operation in api.OPERATIONS.items()
        ),
        Mount("/static", StaticFiles(packages=[("duewise.web", "static")])),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(
                Guard,
                hosts=[*LOOPBACK, settings.host, *settings.hosts],
                tls=settings.certificate is not None,
            )
        ],
        exception_handlers={
            404: lambda request, _: _refused(site, request, "page", 404),
            405: lambda request, _: _refused(site, request, "method", 405),
            # The server itself logs what nobody foresaw.
            Exception: lambda request, _: _refused(site, request, "failed", 500),
        },
    )


def _page(site: Site, handler: Handler, roles: frozenset[Role] | None) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return _answered(site, request, lambda: handler(_visit(site, request, roles)))

    return endpoint


def _form(
    site: Site, handler: FormHandler, roles: frozenset[Role] | None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        form = await request.form(max_files=0)

        def handled() -> Response:
            visit = _visit(site, request, roles)
            visit.check_form(form)
            return handler(visit, form)

        return await run_in_threadpool(_answered, site, request, handled)

    return endpoint


def _data(site: Site, handler: Callable[[Visit], object]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(handler(_visit(site, request, _EVERYBODY)))
        except RefusalError as refusal:
            _log_refusal(request, refusal)
            headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
            return JSONResponse({"error": refusal.reason}, refusal.status, headers)

    return endpoint


def _visit(site: Site, request: Request, roles: frozenset[Role] | None) -> Visit:
    if roles is _ANYBODY:
        return Visit(site, request, None)
    user = site.user_of(request)
    if user.role not in roles:
        raise ForbiddenError("role")
    return Visit(site, request, user)


def _answered(site: Site, request: Request, handled: Callable[[], Response]) -> Response:
    try:
        return handled()
    except SignInNeededError:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': target})}", 303)
    except RefusalError as refusal:
        _log_refusal(request, refusal)
        return _refused(site, request, refusal.reason, refusal.status)
    except DuewiseError as error:
        log.error("page_failed", path=request.url.path, message=str(error))
        return _refused(site, request, "failed", 500)


def _log_refusal(request: Request, refusal: RefusalError) -> None:
    log.warning(
        "request_refused",
        path=request.url.path,
        status=refusal.status,
        why=refusal.reason,
        address=address_of(request),
    )


def _refused(site: Site, request: Request, reason: str, status: int) -> Response:
    """Return the page of a refusal; whoever has signed in keeps his way back."""
    if request.url.path.startswith(api.ROOT):
        return JSONResponse({"error": reason}, status)
    try:
        user = site.user_of(request)
    except RefusalError:
        user = None
    return Visit(site, request, user).render("refused.html.j2", status, reason=reason, status_code=status)
