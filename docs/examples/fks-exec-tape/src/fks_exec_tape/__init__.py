# SPDX-License-Identifier: MIT
"""An observer that writes the tape: one line of JSON for each event, at the end of a file."""

import json
from pathlib import Path

from attrs import frozen

from fks_exec import Event, ObserverType, hookimpl, to_dict


@frozen(kw_only=True)
class TapeConfig:
    """The ``[observers.NAME]`` table: where the tape is; a relative path starts at the configuration's folder."""

    path: Path = Path("tape.jsonl")


class Tape:
    """Runs in a thread of its own, so that a slow disk holds up no order."""

    def __init__(self, config: TapeConfig) -> None:
        self.file = config.path.open("a", encoding="utf-8")

    @hookimpl
    def observe(self, event: Event) -> None:
        self.file.write(json.dumps({"event": type(event).__name__, **to_dict(event)}) + "\n")
        self.file.flush()

    @hookimpl
    def close(self) -> None:
        self.file.close()


@hookimpl
def fks_exec_observers() -> list[ObserverType]:
    return [ObserverType(name="tape", create=Tape, config=TapeConfig, summary="One line of JSON for each event")]
