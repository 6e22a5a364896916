# SPDX-License-Identifier: MIT
"""nginx: its configuration is included in one of a process without a master."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from attrs import evolve

from .running import Kind

MAIN = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 8192;
events { worker_connections @CONNECTIONS@; }
http {
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    include nginx.conf;
}
"""


def _files(folder: Path, connections: int = 4096) -> None:
    (folder / "temp").mkdir()
    (folder / "main.conf").write_text(MAIN.replace("@CONNECTIONS@", str(connections)), "utf-8")


NGINX = Kind(
    name="nginx",
    package="nginx-light",
    line=re.compile(r"^\S+ \[[^\]]+\] (?P<method>[A-Z]+) (?P<path>.*) (?P<status>\d{3}) \d+ [\d.]+s$", re.MULTILINE),
    files=_files,
    words=lambda folder: ("-p", str(folder), "-c", "main.conf"),
)
"""The one of Debian."""


def narrow(connections: int) -> Kind:
    """nginx with few connections: that on which it listens, one of each sender, one more of each request that it passes on."""
    return evolve(NGINX, files=partial(_files, connections=connections))
