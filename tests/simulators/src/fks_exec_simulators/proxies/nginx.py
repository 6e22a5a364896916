# SPDX-License-Identifier: MIT
"""nginx: its configuration is included in one of a process without a master."""

from __future__ import annotations

import re
from pathlib import Path

from .running import Kind

MAIN = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    include nginx.conf;
}
"""


def _files(folder: Path) -> None:
    (folder / "temp").mkdir()
    (folder / "main.conf").write_text(MAIN, "utf-8")


NGINX = Kind(
    name="nginx",
    package="nginx-light",
    line=re.compile(r"^\S+ \[[^\]]+\] (?P<method>[A-Z]+) (?P<path>.*) (?P<status>\d{3}) \d+ [\d.]+s$", re.MULTILINE),
    files=_files,
    words=lambda folder: ("-p", str(folder), "-c", "main.conf"),
)
"""The one of Debian."""
