"""Who may see the managers' page, and where: `serve`."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from duewise.config.section import Section


class ServeSection(Section):
    """The managers' page."""

    host: str = Field("127.0.0.1", description="Address to listen on; any but this machine needs `users`.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8040, description="Port; 0 takes a free one.")
    hosts: list[str] = Field(
        default_factory=list, description="Names by which browsers may call the server, beside its address."
    )
    users: Path | None = Field(
        None, description="File of users, kept by `duewise users`; null: whoever is on this machine may read."
    )
    proxies: list[str] = Field(
        default_factory=list, description="Addresses or networks whose `proxy_header` names the user."
    )
    proxy_header: str = Field("X-Remote-User", description="Header in which a listed proxy names the user.")
    certificate: Path | None = Field(None, description="TLS certificate (PEM); null: no TLS of its own.")
    key: Path | None = Field(None, description="Private key of the certificate (PEM).")

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for address in value:
            ipaddress.ip_network(address)
        return value
