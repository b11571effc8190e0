"""What holds for every request: only hosts that we serve, nothing embedded, nothing from elsewhere."""

from collections.abc import Iterable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

LARGEST_BODY = 64 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses foreign hosts and large bodies; adds the security headers to every answer.

    Without the check of the host, a page elsewhere could have its own name point to this machine and read
    the answers.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], tls: bool) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._more = {"Strict-Transport-Security": "max-age=31536000"} if tls else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, **self._more}.items():
                    answer[name] = value
                answer.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(headers)
        if refusal is None:
            await self._app(scope, receive, guarded)
        else:
            status, why = refusal
            log.warning("request_refused", why=why, status=status)
            await PlainTextResponse(f"{why}\n", status)(scope, receive, guarded)

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        if host_name(headers.get("host", "")) not in self._hosts:
            return 421, "This server does not answer to that name."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return 413, "Too much was sent."
        if "transfer-encoding" in headers:
            return 411, "The length of what is sent must be said."
        return None


def host_name(host: str) -> str:
    """Return a Host header without its port.

    Examples
    --------
    >>> host_name("Duewise.example:8040"), host_name("[::1]:8040")
    ('duewise.example', '::1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
