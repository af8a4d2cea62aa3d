import re
import signal
import stat
from pathlib import Path

import pytest

from spacegrouper.dataset.slurm_jobs import check_job_script, slurm_cluster
from spacegrouper.errors import UserError
from spacegrouper.settings import Workers


@pytest.fixture
def accepting_sbatch(tmp_path: Path, monkeypatch) -> Path:
    """An sbatch that takes any job, and leaves what it was given."""
    sbatch = tmp_path / "sbatch"
    sbatch.write_text('#!/bin/sh\ncat > "${0%sbatch}job"\n')
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)  # dask-jobqueue makes a folder for logs
    return tmp_path / "job"


def test_slurm_jobs_ask_for_what_is_set(accepting_sbatch: Path) -> None:
    settings = Workers(
        cluster="slurm", partition="long", account="abc", processes=3, memory="6GB",
        walltime="2-00:30:00",
    )  # fmt: skip
    with slurm_cluster(settings):
        script = accepting_sbatch.read_text()
    for line in ("-p long", "-A abc", "--cpus-per-task=3", "--mem=6G", "-t 2-00:30:00"):
        assert f"#SBATCH {line}" in script
    assert "--nworkers 3" in script


def test_slurm_jobs_get_credentials_that_are_this_users_alone(accepting_sbatch: Path) -> None:
    with slurm_cluster(Workers(cluster="slurm")) as cluster:
        assert cluster.scheduler_address.startswith("tls://")
        script = accepting_sbatch.read_text()
        named = re.findall(r"--tls-(?:ca-file|cert|key) (\S+)", script)
        assert len(named) == 3
        for path in map(Path, named):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert "PRIVATE KEY" not in script
        with cluster._dummy_job.job_file() as job:
            assert stat.S_IMODE(Path(job).stat().st_mode) == 0o600
    assert list(Path("slurm-logs").iterdir()) == []
    assert not Path(job).exists()


def test_signals_end_the_jobs_like_errors(accepting_sbatch: Path) -> None:
    earlier = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, slurm_cluster(Workers(cluster="slurm")):
        signal.raise_signal(signal.SIGTERM)
    assert list(Path("slurm-logs").iterdir()) == []
    assert ended.value.code == 143
    with pytest.raises(KeyboardInterrupt), slurm_cluster(Workers(cluster="slurm")):
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) == earlier


def test_a_job_that_slurm_refuses_is_a_mistake(tmp_path: Path, monkeypatch) -> None:
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'invalid partition' >&2\nexit 1\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"SLURM refuses .* `workers`: invalid partition$"):
        check_job_script("#!/bin/sh\n")


def test_slurm_must_be_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="there is no sbatch here"):
        check_job_script("#!/bin/sh\n")
