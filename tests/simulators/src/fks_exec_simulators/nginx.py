# SPDX-License-Identifier: MIT
"""nginx in front of a host, with the configuration that we ship: unprivileged, on loopback, in a folder of its own."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fks_exec_server.proxies.configurations import Blanks, configuration

PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where distributions put it; /usr/sbin is on no ordinary user's path."""

MAIN = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    include {site};
}}
"""


@frozen(kw_only=True)
class Nginx:
    """One that runs."""

    folder: Path
    port: int
    certificate: Path

    @property
    def url(self) -> str:
        """Without a path."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def context(self) -> ssl.SSLContext:
        """For a client that believes its certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def written(self, until: str, within: float = 5.0) -> str:
        """All that it has written: its logs, what it said, its temporary files.

        Args:
            until: what is waited for: the line of a request is written after its answer.
            within: seconds.
        """
        end = time.monotonic() + within
        while True:
            files = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pem"]
            text = "\n".join(path.read_text("utf-8", "replace") for path in files)
            if until in text or time.monotonic() > end:
                return text
            time.sleep(0.02)


def program(path: str = PATH) -> str:
    """Where nginx is; a test without it fails, since it would test nothing.

    Raises:
        AssertionError: nowhere.
    """
    found = shutil.which("nginx", path=path)
    assert found, "nginx is not installed, and the proxy's configuration cannot be tried; run: apt-get install nginx-light"
    return found


def free_port() -> int:
    """One that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def nginx(folder: Path, upstream: int, blanks: Blanks | None = None) -> Iterator[Nginx]:
    """nginx in front of a port, with our configuration.

    Args:
        blanks: what else is filled into it.
    """
    folder.mkdir()
    (folder / "temp").mkdir()
    certificate, key = _certificate(folder)
    port = free_port()
    filled = evolve(
        blanks or Blanks(),
        domain="localhost",
        certificate=str(certificate),
        key=str(key),
        upstream=f"127.0.0.1:{upstream}",
        listen=f"127.0.0.1:{port}",
        logs=str(folder),
    )
    (folder / "site.conf").write_text(configuration("nginx", filled), "utf-8")
    (folder / "nginx.conf").write_text(MAIN.format(site=folder / "site.conf"), "utf-8")
    command = [program(), "-p", str(folder), "-c", "nginx.conf"]
    with (folder / "said").open("w") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            _listening(process, port, folder)
            yield Nginx(folder=folder, port=port, certificate=certificate)
        finally:
            process.kill()


def _listening(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                problem = f"nginx did not start: {(folder / 'said').read_text('utf-8')}"
                raise AssertionError(problem) from None
            time.sleep(0.02)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A chain of one, for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    return folder / "certificate.pem", folder / "key.pem"
