"""Breakpoints and pins of an app stay in the trash with it and go when it is deleted for good."""

from __future__ import annotations

from pathlib import Path

from engine.services.context import Services


def test_what_settings_keep_of_an_app_goes_with_it_for_good(tmp_path: Path) -> None:
    services = Services.open(tmp_path)
    gone, other = (services.workflows.create("workflow", name) for name in ("Gone", "Other"))
    for app_id in (gone, other):
        services.settings.set(f"pins.{app_id}", {"pins": {"2": {"outputs": {"r": 1}}}})
        services.settings.set(f"debug.{app_id}", {"breakpoints": [{"node_id": "2"}]})

    services.workflows.delete(gone)
    assert services.settings.get(f"pins.{gone}", None)
    assert services.settings.get(f"debug.{gone}", None)
    services.workflows.delete_for_good(gone)

    assert services.settings.get(f"pins.{gone}", None) is None
    assert services.settings.get(f"debug.{gone}", None) is None
    assert services.settings.get(f"pins.{other}", None)
    assert services.settings.get(f"debug.{other}", None)
    services.close()
