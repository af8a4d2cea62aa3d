"""horovodrun for the ranks of one machine, which asks nothing of the network.

Horovod's own lets its ranks meet at a port of all the machine's addresses, whoever comes there.
"""

import sys
from collections.abc import Callable
from typing import Any

from horovod.runner.http import http_server
from horovod.runner.launch import run_commandline

find_port = http_server.find_port


def find_loopback_port(serve: Callable[[tuple[str, int]], Any]) -> tuple[Any, int]:
    """Start a server at a free port, as Horovod's own does, but of the loopback interface only."""
    server, port = find_port(lambda address: serve(("127.0.0.1", address[1])))
    return server, port


if __name__ == "__main__":
    http_server.find_port = find_loopback_port
    try:
        run_commandline()
    except RuntimeError as error:
        # A rank that has failed has said why.
        print(f"horovodrun: {str(error).splitlines()[0]}", file=sys.stderr)
        sys.exit(1)
