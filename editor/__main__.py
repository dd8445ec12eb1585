"""`penstock [FILE...]` and `python -m editor`: the studio, or with `--screenshot` a picture of it without a display."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """The command line of the window (architecture 4.1)."""
    made = argparse.ArgumentParser(prog="penstock", description="A desktop studio for Dify-compatible AI workflows.")
    made.add_argument("files", nargs="*", type=Path, metavar="FILE", help="workflow files to open")
    made.add_argument("--data", type=Path, help="the workspace folder")
    made.add_argument("--screenshot", type=Path, metavar="OUT.png", help="render the window on FILE and exit")
    made.add_argument("--size", default="1440x900", help="WxH of the picture")
    made.add_argument("--theme", choices=("dark", "light"), help="theme of the picture")
    made.add_argument("--language", choices=("en", "zh_CN"), help="language of the picture")
    made.add_argument("--select", metavar="NODE", help="select a node")
    made.add_argument(
        "--panel",
        metavar="NAMES",
        help="show panels, parted by commas: palette, variables, problems, history, versions or none; run or trace",
    )
    made.add_argument("--zoom", type=float, help="zoom factor instead of fitting")
    made.add_argument("--scale", type=float, default=1.0, help="device pixels a logical pixel")
    made.add_argument("--run", action="store_true", help="run the workflow first")
    made.add_argument("--inputs", default="{}", help="inputs of that run as JSON or @FILE")
    made.add_argument("--query", default="", help="what is said to a chat flow")
    made.add_argument("--mocks", type=Path, help="JSON file of answers for nodes that are not to run")
    made.add_argument("--associate", action="store_true", help="offer Penstock for workflow files in the file manager")
    made.add_argument("--dissociate", action="store_true", help="take Penstock out of the file manager again")
    made.add_argument("--engine-host", metavar="DIR", help=argparse.SUPPRESS)
    return made


def associate(*, wanted: bool) -> int:
    """Carry out `--associate` or `--dissociate` and say what was done. Exit code 0, or 1 when it failed."""
    from editor import association
    from engine.errors import EnvironmentProblem

    try:
        done = association.install() if wanted else association.uninstall()
    except EnvironmentProblem as error:
        print(f"error: {error} {error.hint}".rstrip(), file=sys.stderr)
        return 1
    print("\n".join(done) or "There was nothing to remove.")
    return 0


def main() -> int:
    """Start what the command line asks for."""
    arguments = parser().parse_args()
    arguments.file = arguments.files[0] if arguments.files else None
    if arguments.engine_host:
        from engine.services.host import serve

        return serve(arguments.engine_host)
    if arguments.associate or arguments.dissociate:
        return associate(wanted=arguments.associate)
    if arguments.screenshot is not None:
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        if arguments.scale != 1.0:
            os.environ["QT_SCALE_FACTOR"] = str(arguments.scale)
        os.environ["PENSTOCK_NO_MOTION"] = "1"
        from editor.screenshot import take

        return take(arguments)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        if os.environ.get("QT_QPA_PLATFORM", "") == "":
            print(
                "There is no display here. Use --screenshot, or python -m engine for work without a window.",
                file=sys.stderr,
            )
            return 2
    from editor.app import run

    return run(arguments.file, arguments.data, arguments.files[1:])


if __name__ == "__main__":
    raise SystemExit(main())
