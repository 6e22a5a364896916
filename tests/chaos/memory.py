# SPDX-License-Identifier: MIT
"""What the senders of alerts remember: each alert, and each answer to it, read from the load's record as it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import define, field, frozen


@frozen(kw_only=True)
class Answer:
    """What a sender was told.

    Args:
        id: the alert's.
        http: the code.
        key: the order's id in the journal; None: nothing was acknowledged.
        status, filled, code: of the order's result.
        time: when the answer came, epoch milliseconds of the machine.
    """

    id: str
    http: int
    key: str | None
    status: str
    filled: str
    code: str
    time: int


@define
class Alert:
    """One alert: what was sent for which account, the order's id, when it was acknowledged first."""

    body: dict[str, Any]
    account: str
    key: str = ""
    acknowledged: int = 0
    answers: list[Answer] = field(factory=list)

    @property
    def ages(self) -> bool:
        """An entry of it may not be sent when it is old; a limit order without a time of its own may."""
        return "limit_price" not in self.body or "timenow" in self.body


@define
class Memory:
    """All alerts, by their id.

    Args:
        path: the load's record.
    """

    path: Path
    alerts: dict[str, Alert] = field(factory=dict)
    answers: int = 0
    _read: int = 0

    def fresh(self) -> list[Answer]:
        """The answers since the last look."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            raw = file.read()
        whole = raw[: raw.rfind(b"\n") + 1]
        self._read += len(whole)
        answers = []
        for line in whole.splitlines():
            content = json.loads(line)
            if "alert" in content:
                body = content["alert"]["body"]
                self.alerts[body["id"]] = Alert(body, content["alert"]["account"])
            else:
                answers.append(Answer(**content["answer"]))
                self._take(answers[-1])
        return answers

    def _take(self, answer: Answer) -> None:
        alert = self.alerts[answer.id]
        alert.answers.append(answer)
        self.answers += 1
        if answer.key and not alert.key:
            alert.key, alert.acknowledged = answer.key, answer.time

    def by_key(self, account: str) -> dict[str, Alert]:
        """The acknowledged alerts for an account, by the order's id."""
        return {alert.key: alert for alert in self.alerts.values() if alert.key and alert.account == account}
