"""Which addresses are private, what an allow list opens, and that the checked address is the one connected to."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from engine.adapters.http import HttpxClient
from engine.adapters.network_rules import NetworkRefused, NetworkRules, kind_of
from engine.ports.outside import HttpRequest, PortError
from tests.helpers.servers import Reply, serving

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "192.0.2.1",
    "198.18.0.1",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "64:ff9b::808:808",
    "172.32.0.1",
    "100.128.0.1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses(text: str) -> None:
    assert kind_of(ipaddress.ip_address(text))
    assert not NetworkRules().allows("host", 80, ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert kind_of(ipaddress.ip_address(text)) == ""
    assert NetworkRules().allows("host", 80, ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("entry", "host", "address", "allowed"),
    [
        ("api.local", "api.local", "10.0.0.1", True),
        ("API.local.", "api.LOCAL", "10.0.0.1", True),
        ("api.local", "other.local", "10.0.0.1", False),
        ("api.local", "evil-api.local", "10.0.0.1", False),
        ("*.corp.example", "a.b.corp.example", "10.0.0.1", True),
        ("*.corp.example", "corp.example", "10.0.0.1", False),
        ("*.corp.example", "evilcorp.example", "10.0.0.1", False),
        ("api.local:80", "api.local", "10.0.0.1", True),
        ("api.local:81", "api.local", "10.0.0.1", False),
        ("10.0.0.0/8", "anything", "10.9.9.9", True),
        ("10.0.0.0/8", "anything", "192.168.0.1", False),
        ("127.0.0.1", "x", "::ffff:127.0.0.1", True),
        ("::1", "x", "::1", True),
        ("*", "x", "169.254.169.254", True),
        ("", "x", "127.0.0.1", False),
        ("büro.example", "xn--bro-hoa.example", "10.0.0.1", True),
    ],
)
def test_allow_list(entry: str, host: str, address: str, *, allowed: bool) -> None:
    assert NetworkRules([entry]).allows(host, 80, ipaddress.ip_address(address)) is allowed


class Names:
    """A loop's name service that answers each question with the next list of addresses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

        async def getaddrinfo(_loop: Any, host: str, port: int, **_: Any) -> list[Any]:
            self.asked += 1
            return [(0, 0, 0, "", (text, port)) for text in self.answers.pop(0)]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


def fetch(url: str, *allow: str) -> Any:
    async def go() -> Any:
        client = HttpxClient(allow_hosts=allow)
        try:
            return await client.send(HttpRequest("GET", url))
        finally:
            await client.close()

    return asyncio.run(go())


def test_a_name_that_turns_private_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Reply(b"secret")) as server:
        Names(monkeypatch, ["127.0.0.1"])
        with pytest.raises(NetworkRefused) as caught:
            fetch(f"http://innocent.example:{server.port}/")
        assert "innocent.example (127.0.0.1)" in caught.value.message
        assert caught.value.code == "network.refused"
        assert not server.connections


def test_the_address_that_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look-up with another answer never happens."""
    with serving(lambda _: Reply(b"ok")) as server:
        names = Names(monkeypatch, ["127.0.0.1"], ["10.255.255.1"])
        answer = fetch(f"http://name.example:{server.port}/", "name.example")
        assert answer.content == b"ok"
        assert names.asked == 1


def test_of_mixed_addresses_only_the_allowed_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Reply(b"ok")) as server:
        Names(monkeypatch, ["10.255.255.1", "127.0.0.1"])
        assert fetch(f"http://name.example:{server.port}/", "127.0.0.1").content == b"ok"


def test_unknown_names_are_said() -> None:
    with pytest.raises(PortError) as caught:
        fetch("http://no-such-host.invalid/")
    assert caught.value.error_type == "HttpRequestNodeError"
    assert "no-such-host.invalid" in caught.value.message


def test_connections_are_kept() -> None:
    async def go(url: str) -> None:
        client = HttpxClient(allow_hosts=["127.0.0.1"])
        for _ in range(5):
            await client.send(HttpRequest("GET", url))
        await client.close()

    with serving(lambda _: Reply(b"ok")) as server:
        asyncio.run(go(server.url))
        assert len(server.requests) == 5
        assert server.connections == 1


def test_a_client_serves_one_loop_after_the_other() -> None:
    client = HttpxClient(allow_hosts=["127.0.0.1"])

    async def go(url: str) -> int:
        answer = await client.send(HttpRequest("GET", url))
        await client.close()
        return answer.status

    with serving(lambda _: Reply(b"ok")) as server:
        assert [asyncio.run(go(server.url)) for _ in range(2)] == [200, 200]


def test_the_library_is_not_imported_before_the_first_request() -> None:
    import subprocess
    import sys

    code = "import sys, engine.adapters.http, engine.nodes.http_request; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
