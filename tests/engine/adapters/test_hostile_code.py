"""Code that wants out: nothing of it gets there, the reason is told, and the next job finds a clean worker."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from engine.adapters.code_pool import CodeFailure, CodePool
from engine.ports.outside import CodeRequest, CodeResult
from engine.run.limits import Limits

Answer = TypeVar("Answer")
LIMITS = replace(Limits(), code_workers=1, code_seconds=4.0)
LINUX = sys.platform == "linux"


def pooled(
    work: Callable[[CodePool], Awaitable[Answer]], limits: Limits = LIMITS, packages: Sequence[str] = ()
) -> Answer:
    async def go() -> Answer:
        pool = CodePool(limits, packages)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(go())


def python(body: str, **inputs: Any) -> CodeRequest:
    source = f"def main({', '.join(inputs)}):\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
    return CodeRequest("python3", source, inputs)


async def fate(pool: CodePool, request: CodeRequest) -> tuple[str, Any]:
    """What became of hostile code: `value` or `error`; afterwards an innocent job must work."""
    try:
        result: CodeResult = await pool.run(request)
        told: tuple[str, Any] = ("value", result.value)
    except CodeFailure as error:
        told = ("error", str(error))
    innocent = await pool.run(python("import json\nreturn {'r': json.loads('[1, 2]'), 'n': len('abc')}"))
    assert innocent.value == {"r": [1, 2], "n": 3}
    return told


HOME = str(Path.home())
REFUSED = {
    "reading the password file": "return {'r': open('/etc/passwd').read()}",
    "reading the home folder": f"import os\nreturn {{'r': os.listdir({HOME!r})}}",
    "reading through pathlib": "from pathlib import Path\nreturn {'r': Path('/etc/hostname').read_text()}",
    "reading through os.open": "import os\nreturn {'r': os.read(os.open('/etc/passwd', 0), 10).decode()}",
    "reading through io": "import io\nreturn {'r': io.FileIO('/etc/passwd').read().decode()}",
    "writing a file": "open('/tmp/penstock-hostile', 'w').write('x')\nreturn {'r': 1}",
    "writing beside itself": "open('here.txt', 'w').write('x')\nreturn {'r': 1}",
    "making a folder": "import os\nos.mkdir('/tmp/penstock-hostile-folder')\nreturn {'r': 1}",
    "starting a program": "import subprocess\nreturn {'r': subprocess.run(['true']).returncode}",
    "a shell": "import os\nreturn {'r': os.system('true')}",
    "another program in its place": "import os\nos.execv('/bin/true', ['true'])\nreturn {'r': 1}",
    "a fork": "import os\nreturn {'r': os.fork()}",
    "a socket": "import socket\ns = socket.create_connection(('127.0.0.1', 1), 1)\nreturn {'r': 1}",
    "a page": "import urllib.request\nreturn {'r': urllib.request.urlopen('http://127.0.0.1:1/').read().decode()}",
    "native code": "import ctypes\nreturn {'r': ctypes.CDLL(None).getpid()}",
    "an import by name": "import importlib\nreturn {'r': importlib.import_module('socket').gethostname()}",
    "an import by dunder": "return {'r': __import__('subprocess').getoutput('id')}",
    "the classes of everything": (
        "found = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']\n"
        "return {'r': found[0].__init__.__globals__['system']('true')}"
    ),
    "the files of other processes": "return {'r': open('/proc/1/environ').read()}",
    "signals": "import os\nos.kill(1, 0)\nreturn {'r': 1}",
    "a limit of its own": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nreturn {'r': 1}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_reaches_out_is_refused_and_said(name: str) -> None:
    what, told = pooled(lambda pool: fate(pool, python(REFUSED[name])))

    assert what == "error", told
    assert told
    assert not Path("/tmp/penstock-hostile").exists()
    assert not Path("/tmp/penstock-hostile-folder").exists()


UNHOOK = """
import sys
frame = sys._getframe()
while frame is not None:
    for value in list(frame.f_locals.values()):
        if type(value).__name__ == 'Guard':
            value.on = False
            value.importing = 1
    frame = frame.f_back
"""


@pytest.mark.skipif(not LINUX, reason="only Linux has a wall behind the hook")
@pytest.mark.parametrize(
    "then",
    [
        "return {'r': open('/etc/passwd').read()}",
        "open('/tmp/penstock-hostile', 'w').write('x')\nreturn {'r': 1}",
        "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', 22))\nreturn {'r': 1}",
        "import os\nreturn {'r': os.fork()}",
        "import os\nos.execv('/bin/true', ['true'])\nreturn {'r': 1}",
    ],
)
def test_behind_the_hook_stands_the_kernel(then: str) -> None:
    what, told = pooled(lambda pool: fate(pool, python(UNHOOK.strip() + "\n" + then)))

    assert what == "error", told
    assert not Path("/tmp/penstock-hostile").exists()


def test_an_endless_loop_is_stopped_and_named() -> None:
    what, told = pooled(lambda pool: fate(pool, python("while True: pass")), replace(LIMITS, code_seconds=0.5))

    assert (what, "longer than 0.5 seconds" in told) == ("error", True)


def test_memory_has_an_end() -> None:
    what, told = pooled(lambda pool: fate(pool, python("x = 'a' * (8 << 30)\nreturn {'r': len(x)}")))
    assert what == "error"
    assert "memory" in told.lower() or "ended" in told


def test_a_fork_bomb_does_not_go_off() -> None:
    lines = ["import os, threading", "done = 0", "for _ in range(50):"]
    for attempt in ("os.fork()", "threading.Thread(target=lambda: None).start()"):
        lines += ["    try:", f"        {attempt}", "        done += 1", "    except BaseException:", "        pass"]

    what, told = pooled(lambda pool: fate(pool, python("\n".join([*lines, "return {'r': done}"]))))

    assert what == "error" or told == {"r": 0} or not LINUX


def test_output_and_result_have_an_end() -> None:
    async def work(pool: CodePool) -> tuple[CodeResult, tuple[str, Any]]:
        printed = await pool.run(python("for _ in range(200000): print('x' * 100)\nreturn {'r': 1}"))
        return printed, await fate(pool, python("return {'r': 'x' * (200 << 20)}"))

    printed, (what, _) = pooled(work)
    assert len(printed.stdout) <= 110_000
    assert what == "error"


@pytest.mark.parametrize("body", ["import sys\nsys.exit(3)", "raise KeyboardInterrupt", "import os\nos._exit(0)"])
def test_leaving_is_an_error_and_nothing_more(body: str) -> None:
    what, told = pooled(lambda pool: fate(pool, python(body)))
    assert (what, bool(told)) == ("error", True)


def test_closed_pipes_cost_only_the_job() -> None:
    what, _ = pooled(lambda pool: fate(pool, python("import os\nos.closerange(0, 64)\nreturn {'r': 1}")))
    assert what == "error"


FORGED = """
import os, json, struct
for number in range(3, 12):
    for text in (b'junk', b'\\xff\\xff\\xff\\xff', struct.pack('>I', 13) + b'{"text": "1"}'):
        try:
            os.write(number, text)
        except OSError:
            pass
return {'r': 1}
"""


def test_junk_in_the_pipe_costs_only_the_job() -> None:
    what, told = pooled(lambda pool: fate(pool, python(FORGED)))
    assert what == "error", told


@pytest.mark.parametrize(
    "body",
    [
        "import json\njson.loads = lambda text: 'mine'\nreturn {'r': 1}",
        "import json\njson.JSONDecoder.decode = lambda self, text: 'mine'\nreturn {'r': 1}",
        "import builtins\nbuiltins.len = lambda thing: 99\nreturn {'r': 1}",
        "import json\njson.dumps = lambda value, **more: '\"mine\"'\nreturn {'r': 1}",
    ],
)
def test_what_one_job_breaks_no_other_meets(body: str) -> None:
    pooled(lambda pool: fate(pool, python(body)))


def test_deep_nesting_is_refused() -> None:
    body = "x = []\nfor _ in range(100000): x = [x]\nreturn {'r': x}"
    what, told = pooled(lambda pool: fate(pool, python(body)))
    assert (what, bool(told)) == ("error", True)


def test_javascript_has_no_way_out_either() -> None:
    async def work(pool: CodePool) -> list[tuple[str, Any]]:
        sources = (
            "function main() { while (true) {} }",
            "function main() { let x = []; while (true) x.push(new Array(1000000).fill('x')); }",
            "function main() { return require('fs').readFileSync('/etc/passwd') }",
            "function main() { return process.env }",
            "function main() { return main() }",
        )
        return [await fate(pool, CodeRequest("javascript", source, {})) for source in sources]

    told = pooled(work, replace(LIMITS, code_seconds=1.0))
    assert [what for what, _ in told] == ["error"] * 5, told


def test_the_environment_is_empty_and_the_level_is_said() -> None:
    os.environ["PENSTOCK_TEST_TOKEN"] = "s3cret"

    async def work(pool: CodePool) -> tuple[Any, str]:
        result = await pool.run(python("import os\nreturn {'r': sorted(os.environ)}"))
        return result.value, pool.level()

    try:
        value, level = pooled(work)
    finally:
        del os.environ["PENSTOCK_TEST_TOKEN"]
    assert "PENSTOCK_TEST_TOKEN" not in value["r"]
    assert "HOME" not in value["r"]
    assert "audit hook" in level
    if LINUX:
        assert "seccomp" in level or "no kernel sandbox" in level


IMPORT_YAML = "import yaml\nreturn {'r': yaml.safe_load('a: 1')}"


def test_only_listed_packages_are_imported() -> None:
    what, told = pooled(lambda pool: fate(pool, python(IMPORT_YAML)))
    assert what == "error"
    assert "import of 'yaml' is not allowed" in told
    assert "settings of the workspace, under Code" in told
    for entry in ("yaml", "PyYAML", "pyyaml"):
        assert pooled(lambda pool: fate(pool, python(IMPORT_YAML)), packages=[entry]) == ("value", {"r": {"a": 1}})


def test_what_a_listed_package_needs_is_allowed_and_no_more() -> None:
    body = "import annotated_types, typing_extensions\nreturn {'r': 1}"
    assert pooled(lambda pool: fate(pool, python(body)), packages=["pydantic"]) == ("value", {"r": 1})
    for packages, refused in (((), body), (("pydantic",), IMPORT_YAML)):
        what, told = pooled(lambda pool, code=refused: fate(pool, python(code)), packages=packages)
        assert (what, "is not allowed" in told) == ("error", True)


def test_what_comes_with_the_sandbox_of_dify_and_needs_no_network_may_be_imported() -> None:
    body = "import jinja2\nreturn {'r': jinja2.Template('{{ a }}').render(a=1)}"
    assert pooled(lambda pool: fate(pool, python(body))) == ("value", {"r": "1"})


def test_a_folder_of_packages_may_be_listed(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text("def twice(n):\n    return 2 * n\n", "utf-8")
    body = "import ours\nreturn {'r': ours.twice(4)}"
    assert pooled(lambda pool: fate(pool, python(body)), packages=[str(tmp_path)]) == ("value", {"r": 8})
    assert pooled(lambda pool: fate(pool, python(body)))[0] == "error"


def test_code_may_try_what_is_not_there() -> None:
    body = "try:\n    import numpy\nexcept ImportError:\n    numpy = None\nreturn {'r': numpy is None}"
    assert pooled(lambda pool: fate(pool, python(body))) == ("value", {"r": True})


def test_the_isolation_in_force_is_told_in_parts() -> None:
    facts = pooled(lambda pool: pool.isolation(), packages=["PyYAML", "no-such-package"])
    assert facts["level"] in ("kernel", "partial", "process")
    assert set(facts["missing"]) == {"Landlock file rules", "seccomp filter"} - set(facts["held"])
    assert facts["packages"] == ["_yaml", "jinja2", "markupsafe", "yaml"]
    assert facts["not_installed"] == ["no-such-package"]
    assert "audit hook" in facts["held"]


TRICKS = {
    "a module of the sandbox": "import worker\nreturn {'r': 1}",
    "the loader by hand": (
        "import importlib.util\nspec = importlib.util.spec_from_file_location('s', '/etc/passwd')\n"
        "return {'r': spec.loader.get_data('/etc/passwd').decode()}"
    ),
    "a module of its own file": (
        "import sys\nsys.path.insert(0, '/tmp')\nimport penstock_hostile_module\nreturn {'r': 1}"
    ),
    "a module out of sys.modules": (
        "import sys\nreturn {'r': [m for m in ('socket', 'subprocess', 'ctypes', '_ctypes', 'resource') "
        "if m in sys.modules] or open('/etc/passwd').read()}"
    ),
    "an extension loaded by hand": "import _imp\nreturn {'r': str(_imp.create_builtin)} if open('/etc/passwd') else {}",
    "code from bytes": (
        "import marshal, types\ncode = compile(\"import socket\\nx = socket.socket()\", 'x', 'exec')\n"
        "exec(marshal.loads(marshal.dumps(code)), {})\nreturn {'r': 1}"
    ),
    "a finder of its own": (
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        open('/etc/passwd').read()\nsys.meta_path.insert(0, Finder())\nimport colorsys\nreturn {'r': 1}"
    ),
    "the hook of a class that is taken away": (
        "for c in object.__subclasses__():\n    if c.__name__ == 'Guard': c.__call__ = lambda self, *a: None\n"
        "return {'r': open('/etc/passwd').read()}"
    ),
    "a subinterpreter": "import _interpreters\nreturn {'r': 1}",
    "the network by asyncio": "import asyncio\nreturn {'r': 1}",
    "memory mapped": "import mmap\nreturn {'r': len(mmap.mmap(-1, 4096))}",
    "a database file": "import sqlite3\nreturn {'r': str(sqlite3.connect('/tmp/penstock-hostile'))}",
    "a link out": "import os\nos.symlink('/etc', 'out')\nreturn {'r': open('out/passwd').read()}",
    "a path with dots": "import sys\nreturn {'r': open(sys.prefix + '/../../../../../../etc/passwd').read()}",
    "threads that stay": (
        "import _thread, time\n_thread.start_new_thread(lambda: time.sleep(60), ())\n"
        "return {'r': open('/etc/passwd').read()}"
    ),
}


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_with_imports_and_the_hook_reach_nothing(name: str) -> None:
    if "hook" in name and not LINUX:
        pytest.skip("only Linux has a wall behind the hook")
    what, told = pooled(lambda pool: fate(pool, python(TRICKS[name])))

    assert what == "error", told
    assert "root:" not in str(told)
    assert not Path("/tmp/penstock-hostile").exists()


@pytest.mark.parametrize(
    "body",
    [
        "d = {}\nfor _ in range(100000): d = {'a': d}\nreturn d",
        "d = {}\nd['a'] = d\nreturn d",
        "def f(): return f()\nreturn f()",
        "return {'r': 10 ** 10 ** 8}",
        "return {'r': '\\ud800' * 10}",
        "import sys\nsys.setrecursionlimit(10 ** 8)\ndef f(n): return f(n + 1)\nreturn {'r': f(0)}",
        "class Odd(dict):\n    def items(self): raise ValueError('no')\nreturn Odd(a=1)",
        "return {'r': float('nan')}",
        "return {1: 2}",
        "return {'r': b'bytes'}",
    ],
)
def test_odd_results_cost_only_the_job(body: str) -> None:
    what, told = pooled(lambda pool: fate(pool, python(body)))
    assert what in ("value", "error")
    assert told


def test_memory_in_many_small_pieces_has_an_end_too() -> None:
    body = "x = []\nwhile True: x.append(bytearray(1 << 20))"
    what, told = pooled(lambda pool: fate(pool, python(body)), replace(LIMITS, code_seconds=20.0))
    assert what == "error"
    assert "memory" in told.lower() or "ended" in told
