"""Which hosts a workflow may reach. The address that a name resolves to is what counts, at each connection, so that
redirects and names that change their address between two look-ups do not get around it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

from engine.ports.outside import PortError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NetworkRefused(PortError):
    """A connection that the workspace's network rules do not allow."""

    def __init__(self, host: str, address: str, kind: str) -> None:
        super().__init__(
            "HttpRequestNodeError",
            f"Requests to {host} are not allowed: {address} is {kind}.",
            hint=f"To allow it, add {host} to the allowed hosts in the workspace's network settings.",
        )


def kind_of(address: Address) -> str:
    """Why an address is not public, in words; an empty text for public ones."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return kind_of(mapped)
    if address.is_loopback:
        return "this machine itself"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return "a reserved address"
    if address.is_private:
        return "a private network"
    if isinstance(address, ipaddress.IPv4Address) and address in ipaddress.ip_network("100.64.0.0/10"):
        return "a shared network"
    return ""


class NetworkRules:
    """The allow list: host names (`api.local`, `*.corp.example`), `host:port`, addresses and networks (`10.0.0.0/8`)."""

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in allow_hosts:
            text = entry.strip().lower()
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                if text:
                    self._names.add(text)

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection to this address, asked for under this name, may be made."""
        if not kind_of(address):
            return True
        name = host.lower().rstrip(".")
        if name in self._names or f"{name}:{port}" in self._names:
            return True
        if any(entry.startswith("*.") and name.endswith(entry[1:]) for entry in self._names):
            return True
        return any(address in network for network in self._networks if network.version == address.version)

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to. Raises NetworkRefused when one of them may not be, and
        OSError when the name is unknown."""
        try:
            literal = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        else:
            addresses = [str(literal)]
        for text in addresses:
            address = ipaddress.ip_address(text.split("%")[0])
            if not self.allows(host, port, address):
                raise NetworkRefused(host, text, kind_of(address))
        return addresses
