"""The ranks as tasks of a SLURM allocation: srun starts them, and they find one another."""

import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from spacegrouper.errors import UserError
from spacegrouper.training.launching import Launcher

# Tells a task of srun that it is to be a rank: addresses of the first and the last node, port.
_RENDEZVOUS = "SPACEGROUPER_RENDEZVOUS"
# Above the ports of well-known services, below those a system gives out by itself.
_PORTS = range(10_000, 32_768)
_SECONDS_TO_MEET = 300

_RANK_LINE = re.compile(r" *(?P<rank>\d+): (?P<text>.*)")
_RANK_ENDED = re.compile(r"srun: error: (?P<node>\S+): tasks? (?P<rank>[\d,-]+): (?P<end>.*)")


def srun(ranks: int, environment: Mapping[str, str]) -> Launcher:
    """Return what starts so many ranks on all nodes of the allocation `environment` tells of.

    Raises UserError outside an allocation, without srun, and if the allocation does not fit.
    """
    if "SLURM_JOB_ID" not in environment:
        raise UserError(
            "train.launcher: srun, but this is no SLURM allocation (SLURM_JOB_ID is not set); "
            "submit the command with sbatch, or set it to local"
        )
    program = shutil.which("srun", path=environment.get("PATH"))
    if program is None:
        raise UserError(
            "train.launcher: srun, but there is no srun here; add SLURM's commands to PATH, "
            "or set it to local"
        )
    cpus_per_node, addresses = _allocated_nodes(environment)
    ranks_per_node, cpus_per_rank = share_nodes(ranks, cpus_per_node)
    port = secrets.choice(_PORTS)
    return Launcher(
        (
            program,
            # What the allocation was asked for with is not always known to its steps.
            f"--nodes={len(cpus_per_node)}",
            f"--ntasks={ranks}",
            # srun would not honour an upper limit.
            *([f"--ntasks-per-node={ranks_per_node}"] if ranks_per_node else []),
            f"--cpus-per-task={cpus_per_rank}",
            # Horovod numbers the ranks of a node one after another.
            "--distribution=block",
            # This process may be a step itself, which has all that the allocation has.
            "--overlap",
            "--export=ALL",
            "--mpi=none",
            "--input=none",
            "--kill-on-bad-exit=1",
            "--label",
        ),
        rank_line=_RANK_LINE,
        rank_ended=_RANK_ENDED,
        environment={_RENDEZVOUS: f"{addresses[0]} {addresses[-1]} {port}"},
    )


def share_nodes(ranks: int, cpus_per_node: Sequence[int]) -> tuple[int | None, int]:
    """Return how many ranks each node takes, if all can take equally many, and CPUs for a rank.

    Ranks get as many CPUs as all of them can have.
    Raises UserError if there are fewer ranks than nodes, or fewer CPUs than ranks.
    """
    nodes, cpus = len(cpus_per_node), sum(cpus_per_node)
    if ranks < nodes:
        raise UserError(
            f"train.ranks: {ranks}, but the SLURM allocation has {nodes} nodes; "
            "raise it, or ask SLURM for fewer nodes"
        )
    if ranks > cpus:
        raise UserError(
            f"train.ranks: {ranks}, but the SLURM allocation has {cpus} CPUs; "
            "lower it, or ask SLURM for more CPUs"
        )
    if ranks % nodes == 0 and ranks // nodes <= min(cpus_per_node):
        return ranks // nodes, min(cpus_per_node) // (ranks // nodes)
    return None, max(
        cpus_per_rank
        for cpus_per_rank in range(1, min(cpus_per_node) + 1)
        if sum(there // cpus_per_rank for there in cpus_per_node) >= ranks
    )


def started_by_srun(environment: Mapping[str, str]) -> bool:
    """Tell whether this process is a task that is to become a rank."""
    return _RENDEZVOUS in environment


def become_rank(environment: MutableMapping[str, str]) -> None:
    """Make this task of srun a rank of Horovod, which reads HOROVOD_* in the environment.

    The task of rank 0 serves, until it ends, the addresses at which the ranks meet; the others
    wait until it does. What the environment already says of network interfaces stays.
    Raises UserError if the ranks cannot meet.
    """
    from horovod.runner.common.util.hosts import HostInfo, get_host_assignments
    from horovod.runner.gloo_run import create_slot_env_vars

    first, last, port = environment[_RENDEZVOUS].split()
    node, rank = int(environment["SLURM_NODEID"]), int(environment["SLURM_PROCID"])
    tasks = _expand_counts(environment["SLURM_STEP_TASKS_PER_NODE"])
    hosts = [HostInfo(f"node{number}", count) for number, count in enumerate(tasks)]
    slots = get_host_assignments(hosts, sum(tasks))
    # A node's own name may stand for its loopback, so the first takes the side of the last.
    peer = "127.0.0.1" if len(tasks) == 1 else last if node == 0 else first
    try:
        own = _own_address(peer)
        server = own if node == 0 else socket.gethostbyname(first)
    except OSError as error:
        raise UserError(
            f"{peer}: cannot be reached from node {node} ({error}); the name is SLURM's, see "
            "NodeAddr in `scontrol show node`"
        ) from None
    environment.update(
        create_slot_env_vars(slots[rank]),
        HOROVOD_CONTROLLER="gloo",
        HOROVOD_CPU_OPERATIONS="gloo",
        HOROVOD_GLOO_RENDEZVOUS_ADDR=server,
        HOROVOD_GLOO_RENDEZVOUS_PORT=port,
    )
    if "HOROVOD_GLOO_IFACE" not in environment:
        environment["HOROVOD_GLOO_IFACE"] = _interface(own)
    environment.setdefault("NCCL_SOCKET_IFNAME", environment["HOROVOD_GLOO_IFACE"])
    if rank == 0:
        _serve_addresses(server, int(port), slots)
    else:
        _wait_until_served(server, int(port))


def _expand_counts(text: str) -> list[int]:
    """Return a number for each node out of SLURM's `2(x3),1`."""
    counts = []
    for number, times in re.findall(r"(\d+)(?:\(x(\d+)\))?", text):
        counts += [int(number)] * int(times or 1)
    return counts


def _allocated_nodes(environment: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """Return the CPUs that the allocation has on each node, and the nodes' addresses.

    SLURM is asked, as the environment of a step tells of the step only, and Snakemake's plugin
    leaves nothing in it but the number of the job.
    """
    job = _scontrol(environment, "--details", "show", "job", environment["SLURM_JOB_ID"])
    cpus: list[int] = []
    addresses: list[str] = []
    for nodes, numbers in re.findall(r" Nodes=(\S+) CPU_IDs=(\S+)", job):
        found = re.findall(r" NodeAddr=(\S+)", _scontrol(environment, "show", "node", nodes))
        cpus += [_count_numbers(numbers)] * len(found)
        addresses += found
    if not addresses:
        raise UserError(
            f"train.launcher: srun, but SLURM tells no nodes of job {environment['SLURM_JOB_ID']}; "
            "set it to local to train on one node"
        )
    return cpus, addresses


def _scontrol(environment: Mapping[str, str], *arguments: str) -> str:
    command = ("scontrol", "--oneliner", *arguments)
    try:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        reason = "; ".join(getattr(error, "stderr", str(error)).split("\n")).strip("; ")
        raise UserError(
            f"train.launcher: srun, but `{' '.join(command)}` fails: {reason or error}"
        ) from None


def _count_numbers(text: str) -> int:
    """Return how many numbers there are in SLURM's `0-3,8`."""
    ranges = [part.partition("-") for part in text.split(",")]
    return sum(int(last or first) - int(first) + 1 for first, _, last in ranges)


def _own_address(peer: str) -> str:
    """Return this node's address on the network that leads to a peer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))  # sends nothing
        address: str = probe.getsockname()[0]
    return address


def _interface(address: str) -> str:
    """Return the name of this node's network interface that has an address."""
    import psutil

    for name, addresses in psutil.net_if_addrs().items():
        if any(entry.address == address for entry in addresses):
            return str(name)
    raise UserError(f"no network interface has the address {address}; set HOROVOD_GLOO_IFACE")


def _serve_addresses(address: str, port: int, slots: Sequence[Any]) -> None:
    """Serve Horovod's rendezvous in a thread that ends with this process.

    Horovod's own `RendezvousServer` would listen on all networks, on a port of its choice; it
    asks for no password.
    """
    from horovod.runner.http.http_server import RendezvousHandler, RendezvousHTTPServer

    try:
        server = RendezvousHTTPServer((address, port), RendezvousHandler, verbose=0)
    except OSError as error:
        raise UserError(
            f"{address}: port {port}, chosen at random for the ranks to meet, cannot be used "
            f"({error.strerror}); start the training again"
        ) from None
    server.init(slots)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _wait_until_served(address: str, port: int) -> None:
    # Horovod itself gives up after a second and a half.
    end = time.monotonic() + _SECONDS_TO_MEET
    while True:
        try:
            socket.create_connection((address, port), timeout=5).close()
            return
        except OSError as error:
            if time.monotonic() > end:
                raise UserError(
                    f"{address}: rank 0 cannot be reached on port {port} ({error}) after "
                    f"{_SECONDS_TO_MEET} s; the nodes must reach each other by TCP"
                ) from None
        time.sleep(0.1)
