# SPDX-License-Identifier: MIT
"""Discovery: one status for each plugin, loading by name; real distributions in a folder, as pip leaves them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fks_exec import GuardType, PluginError, Plugins, PluginStatus, VenueType, hookimpl
from fks_exec_simulators.distributions import found_in, install

GOOD = """
from fks_exec import GuardType, ObserverType, VenueType, hookimpl

@hookimpl
def fks_exec_venues():
    return [VenueType(name="good", create=object), VenueType(name="futures", create=object)]

@hookimpl
def fks_exec_guards():
    return (GuardType(name="good", create=lambda config: object()),)

@hookimpl
def fks_exec_observers():
    return [ObserverType(name="good", create=lambda config: object())]
"""
UNAVAILABLE = """
from fks_exec import NotSupported
raise NotSupported("the terminal runs on Windows only; run this host there")
"""
MARKED = "from fks_exec import GuardType, VenueType, hookimpl\n@hookimpl\ndef fks_exec_venues():\n    return "


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path; what is imported from it is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def add(folder: Path, name: str, source: str, version: str = "1.0") -> None:
    """Install ``acme-NAME`` with the entry point NAME."""
    install(folder, f"acme-{name}", version, {name: f"mod_{name}"}, {f"mod_{name}.py": source})


def seen(folder: Path, **options: Any) -> Plugins:
    """The plugins of a folder."""
    return Plugins(entry_points=found_in(folder), **options)


def test_listing_imports_nothing(folder: Path) -> None:
    """A plugin that would bring the process down is listed like any other."""
    add(folder, "bomb", "import os\nos._exit(3)\n")
    [info] = seen(folder).infos()
    assert (info.name, info.status, info.distribution, info.version) == ("bomb", PluginStatus.INSTALLED, "acme-bomb", "1.0")
    assert info.target == "mod_bomb"
    assert info.label == "plugin 'bomb' (acme-bomb 1.0)"
    assert "mod_bomb" not in sys.modules


def test_a_type_is_loaded_by_name_and_nothing_else_is(folder: Path) -> None:
    """``x`` is type x of entry point x, ``x/y`` type y of entry point x."""
    add(folder, "good", GOOD)
    add(folder, "bomb", "import os\nos._exit(3)\n")
    plugins = seen(folder)
    assert plugins.venue("good").name == "good"
    assert plugins.venue("good/futures").name == "futures"
    assert plugins.guard("good").name == "good"
    assert plugins.observer("good/good").name == "good"
    assert {info.name: info.status for info in plugins.infos()} == {"bomb": "installed", "good": "loaded"}


def test_a_module_is_collected_once(folder: Path) -> None:
    """Its hooks are not called again for the next name."""
    add(folder, "good", GOOD)
    plugins = seen(folder)
    assert plugins.venue("good") is plugins.venue("good")


def test_a_blocked_plugin_is_not_loaded(folder: Path) -> None:
    """And says why."""
    add(folder, "bomb", "import os\nos._exit(3)\n")
    plugins = seen(folder, block=["bomb"])
    assert plugins.info("bomb").status is PluginStatus.BLOCKED
    assert plugins.load_all()[0].status is PluginStatus.BLOCKED
    with pytest.raises(PluginError, match=r"plugin 'bomb' \(acme-bomb 1.0\) is blocked: the configuration's block names it"):
        plugins.venue("bomb")


def test_a_plugin_that_is_not_allowed_is_not_loaded(folder: Path) -> None:
    """Once there is a list, only what it names may be loaded; block is the stronger of the two."""
    add(folder, "good", GOOD)
    add(folder, "bomb", "import os\nos._exit(3)\n")
    plugins = seen(folder, allow=["good"])
    assert plugins.info("bomb").status is PluginStatus.NOT_ALLOWED
    assert plugins.venue("good")
    with pytest.raises(PluginError, match="is not allowed: the configuration's allow does not name it"):
        plugins.guard("bomb")
    assert seen(folder, allow=["good"], block=["good"]).info("good").status is PluginStatus.BLOCKED
    assert seen(folder, allow=[]).info("good").status is PluginStatus.NOT_ALLOWED


def test_two_distributions_with_one_name_are_a_conflict(folder: Path) -> None:
    """Both are named with their versions, and neither is used: which one was meant?"""
    install(folder, "first-acme", "1.0", {"acme": "one"}, {"one.py": GOOD})
    install(folder, "second-acme", "2.0", {"acme": "two"}, {"two.py": GOOD})
    plugins = seen(folder)
    [info] = plugins.load_all()
    assert info.status is PluginStatus.CONFLICT
    assert "first-acme 1.0 (one)" in info.reason
    assert "second-acme 2.0 (two)" in info.reason
    assert "uninstall one" in info.reason
    with pytest.raises(PluginError, match="is conflict: "):
        plugins.venue("acme")
    assert not {"one", "two"} & set(sys.modules)


def test_a_plugin_of_another_platform_is_unavailable(folder: Path) -> None:
    """No failure: it says where it would run."""
    add(folder, "mt", UNAVAILABLE)
    plugins = seen(folder)
    with pytest.raises(PluginError, match="is unavailable: the terminal runs on Windows only"):
        plugins.venue("mt")
    assert plugins.info("mt").status is PluginStatus.UNAVAILABLE


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import no_such_sdk",
            "ModuleNotFoundError: No module named 'no_such_sdk'; reinstall or remove acme-bad",
        ),
        ("1 / 0", "mod_bad raised ZeroDivisionError"),
        ("def", "mod_bad raised SyntaxError"),
        ("", "implements none of fks_exec_guards, fks_exec_observers, fks_exec_venues"),
        ("def fks_exec_venues():\n    return []\n", "fks_exec_venues is not marked; write @hookimpl above it"),
        (MARKED.replace("venues", "venus") + "[]", "there is no hook fks_exec_venus; did you mean fks_exec_venues?"),
        (MARKED + "VenueType(name='x', create=object)", "fks_exec_venues returns a list of VenueType, not a VenueType"),
        (MARKED + "['x']", "fks_exec_venues returns VenueType records, not a str"),
        (MARKED + "[GuardType(name='x', create=object)]", "fks_exec_venues returns VenueType records, not a GuardType"),
        (MARKED + "[VenueType(name='x', create=object, api=2)]", "'x' speaks contract 2, this fks-exec 1; upgrade fks-exec"),
        (MARKED + "[VenueType(name='x', create=object)] * 2", "fks_exec_venues returns two types named 'x'"),
        (MARKED + "1 / 0", "raised ZeroDivisionError"),
        (MARKED.replace("venues", "journals") + "[]", "implements none of .* (it marks fks_exec_journals)"),
    ],
    ids=range(13),
)
def test_a_broken_plugin_fails_with_its_reason(folder: Path, source: str, reason: str) -> None:
    """One sentence, with plugin, distribution and version when it is looked for."""
    add(folder, "bad", source)
    plugins = seen(folder)
    [info] = plugins.load_all()
    assert info.status is PluginStatus.FAILED
    start, _, end = reason.partition(".*")
    assert start in info.reason
    assert end in info.reason
    with pytest.raises(PluginError, match=r"plugin 'bad' \(acme-bad 1.0\) is failed: "):
        plugins.venue("bad")


def test_a_broken_plugin_keeps_no_other_from_loading(folder: Path) -> None:
    """Before, between and after it."""
    for name in ("aaa", "zzz"):
        add(folder, name, GOOD.replace('"good"', f'"{name}"'))
    add(folder, "bad", "raise RuntimeError('broken')")
    plugins = seen(folder)
    assert [str(info.status) for info in plugins.load_all()] == ["loaded", "failed", "loaded"]
    assert plugins.venue("zzz").name == "zzz"


def test_a_failed_plugin_leaves_none_of_its_types_behind(folder: Path) -> None:
    """Its guards are not there while its venues are refused."""
    add(folder, "bad", GOOD.replace('VenueType(name="futures", create=object)', "5"))
    plugins = seen(folder)
    assert plugins.load_all()[0].status is PluginStatus.FAILED
    assert plugins.manager.get_plugins() == set()
    with pytest.raises(PluginError):
        plugins.guard("bad/good")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ccxt", "unknown venue: plugin 'ccxt' is not installed; run: pip install fks-exec-ccxt"),
        ("mt5/demo", "run: pip install fks-exec-mt5"),
        ("paper", "run: pip install fks-exec-paper"),
        ("nonesuch", r"no plugin named 'nonesuch' is installed \(installed: good\); install the package that brings it"),
        ("papr", r"did you mean paper\? Then run: pip install fks-exec-paper$"),
        ("goood/futures", r"unknown venue: no plugin named 'goood' is installed \(installed: good\); did you mean good\?$"),
    ],
)
def test_an_unknown_venue_says_what_to_install(folder: Path, name: str, text: str) -> None:
    """A first-party one with its command."""
    add(folder, "good", GOOD)
    with pytest.raises(PluginError, match=text):
        seen(folder).venue(name)
    with pytest.raises(PluginError, match="pip install fks-exec-ninja"):
        seen(folder).info("ninja")


def test_a_type_that_the_plugin_does_not_bring_is_told_with_those_it_brings(folder: Path) -> None:
    """A misspelt type is seen at once."""
    add(folder, "good", GOOD)
    with pytest.raises(PluginError, match=r"brings good/futures, good/good, not a venue 'spot'"):
        seen(folder).venue("good/spot")
    add(folder, "only", MARKED + "[VenueType(name='only', create=object)]")
    with pytest.raises(PluginError, match="brings no guard, not a guard 'only'"):
        seen(folder).guard("only")


class OwnGuards:
    """What a host brings itself."""

    @hookimpl
    def fks_exec_guards(self) -> list[GuardType]:
        return [GuardType(name="good", create=str), GuardType(name="confidence", create=str)]


def test_a_hosts_own_types_have_no_prefix(folder: Path) -> None:
    """They come before an entry point of the same name; that one is reached with its prefix."""
    add(folder, "good", GOOD)
    plugins = seen(folder, own="host")
    plugins.register(OwnGuards(), "host")
    assert plugins.guard("confidence").create is str
    assert plugins.guard("good").create is str
    assert plugins.guard("good/good").create is not str
    assert plugins.venue("good").name == "good"
    assert plugins.info("host").label == "plugin 'host'"


def test_a_misspelt_type_is_told_with_its_near_miss(folder: Path) -> None:
    """The host's own, those of its objects, and entry points that may not be loaded."""
    add(folder, "seasons", GOOD)
    for own in ("host", None):
        plugins = seen(folder, own=own, block=["seasons"])
        plugins.register(OwnGuards(), "host")
        with pytest.raises(PluginError, match=r"unknown guard: no plugin named 'confidance' .*; did you mean confidence\?$"):
            plugins.guard("confidance")
        with pytest.raises(PluginError, match=r"did you mean seasons\?$"):
            plugins.guard("season")
        with pytest.raises(PluginError, match="install the package that brings it"):
            plugins.venue("confidance")


def test_the_types_of_an_object_have_no_prefix_either(folder: Path) -> None:
    """What a host passes in code is meant by its plain name; the entry point is reached with its prefix."""
    add(folder, "good", GOOD)
    plugins = seen(folder)
    plugins.register(OwnGuards(), "mine")
    assert plugins.guard("good").create is str
    assert plugins.guard("mine/good").create is str
    assert plugins.guard("good/good").create is not str


def test_an_object_is_registered_under_a_name_of_its_own(folder: Path) -> None:
    """Taken names are refused, and so is an object that implements nothing."""
    add(folder, "good", GOOD)
    plugins = seen(folder)
    with pytest.raises(PluginError, match=r"plugin 'good' \(acme-good 1.0\) is there already"):
        plugins.register(OwnGuards(), "good")
    with pytest.raises(PluginError, match="implements none of"):
        plugins.register(SimpleNamespace(), "mine")
    with pytest.raises(PluginError, match="OwnGuards is a class; pass an instance, not the class"):
        plugins.register(OwnGuards, "mine")
    assert [info.name for info in plugins.infos()] == ["good"]


def test_what_is_installed_is_read_once_and_by_default(folder: Path) -> None:
    """From this process's own path."""
    add(folder, "good", GOOD)
    plugins = Plugins()
    assert plugins.info("good").distribution == "acme-good"
    add(folder, "later", GOOD)
    assert "later" not in [info.name for info in plugins.infos()]
    assert isinstance(plugins.venue("good"), VenueType)


def test_an_entry_point_without_a_distribution_is_listed_too() -> None:
    """As a host may make one."""
    import importlib_metadata

    point = importlib_metadata.EntryPoint(name="bare", value="json", group="fks_exec")
    assert Plugins(entry_points=[point]).info("bare").label == "plugin 'bare'"
