"""`duewise serve`: check that the page may be shown where it is asked to be, then show it."""

import ipaddress
import socket

import structlog
import uvicorn

from duewise.config import Portfolio
from duewise.errors import ConfigError, DuewiseError
from duewise.web.app import create_app
from duewise.web.site import Site
from duewise.web.users import Users

log = structlog.get_logger(__name__)


def open_site(portfolio: Portfolio) -> Site:
    """Return the site of a portfolio.

    Raises
    ------
    ConfigError
        When it would be open to other machines without anybody signing in, or a file is missing.
    """
    settings = portfolio.serve
    if settings.users is None:
        if not _is_loopback(settings.host):
            raise ConfigError(
                f"serve.host: {settings.host} can be reached from other machines, and nobody would have to "
                "sign in. Add users with `duewise users add` and name their file in serve.users, or keep "
                "127.0.0.1."
            )
        if settings.proxies:
            raise ConfigError(
                "serve.proxies: a proxy names users that nobody knows. Name their file in serve.users."
            )
    if (settings.certificate is None) != (settings.key is None):
        raise ConfigError("serve: certificate and key belong together; one of them is missing.")
    for path in (settings.certificate, settings.key):
        if path is not None and not path.is_file():
            raise ConfigError(f"{path}: no such file; serve.certificate and serve.key name PEM files.")
    if not portfolio.publish.runs.is_dir():
        raise ConfigError(
            f"{portfolio.publish.runs}: no such folder of runs. Run `duewise nightly`, or name it with --out."
        )
    users = None if settings.users is None else Users(settings.users)
    if users is not None and not users.all():
        raise ConfigError(f"{settings.users}: holds no user. Add one with `duewise users add`.")
    return Site(portfolio, users)


def serve(portfolio: Portfolio) -> None:
    """Show the page until the process is told to end.

    Raises
    ------
    ConfigError
        When it may not be shown there; see `open_site`.
    DuewiseError
        When the port is taken.
    """
    settings = portfolio.serve
    site = open_site(portfolio)
    tls = settings.certificate is not None
    listener = _listener(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    log.info("serving", url=f"{'https' if tls else 'http'}://{shown}:{port}/", runs=str(site.runs))
    if not tls and not _is_loopback(settings.host) and not settings.proxies:
        log.warning(
            "serving_without_tls", remedy="name serve.certificate and serve.key, or a proxy that has them"
        )
    config = uvicorn.Config(
        create_app(site),
        log_config=None,
        access_log=False,
        server_header=False,
        # The address of the connection decides whether a proxy is trusted, so no header may change it.
        proxy_headers=False,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise DuewiseError(
            f"serve: cannot listen on {host} port {port} ({error.strerror}); name another with --port."
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
