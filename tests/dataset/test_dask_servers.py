"""What a stranger finds who scans the ports of a cluster that is at work."""

import os
import socket
import ssl
import stat
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, Security

from spacegrouper.dataset.dask_servers import KEEP_MEMORY, credentials_in
from spacegrouper.dataset.workers import dask_cluster
from spacegrouper.settings import Workers


def listening() -> list[tuple[str, int]]:
    """The addresses at which this process and its children listen."""
    process = psutil.Process()
    return [
        connection.laddr[:2]
        for each in (process, *process.children(recursive=True))
        for connection in each.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]


def answer_in_plain(address: tuple[str, int]) -> bytes:
    """What is said to someone who asks for a page."""
    with socket.create_connection(address, timeout=5) as plain:
        plain.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        try:
            return plain.recv(1000)
        except (ConnectionResetError, TimeoutError):
            return b""


def answer_encrypted(address: tuple[str, int], certificate: Path | None) -> bytes:
    """What is said to someone who does not care whom he talks to."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain) as encrypted,
    ):
        return encrypted.recv(1000)


def write_certificate(path: Path, security: Security) -> Path:
    path.write_text(security.tls_client_key + security.tls_client_cert)
    return path


def test_every_port_of_a_local_cluster_asks_for_its_certificate(tmp_path: Path) -> None:
    strangers = write_certificate(tmp_path / "strangers.pem", Security.temporary())
    before = set(listening())
    with dask_cluster(Workers(), processes=1) as cluster, Client(cluster) as client:
        assert client.submit(pow, 2, 5).result() == 32
        own = write_certificate(tmp_path / "own.pem", cluster.security)
        ports = sorted(set(listening()) - before)
        # The scheduler's, the nanny's and the worker's.
        assert len(ports) == 3
        for address in ports:
            assert address[0] == "127.0.0.1"
            # An alert of TLS, if anything.
            assert answer_in_plain(address)[:1] in (b"", b"\x15")
            for certificate in (None, strangers):
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    answer_encrypted(address, certificate)
            assert answer_encrypted(address, own)


def test_scratch_files_are_the_users_alone() -> None:
    with dask_cluster(Workers(), processes=1) as cluster, Client(cluster) as client:
        (worker,) = client.run(lambda dask_worker: dask_worker.local_directory).values()
        for folder in (cluster.scheduler.local_directory, worker):
            modes = [stat.S_IMODE(parent.stat().st_mode) for parent in Path(folder).parents]
            assert 0o700 in modes


def test_credentials_on_disk_are_private_and_end_with_the_body(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    def fail() -> None:
        with credentials_in(tmp_path) as security:
            (folder,) = tmp_path.iterdir()
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            files = list(folder.iterdir())
            assert len(files) == 2
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
            assert security.get_connection_args("worker")["require_encryption"]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_memory_is_kept_for_the_next_arrays() -> None:
    with dask_cluster(Workers(), processes=1) as cluster, Client(cluster) as client:
        for name, value in KEEP_MEMORY.items():
            assert client.submit(os.environ.get, name).result() == str(value)
        assert client.submit(os.environ.get, "OMP_NUM_THREADS").result() == "1"


def test_jobs_tell_dask_to_keep_memory() -> None:
    """As job scripts do: dask takes its settings from the environment, and adds them to its own."""
    name = "DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON"
    said = dask.config.collect_env({name: str(KEEP_MEMORY)})
    assert dask.config.get("distributed.nanny.pre-spawn-environ", config=said) == KEEP_MEMORY
