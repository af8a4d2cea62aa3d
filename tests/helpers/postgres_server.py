"""A real PostgreSQL server for tests, on a Unix socket in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "not-to-be-seen-anywhere"


class PostgresServer:
    """Debian's PostgreSQL, started by an ordinary user; every connection needs the password."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        # It refuses to run as root. Debian's package makes a user of this name.
        self.user = "postgres" if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://tester@/postgres?host={self.folder}"

    @property
    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"

    def run(self, program: str, *arguments: str) -> None:
        finished = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            user=self.user,
            group=self.user,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    def prepare(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if self.user:
            entry = pwd.getpwnam(self.user)
            for path in (self.folder, password):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        options = ("--auth=scram-sha-256", "--pwfile=password", "--username=tester", "--no-sync")
        self.run("initdb", *options, "--locale=C.UTF-8", "--pgdata=data")

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self.run("pg_ctl", "--pgdata=data", "--wait", "--log=log", f"--options={options}", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "--pgdata=data", "--wait", "--mode=immediate", "stop")


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server, or skip the test where there is none (with CI=true: fail)."""
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not (found or installed):
        reason = "needs PostgreSQL (Debian's package `postgresql`), not found"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    programs = (installed[-1] if installed else Path(str(found)).resolve()).parent
    # Where pytest keeps its folders, other users cannot go, and names of sockets must be short.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(programs, folder)
    try:
        server.prepare()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


class CuttingProxy:
    """Passes connections on to a server, and cuts each after so many bytes of its answers.

    `cuts`: how many connections are cut; later ones are not.
    """

    def __init__(self, folder: Path, server: Path, after_bytes: int, cuts: int) -> None:
        self.server = server
        self.after_bytes = after_bytes
        self.cuts = cuts
        self.connections = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / server.name))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            limit = self.after_bytes if self.connections <= self.cuts else None
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.server))
            threading.Thread(target=self._pass, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, limit), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        try:
            while content := source.recv(4096):
                passed += len(content)
                if limit is not None and passed > limit:
                    break
                target.sendall(content)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                end.close()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a program has made a file; it must not end before."""
    deadline = time.monotonic() + 100
    while not path.exists():
        assert process.poll() is None, "ended too early"
        assert time.monotonic() < deadline, "did not come so far"
        time.sleep(0.002)
