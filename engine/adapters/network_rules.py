"""Which hosts a workflow may reach. The address that a name resolves to is what counts, at each connection, so that
redirects and names that change their address between two look-ups do not get around it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

from engine.ports.outside import PortError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SHARED = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NetworkRefused(PortError):
    """A connection that the workspace's network rules do not allow."""

    def __init__(self, host: str, address: str, kind: str) -> None:
        place = host if host == address else f"{host} ({address})"
        super().__init__(
            "HttpRequestNodeError",
            f"The request to {place} was refused: it is {kind}, and the network rules of this workspace keep workflows "
            "out of private networks.",
            hint=f"To allow it, add {host} to the allowed hosts in the workspace's network settings.",
        )
        self.code = "network.refused"


def kind_of(address: Address) -> str:
    """Why an address is not public, in words; an empty text for public ones."""
    inner = _embedded(address)
    if inner is not None:
        return kind_of(inner)
    if address.is_loopback:
        return "this machine itself"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return "a reserved address"
    if address.is_private or getattr(address, "is_site_local", False):
        return "a private network"
    if isinstance(address, ipaddress.IPv4Address) and address in _SHARED:
        return "a shared network"
    return ""


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to through mapping or a gateway."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.sixtofour


class NetworkRules:
    """The allow list. Entries are host names (`api.local`), everything below a name (`*.corp.example`), addresses and
    networks (`10.0.0.0/8`), any of the names with a port (`api.local:8080`), or `*` for everything."""

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in allow_hosts:
            text = str(entry).strip().lower().rstrip(".")
            try:
                self._networks.append(ipaddress.ip_network(text.strip("[]"), strict=False))
            except ValueError:
                if text:
                    self._names.add(_ascii(text))

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection to this address, asked for under this name, may be made."""
        if not kind_of(address) or "*" in self._names:
            return True
        name = host.lower().rstrip(".")
        labels = name.split(".")
        spellings = {name, *(f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels)))}
        if any(spelling in self._names or f"{spelling}:{port}" in self._names for spelling in spellings):
            return True
        inner = _embedded(address) or address
        return any(inner in network for network in self._networks if network.version == inner.version)

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to, in the system's order. Raises NetworkRefused when there is
        none among them, and OSError when the name is unknown."""
        try:
            found = [str(ipaddress.ip_address(host.strip("[]")))]
        except ValueError:
            found = await self._look_up(host, port)
        allowed = [text for text in found if self.allows(host, port, _address(text))]
        if found and not allowed:
            raise NetworkRefused(host, found[0], kind_of(_address(found[0])))
        return allowed

    @staticmethod
    async def _look_up(host: str, port: int) -> list[str]:
        name = host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            # RFC 6761, 6.3: these names always mean this machine, also where no hosts file says so.
            return ["127.0.0.1", "::1"]
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _ascii(name: str) -> str:
    """A host name as it is asked for on the wire."""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
