"""The process that runs user code: one job at a time, framed JSON on two pipes, nothing of the program imported.

It is started as a script with an empty environment and an own working folder. Before the first job it gives up what it
can give up (`harden`), and an audit hook, which Python code cannot take off again, refuses what is left with words.
"""

from __future__ import annotations

import _thread
import builtins
import io
import json
import os
import struct
import sys
import traceback

TYPE_CHECKING = False  # the typing module is not needed here and takes time to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, BinaryIO

REFUSED_EVENTS = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.kill",
    "os.killpg",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.putenv",
    "os.chdir",
    "os.chroot",
    "shutil.",
    "ctypes.",
    "mmap.",
    "ftplib.",
    "http.client.",
    "smtplib.",
    "urllib.",
    "webbrowser.",
    "winreg.",
    "_winapi.",
    "msvcrt.",
    "pty.",
    "fcntl.",
    "resource.",
    "signal.",
    "syslog.",
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
    "cpython.",
    "sqlite3.",
)
REFUSED_MODULES = frozenset(
    (
        "ctypes _ctypes multiprocessing socket _socket ssl subprocess _posixsubprocess pty fcntl resource signal "
        "_signal mmap _winapi winreg msvcrt faulthandler _testcapi code codeop pdb asyncio concurrent socketserver "
        "http ftplib smtplib imaplib poplib telnetlib webbrowser xmlrpc _xxsubinterpreters _interpreters sqlite3 "
        "_sqlite3 dbm tracemalloc _posixshmem readline gc"
    ).split()
)
WORDS = {
    "socket": "network access",
    "subprocess": "starting other programs",
    "ctypes": "native code",
    "multiprocessing": "starting other processes",
}


CLIENTS = frozenset("requests httpx aiohttp urllib3 websocket websockets paramiko pymysql psycopg2 redis".split())


class Refused(Exception):
    """Something that code may not do here."""


class ImportRefused(Refused, ImportError):
    """A module that code may not import; code that tries several is answered as if it were not there."""


class Guard:
    """The audit hook; on while user code runs. `modules` may be imported besides the standard library's."""

    def __init__(self, readable: Sequence[str], modules: Sequence[str] = ()) -> None:
        self.readable = tuple(os.path.realpath(p) + os.sep for p in readable)
        self.modules = frozenset(sys.stdlib_module_names) | {"tzdata", *modules}
        self.on = False
        self.importing = 0

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "import":
            self._import(args[0])
        elif event == "open":
            self._open(args)
        elif event in ("os.listdir", "os.scandir"):
            self._path(args[0] if args and args[0] is not None else ".", "reading the folder")
        elif event.startswith(REFUSED_EVENTS):
            raise Refused(f"{event.replace('.', ' ')} is not allowed in a code node")

    def _import(self, name: object) -> None:
        top = str(name).partition(".")[0]
        if top in REFUSED_MODULES:
            why = WORDS.get(top, "it reaches outside of the sandbox")
            raise ImportRefused(f"import of {top!r} is not allowed in a code node ({why})")
        if top in CLIENTS and top not in self.modules:
            raise ImportRefused(
                f"import of {top!r} is not allowed in a code node (network access); use an HTTP request node"
            )
        if top not in self.modules and not top.startswith("_sysconfigdata"):
            raise ImportRefused(
                f"import of {top!r} is not allowed in a code node: it is not of the standard library. Packages are "
                "allowed in the settings of the workspace, under Code"
            )

    def _open(self, args: tuple[Any, ...]) -> None:
        path, mode, flags = (*args, None, None, 0)[:3]
        if isinstance(path, int):
            raise Refused("opening a file descriptor is not allowed in a code node")
        writing = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))
        if writing or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise Refused(f"writing the file {path!r} is not allowed in a code node")
        self._path(path, "reading the file")

    def _path(self, path: Any, what: str) -> None:
        text = os.fsdecode(path)
        if not (os.path.realpath(text) + os.sep).startswith(self.readable):
            raise Refused(f"{what} {text!r} is not allowed in a code node")


class Output(io.TextIOBase):
    """Printed text, kept up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit, self.length = limit, 0
        self.parts: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text = str(text)
        room = self.limit - self.length
        if room > 0:
            self.parts.append(text[:room])
            self.length += min(len(text), room)
        return len(text)

    def text(self) -> str:
        return "".join(self.parts)


def user_trace(error: BaseException, source: str) -> str:
    """The traceback of the user's own lines, with the text of each."""
    lines = source.split("\n")
    told = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == "<code>" and frame.lineno is not None:
            text = lines[frame.lineno - 1].strip() if frame.lineno <= len(lines) else ""
            told.append(f"  line {frame.lineno}, in {frame.name}: {text}")
    name = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == "<code>":
        told.append(f"  line {error.lineno}: {(error.text or '').strip()}")
    message = f"{name}: {error}" if str(error) else name
    return "\n".join([*told, message]) if told else message


def run_python(job: dict[str, Any], guard: Guard, output: Output) -> dict[str, Any]:
    source = job["source"]
    space: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    known = set(sys.modules)
    guard.on = True
    try:
        exec(compile(source, "<code>", "exec", dont_inherit=True), space)  # noqa: S102 - this is the node's purpose
        main = space.get("main")
        if not callable(main):
            return {"error": "The code defines no function main."}
        result = main(**job["inputs"])
    finally:
        guard.on = False
        sys.stdout, sys.stderr = output, output
        for name in set(sys.modules) - known:
            # The next job imports its own; nothing one job changed in a module stays.
            module = sys.modules[name]
            if not getattr(module, "__spec__", None) or not getattr(module.__spec__, "origin", None):
                del sys.modules[name]
    return {"value": result}


def run_javascript(job: dict[str, Any], output: Output) -> dict[str, Any]:
    import quickjs

    context = quickjs.Context()
    context.set_memory_limit(job["memory"])
    context.set_time_limit(max(1, int(job["seconds"])))
    context.set_max_stack_size(1024 * 1024)
    # The engine cannot call into Python under a time limit, so printed lines are gathered on its own side.
    context.eval(
        "var __lines = [], console = {}; for (const n of ['log','info','warn','error','debug']) console[n] = (...a) => "
        "{ if (__lines.length < 5000) "
        "__lines.push(a.map(x => typeof x === 'string' ? x : JSON.stringify(x)).join(' ')) };"
    )
    try:
        context.eval(job["source"])
        context.set("__inputs", json.dumps(job["inputs"]))
        told = context.eval(
            "typeof main === 'function' ? (JSON.stringify(main(JSON.parse(__inputs))) ?? 'undefined') : ''"
        )
    finally:
        lines = context.eval("__lines.join('\\n')")
        if lines:
            output.write(lines + "\n")
    if told == "":
        return {"error": "The code defines no function main."}
    return {"text": told}


def run(job: dict[str, Any], guard: Guard) -> dict[str, Any]:
    output = Output(job["output_limit"])
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = output, output
    try:
        if job["language"] == "javascript":
            answer = run_javascript(job, output)
        else:
            answer = run_python(job, guard, output)
        if "value" in answer:
            answer = {"text": json.dumps(answer["value"], ensure_ascii=False)}
        if len(answer.get("text", "")) > job["result_limit"]:
            answer = {"error": f"The result is larger than {job['result_limit']} bytes."}
    except MemoryError:
        answer = {"error": "The code used more memory than it may.", "kind": "memory"}
    except BaseException as error:  # user code may raise anything, SystemExit included
        guard.on = False
        answer = {"error": user_trace(error, job["source"])}
    finally:
        sys.stdout, sys.stderr = out, err
    answer["stdout"] = output.text()
    return answer


def harden(memory: int) -> list[str]:
    """Give up rights, as far as this system lets a process do that; answers the list of what holds."""
    held = ["audit hook"]
    try:
        import resource

        for name, value in (
            ("RLIMIT_AS", memory),
            ("RLIMIT_FSIZE", 0),
            ("RLIMIT_CORE", 0),
            ("RLIMIT_NOFILE", 64),
            ("RLIMIT_NPROC", 0),
        ):
            if hasattr(resource, name):
                try:
                    resource.setrlimit(getattr(resource, name), (value, value))
                except (ValueError, OSError):
                    continue
        held.append("limits on memory, files and processes")
    except ImportError:
        pass
    if sys.platform == "linux":
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        try:
            import linux  # type: ignore[import-not-found]

            held.extend(linux.confine())
        except Exception as problem:  # a kernel without these features still runs code, and says so
            held.append(f"no kernel sandbox ({problem})")
        finally:
            sys.path.pop(0)
    for name in list(sys.modules):
        # What was needed to give rights up is not handed on: importing it again is refused.
        if name.partition(".")[0] in REFUSED_MODULES or name == "linux":
            del sys.modules[name]
    return held


WATCHED = ("builtins", "json", "json.encoder", "json.decoder", "re", "math", "datetime", "random", "string", "time",
           "collections", "itertools", "functools", "io", "os", "traceback", "struct", "codecs")  # fmt: skip


class Witness:
    """Notes what the modules that all jobs share looked like, and tells whether a job changed them or left threads."""

    def __init__(self) -> None:
        spaces = [vars(sys.modules[name]) for name in WATCHED if name in sys.modules]
        spaces += [vars(json.JSONEncoder), vars(json.JSONDecoder), vars(Output), vars(Guard)]  # type: ignore[list-item]
        self._seen = [(space, list(space.items())) for space in spaces]
        self._threads = getattr(_thread, "_count")  # noqa: B009 - the only way to ask without importing threading
        self._before = self._threads()

    def changed(self) -> bool:
        """Whether anything is not as it was."""
        if self._threads() > self._before:
            return True
        return any(space.get(key, self) is not value for space, kept in self._seen for key, value in kept)


def read_exactly(stream: BinaryIO, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = stream.read(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def main() -> None:
    settings = json.loads(sys.argv[1])
    source, target = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for name in settings["preload"]:
        try:
            __import__(name)
        except ImportError:
            continue
    for path in settings["packages"]:
        sys.path.append(path)
    guard = Guard([*settings["readable"], os.getcwd()], settings["modules"])
    sys.addaudithook(guard)
    held = harden(settings["memory"])
    hello = json.dumps({"ready": held}).encode()
    target.write(struct.pack(">I", len(hello)) + hello)
    witness = Witness()
    dumps, pack, write = json.dumps, struct.pack, target.write
    while True:
        try:
            (size,) = struct.unpack(">I", read_exactly(source, 4))
            job = json.loads(read_exactly(source, size))
        except EOFError:
            return
        told = run(job, guard)
        told["id"] = job["id"]
        told["worn"] = witness.changed()
        answer = dumps(told).encode()
        write(pack(">I", len(answer)) + answer)
        if told["worn"]:
            return


if __name__ == "__main__":
    main()
