"""A real SLURM on this machine, private to a test session: four nodes that share its loopback."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("salloc", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
NODES = ("cpu1", "cpu2", "gpu1", "gpu2")
# Daemons are not always on the PATH of those who are not root.
PATH = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"))
SECONDS_TO_START = 60
SECONDS_TO_STOP = 60

# What SLURM's nodes have is claimed: more cores and memory than this machine may offer.
SLURM_CONF = """\
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2
MpiDefault=none
ReturnToService=2
# Ended jobs are remembered, so that their states can be asked for.
MinJobAge=86400
KillWait=2
MailProg=/bin/true
GresTypes=gpu
NodeName=DEFAULT State=UNKNOWN CPUs=8 RealMemory=16000
NodeName=cpu[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports[1]},{ports[2]}]
NodeName=gpu[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports[3]},{ports[4]}] Gres=gpu:4
PartitionName=DEFAULT MaxTime=INFINITE State=UP DefMemPerCPU=100
PartitionName=cpu Nodes=cpu[1-2] Default=YES
PartitionName=gpu Nodes=gpu[1-2]
"""

# SLURM counts a GPU by its device file, and any character device will do.
GRES_CONF = "".join(
    f"NodeName=gpu[1-2] Name=gpu File=/dev/{device}\n"
    for device in ("null", "zero", "full", "random")
)

# Its standard input ends when the tests do, be they killed; then it stops what it has started.
KEEPER = """\
cd "$1"
munged --foreground --force --key-file="$1/munge.key" --socket="$1/munge.sock" \\
    --pid-file="$1/munged.pid" --log-file="$1/log/munged.log" --seed-file="$1/munge.seed" \\
    </dev/null >log/munged.out 2>&1 &
daemons=$!
until [ -S munge.sock ]; do kill -0 $daemons || exit 1; sleep 0.05; done
slurmctld -D -c </dev/null >log/slurmctld.out 2>&1 &
daemons="$daemons $!"
for node in $2; do
    slurmd -D -c -N "$node" </dev/null >"log/slurmd-$node.out" 2>&1 &
    daemons="$daemons $!"
done
read -r _
scancel --quiet --user="$(id -un)"
for _ in $(seq 100); do
    [ -n "$(squeue --noheader --format=%i)" ] || break
    sleep 0.1
done
kill $daemons
wait
# What a job has left behind: proctrack/linuxproc loses those whose parent is gone.
for environment in /proc/[0-9]*/environ; do
    process=${environment%/environ}
    process=${process#/proc/}
    [ "$process" = $$ ] || ! grep -qsaF "$1/bin" "$environment" ||
        kill -KILL "$process"
done
"""


@dataclass(frozen=True)
class Slurm:
    """Partitions `cpu` (nodes cpu1-2) and `gpu` (gpu1-2, four GPUs each), 8 CPUs a node."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command where jobs can be submitted, to its end."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=timeout
        )

    def submit(self, *arguments: str | Path) -> str:
        """Submit a job with sbatch; return its number."""
        submitted = self.run("sbatch", "--parsable", *arguments)
        assert submitted.returncode == 0, submitted.stderr
        return submitted.stdout.strip()

    def wait(self, job: str, timeout: float = 120) -> str:
        """Wait until a job has ended; return its state, such as COMPLETED or FAILED."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            state = self.run("squeue", "--noheader", "--states=all", "--format=%T", "--jobs", job)
            if state.stdout.strip() not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"):
                return state.stdout.strip()
            time.sleep(0.1)
        raise TimeoutError(f"job {job} is still {state.stdout.strip()} after {timeout} s")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A SLURM of this session's own, which ends with it, and its jobs do."""
    missing = [name for name in (*DAEMONS, *COMMANDS) if shutil.which(name, path=PATH) is None]
    if missing:
        reason = (
            f"needs SLURM, but there is no {', '.join(missing)}: install slurmctld, slurmd, munge"
        )
        # Where all tests are meant to run, one that does not is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    folder = tmp_path_factory.mktemp("slurm")
    environment = write_configuration(folder)
    with subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", folder, " ".join(NODES)],
        env=environment,
        stdin=subprocess.PIPE,
        start_new_session=True,  # an interrupt from the keyboard is for the tests
    ) as keeper:
        try:
            wait_for_nodes(keeper, folder, environment)
            yield Slurm(folder, environment)
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(SECONDS_TO_STOP)


def write_configuration(folder: Path) -> dict[str, str]:
    """Write all that SLURM reads; return the environment in which its commands find it."""
    for name in ("bin", "log", "state", *(f"spool/{node}" for node in NODES)):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    slurm_conf = folder / "slurm.conf"
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    host = socket.gethostname().partition(".")[0]
    slurm_conf.write_text(
        SLURM_CONF.format(host=host, user=user, folder=folder, ports=free_ports(1 + len(NODES)))
    )
    (folder / "gres.conf").write_text(GRES_CONF)
    # Snakemake's plugin for SLURM takes SLURM_CONF away from its jobs; these give it back.
    for command in COMMANDS:
        wrapper = folder / "bin" / command
        program = shutil.which(command, path=PATH)
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF="{slurm_conf}" exec {program} "$@"\n')
        wrapper.chmod(0o755)
    # Tests that run in a job themselves must not look like it to the SLURM they start.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SBATCH", "SALLOC"))}
    return kept | {"PATH": f"{folder / 'bin'}:{PATH}", "SLURM_CONF": str(slurm_conf)}


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, out of those the system does not give out by itself."""
    ports: list[int] = []
    while len(ports) < count:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as trial:
            if port not in ports and trial.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
    return ports


def wait_for_nodes(
    keeper: subprocess.Popen[bytes], folder: Path, environment: dict[str, str]
) -> None:
    """Wait until all nodes take jobs."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and keeper.poll() is None:
        idle = subprocess.run(
            ["sinfo", "--noheader", "--Node", "--states=idle", "--format=%N"],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        if set(NODES) <= set(idle.stdout.split()):
            return
        time.sleep(0.1)
    logs = "".join(f"{log.name}: {log.read_text()[-2000:]}\n" for log in folder.glob("log/*"))
    pytest.fail(f"the private SLURM does not start:\n{logs}")
