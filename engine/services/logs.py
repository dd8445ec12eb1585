"""The run log as people browse it: lists with filters that can be kept, comparison of two runs, export of many."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import EnvironmentProblem, UserError
from engine.store.logfilter import PERIODS, SORTS, STATUSES, Cursor, RunFilter

if TYPE_CHECKING:
    from engine.clock import Clock
    from engine.services.compare import RunComparison
    from engine.services.runs import RunService, RunSummary
    from engine.services.settings import SettingsService
    from engine.store.runlog import RunLog

__all__ = ["PERIODS", "SORTS", "STATUSES", "Cursor", "LogPage", "LogService", "RunFilter"]

SAVED = "log_filters"
EXPORT_COLUMNS = (
    "id",
    "app_name",
    "status",
    "created_at",
    "finished_at",
    "elapsed_time",
    "total_tokens",
    "total_price",
    "total_steps",
    "version",
    "triggered_from",
    "query",
    "error",
)
ExportFormat = Literal["jsonl", "csv"]


@dataclass(frozen=True)
class LogPage:
    """Runs in order and where the next page begins (None = no more)."""

    runs: list[RunSummary]
    cursor: Cursor | None


class LogService:
    """Reads only, except for saved filters; every method may be called from any thread."""

    def __init__(
        self, log: Callable[[], RunLog], runs: RunService, settings: Callable[[], SettingsService], clock: Clock
    ) -> None:
        self._log, self._runs, self._settings, self._clock = log, runs, settings, clock

    def _now(self, wanted: RunFilter | None) -> RunFilter:
        """The filter with its period as a time, on the clock of this place."""
        return (wanted or RunFilter()).resolved(self._clock.now().astimezone())

    # -- lists -------------------------------------------------------------------------------------------------------

    def page(
        self,
        wanted: RunFilter | None = None,
        *,
        sort: str = "started",
        up: bool = False,
        cursor: Cursor | None = None,
        limit: int = 50,
    ) -> LogPage:
        """A page of runs. Raises UserError for a sort that does not exist."""
        from engine.services.runs import summary_of
        from engine.store.runlog import cursor_of

        if sort not in SORTS:
            raise UserError(f"There is no order “{sort}”.", code="log.sort", hint=f"One of {', '.join(SORTS)}.")
        rows = self._log().page(self._now(wanted), sort=sort, up=up, cursor=cursor, limit=limit + 1)
        kept = rows[:limit]
        return LogPage([summary_of(row) for row in kept], cursor_of(kept) if len(rows) > limit else None)

    def count(self, wanted: RunFilter | None = None) -> int:
        """How many runs a filter finds."""
        return self._log().count(self._now(wanted))

    def ids(self, wanted: RunFilter) -> list[str]:
        """The ids of every run that a filter finds."""
        return self._log().ids(self._now(wanted))

    def versions(self) -> list[str]:
        """Versions that runs of the log have."""
        return self._log().choices("version")

    def triggers(self) -> list[str]:
        """What started runs of the log."""
        return self._log().choices("triggered_from")

    def conversations(
        self, *, app_id: str = "", keyword: str = "", cursor: tuple[str, str] | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], tuple[str, str] | None]:
        """Conversations of chat flows, the last used first, and where the next page begins."""
        rows = self._log().conversations(app_id=app_id, keyword=keyword, cursor=cursor, limit=limit + 1)
        kept = rows[:limit]
        return kept, (kept[-1]["updated_at"], kept[-1]["id"]) if len(rows) > limit else None

    def compare(self, left: str, right: str) -> RunComparison:
        """Two runs side by side. Raises UserError when one is not in the log."""
        from engine.services.compare import compare_runs

        records = self._runs.get(left), self._runs.get(right)
        return compare_runs(*records, self._runs.events(left), self._runs.events(right))

    # -- saved filters -----------------------------------------------------------------------------------------------

    def saved(self) -> dict[str, RunFilter]:
        """Filters that were kept, by name."""
        kept = self._settings().get(SAVED, {})
        return {name: RunFilter.from_json(data) for name, data in kept.items()} if isinstance(kept, dict) else {}

    def save(self, name: str, wanted: RunFilter) -> None:
        """Keep a filter under a name, instead of one that has it already. Raises UserError without a name."""
        if not name.strip():
            raise UserError("A saved filter needs a name.", code="log.name")
        kept = {n: f.to_json() for n, f in self.saved().items()}
        self._settings().set(SAVED, {**kept, name.strip(): wanted.to_json()})

    def forget(self, name: str) -> None:
        """Drop a saved filter."""
        self._settings().set(SAVED, {n: f.to_json() for n, f in self.saved().items() if n != name})

    # -- export ------------------------------------------------------------------------------------------------------

    def export(
        self,
        run_ids: Sequence[str],
        file: Path,
        kind: ExportFormat = "jsonl",
        *,
        progress: Callable[[int], bool] | None = None,
    ) -> int:
        """Write runs into a file: JSON Lines (a whole run a line) or CSV (a row a run). `progress` hears how many are
        done and stops by answering False; the file is then not written. How many were written.

        Raises EnvironmentProblem when the file cannot be written.
        """
        part = file.with_name(f".{file.name}.part")
        done = 0
        try:
            with part.open("w", encoding="utf-8-sig" if kind == "csv" else "utf-8", newline="") as out:
                lines = self._csv(run_ids, out) if kind == "csv" else self._jsonl(run_ids, out)
                for _ in lines:
                    done += 1
                    if progress is not None and not progress(done):
                        part.unlink()
                        return 0
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise EnvironmentProblem(
                f"{file} cannot be written: {error.strerror or error}", code="log.export"
            ) from error
        return done

    def _jsonl(self, run_ids: Sequence[str], out: Any) -> Iterator[None]:
        for run_id in run_ids:
            with suppress(UserError):  # deleted meanwhile
                out.write(json.dumps(self._runs.export(run_id), ensure_ascii=False, default=str) + "\n")
                yield

    def _csv(self, run_ids: Sequence[str], out: Any) -> Iterator[None]:
        writer = csv.writer(out)
        writer.writerow([*EXPORT_COLUMNS, "inputs", "outputs"])
        for run_id in run_ids:
            try:
                record = self._runs.get(run_id)
            except UserError:  # deleted meanwhile
                continue
            texts = [json.dumps(record[name], ensure_ascii=False, default=str) for name in ("inputs", "outputs")]
            writer.writerow([safe_cell(record.get(name)) for name in EXPORT_COLUMNS] + [safe_cell(t) for t in texts])
            yield


def safe_cell(value: Any) -> str:
    """A value as a cell of a CSV file; a text that a spreadsheet would take for a formula gets a quote in front."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    is_formula = text[:1] in ("=", "@", "\t", "\r") or (text[:1] in "+-" and not _is_number(text))
    return f"'{text}" if text and is_formula else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
