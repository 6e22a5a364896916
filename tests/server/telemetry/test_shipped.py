# SPDX-License-Identifier: MIT
"""What is shipped for Prometheus and Grafana speaks of metrics that are there, and every metric is documented."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from fks_exec.model.events import RateBudget
from fks_exec_hub import AccountStatus
from fks_exec_server.telemetry.labels import known_codes
from fks_exec_server.telemetry.metrics import STAGES, Metrics
from fks_exec_server.telemetry.standing import Moment, Standing

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs/telemetry.md").read_text("utf-8")
RULES = files("fks_exec_server.telemetry").joinpath("alerts.yml").read_text("utf-8")
DASHBOARD = json.loads(files("fks_exec_server.telemetry").joinpath("dashboard.json").read_text("utf-8"))
EXPRESSIONS = dict(re.findall(r"- alert: (\w+)\n +expr: (.+)\n", RULES))
SUMMARIES = re.findall(r'summary: "(.+)"\n', RULES)
NAME = re.compile(r"\b(?:fks_exec|process)_[a-z_]+")


def promtool(*words: str, folder: Path) -> str:
    """What promtool says. Missing, it is a failure: an unchecked rule is silent in the night when it should speak."""
    tool = shutil.which("promtool")
    assert tool is not None, "promtool is missing; install Prometheus: apt-get install prometheus (Debian), or put it on PATH"
    done = subprocess.run([tool, *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped rules beside what tries them."""
    (tmp_path / "alerts.yml").write_text(RULES, "utf-8")
    shutil.copy(HERE / "alerts.test.yml", tmp_path)
    return tmp_path


def test_the_rules_are_rules(folder: Path) -> None:
    """As Prometheus reads them."""
    assert "SUCCESS: 14 rules found" in promtool("check", "rules", "alerts.yml", folder=folder)


def test_each_rule_speaks_when_it_should_and_is_silent_when_it_should_not(folder: Path) -> None:
    """On series that are made for it."""
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml", folder=folder)


def test_each_rule_is_tried_both_ways() -> None:
    """A rule that is not tried may never speak."""
    tried = (HERE / "alerts.test.yml").read_text("utf-8")
    cases = re.findall(r"alertname: (\w+),?\s+exp_alerts:( \[\])?", tried)
    assert {name for name, none in cases if not none} == set(EXPRESSIONS)
    assert {name for name, none in cases if none} == set(EXPRESSIONS)


@pytest.fixture
def known() -> dict[str, tuple[str, ...]]:
    """Every sample's name that a host tells, with its labels."""
    metrics = Metrics(codes=known_codes(), accounts=["main"], callers=["tv"])
    budget = RateBudget(account="main", time=1, used=0.5)
    status = AccountStatus(name="main", venue="v", ready=True, reason="", live=False, currency=None, required=False)
    moment = Moment(accounts=[status], budgets={"main": budget}, dropped={"telemetry": 0})
    metrics.registry.register(Standing(lambda: moment))
    metrics.request("webhook", "200", 0.1)
    metrics.alert("tv", "", 1.0)
    metrics.order("main", child=False, status="filled")
    metrics.denial("main", "STALE")
    metrics.alarm("main", "CORRECTION")
    metrics.unprotected("main", 1.0)
    for stage in STAGES:
        metrics.stage(stage, 0.1)
    samples = [line for line in metrics.text().decode().splitlines() if line and not line.startswith("#")]
    return {line.partition("{")[0].partition(" ")[0]: tuple(re.findall(r'(\w+)="', line)) for line in samples}


def test_rules_and_dashboard_name_only_metrics_that_are_told(known: dict[str, tuple[str, ...]]) -> None:
    """Else an alert would never come, or a panel be empty for ever."""
    named = set(NAME.findall("\n".join(EXPRESSIONS.values()))) | set(NAME.findall(text(DASHBOARD)))
    assert len(named) > 15
    assert named - set(known) == set()


def text(value: object) -> str:
    """All queries of a dashboard."""
    if isinstance(value, dict):
        return "\n".join(
            text(each) for name, each in value.items() if name in ("expr", "query") or isinstance(each, dict | list)
        )
    return "\n".join(map(text, value)) if isinstance(value, list) else str(value)


def test_every_metric_of_ours_stands_in_the_dashboard(known: dict[str, tuple[str, ...]]) -> None:
    """Its name without what a histogram appends."""
    shown = {plain(name) for name in NAME.findall(text(DASHBOARD))}
    assert {plain(name) for name in known if name.startswith("fks_exec")} - shown == set()


def plain(name: str) -> str:
    """The name of a histogram for those of its parts."""
    return re.sub(r"_(bucket|count|sum)$", "", name)


def documented() -> dict[str, set[str]]:
    """The page's table: names, and their labels."""
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith(("| `fks_exec_", "| `process_"))]
    return {row[1].strip().strip("`"): set(re.findall("`([a-z]+)`", row[2])) for row in rows}


def test_every_metric_is_documented_and_no_other(known: dict[str, tuple[str, ...]]) -> None:
    """With its labels."""
    labels = {plain(name): set(found) - {"le"} for name, found in known.items() if not name.startswith("process_")}
    assert {name: found for name, found in documented().items() if not name.startswith("process_")} == labels
    assert {name for name in known if name.startswith("process_")} == {n for n in documented() if n.startswith("process_")}


def test_every_rule_is_documented() -> None:
    """With what to do."""
    assert [name for name in EXPRESSIONS if f"| `{name}` |" not in PAGE] == []
    assert len(SUMMARIES) == len(EXPRESSIONS)
    assert all(re.search(r"[a-z0-9.]$", summary) for summary in SUMMARIES)


def test_the_panels_of_the_dashboard_do_not_lie_upon_each_other() -> None:
    """And each asks the source that its user chooses."""
    places: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        assert not cells & places, panel["title"]
        assert max(x for x, _ in cells) < 24
        assert panel["datasource"]["uid"] == "${datasource}"
        places |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_both_files_come_with_the_package() -> None:
    """As data of the wheel: hatch takes all that lies in the package."""
    folder = Path(str(files("fks_exec_server.telemetry")))
    assert {path.name for path in folder.iterdir() if path.suffix in (".yml", ".json")} == {"alerts.yml", "dashboard.json"}
