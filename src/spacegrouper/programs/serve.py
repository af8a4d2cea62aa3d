"""Show a web page on this machine that names the space group of what is dropped on it."""

import socket
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Threshold, log

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CONNECTIONS = 100  # at a time; browsers open six


def main(
    model: Annotated[
        Path | None,
        typer.Option(
            help="folder of the trained network, or of its run; by default structures, patterns "
            "and diffractograms are shown to those that ship",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="address to listen at; 0.0.0.0: all of this machine's")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0: any free one")] = 8000,
    name: Annotated[
        list[str] | None,
        typer.Option(help="a further name of this machine by which browsers may ask for the page"),
    ] = None,
    threshold: Threshold = None,
    maximum_megabytes: Annotated[
        float, typer.Option(min=0.001, max=50, help="size of the files of a crystal, MB")
    ] = 10,
) -> None:
    """Show a web page that names the space group of crystals.

    Files that are dropped on the page, structures, lists of reflections and whatever else
    `spacegrouper predict` takes, are answered there with what was measured or simulated, and the
    answer can be saved as PDF and JSON. Only browsers of this machine can reach the page,
    unless --host says otherwise. Nothing is kept, and no file leaves the machine. Ctrl+C ends it.
    """
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise UserError(
            f"{host}:{port}: cannot listen there ({error.strerror or error}); give another --port "
            "or --host"
        ) from None

    # Imported here, so that --help does not wait for it.
    import uvicorn

    from spacegrouper.prediction.page import Limits, Network, make_app

    network = Network(model, Limits(bytes=round(1e6 * maximum_megabytes)), threshold)
    if host not in _LOOPBACK:
        log.warning(
            "warning: everyone who can reach %s can use the page; it asks for no password, and "
            "what is sent to it is not encrypted",
            host,
        )
    hosts = {*_LOOPBACK, host, *(name or [])}
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    log.info("open %s in a browser; Ctrl+C ends it", address)
    config = uvicorn.Config(
        make_app(network, sorted(hosts)),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=5,
        limit_concurrency=_CONNECTIONS,
    )
    with listening, closing(network):
        uvicorn.Server(config).run(sockets=[listening])
