"""Work on what strangers send, each piece in a process of its own, within bounds.

Readers of files, simulators and networks are written in several languages and by many hands. One
that loops, swallows all memory or crashes ends its own process, and not the program that asked.

To import what answers takes seconds, so it is done once, in a template process that does nothing
else. A worker is a copy of it (fork), made ahead, that prepares itself, answers one question and
ends. The template only imports: threads, which a copy would lack, begin with the first operation.
The fork server of multiprocessing does alike, but its socket lies in the folder of temporary files,
and it is lost once that is gone.
"""

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any

from spacegrouper.errors import UserError

Answering = Callable[[bytes], bytes]

_SECONDS_TO_START = 300  # from a cold disk, with code that has to be compiled
_SECONDS_TO_REACT = 10  # to what takes no time
_LARGEST_FILE = 200_000_000  # bytes, of those a worker writes

# How a worker's messages begin, and what comes instead of one.
_READY, _TAKEN, _ANSWER, _TOO_LARGE, _FAILED = b"R", b"T", b"A", b"M", b"F"
_LATE, _TOO_LONG, _DEAD = b"L", b"O", b"D"
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


class WorkerError(Exception):
    """Why there is no answer, in one line."""


class BoundsError(WorkerError):
    """There is no answer because the question takes more than the bounds allow."""


@dataclass(frozen=True)
class Bounds:
    """What a worker may take for one answer.

    Memory is what the process has asked for to write to (RLIMIT_DATA): what goes beyond fails
    before any of it is used. All addresses (RLIMIT_AS) would count what TensorFlow and CUDA reserve
    and never use. What is resident could only be watched, and may be all of the machine's before
    the next look.

    Args:
        seconds: by the clock.
        memory: bytes beyond what it has when it is ready.
        answer: bytes.
    """

    seconds: float
    memory: int = 4 * 1024**3
    answer: int = 50_000_000


class BoundedProcesses:
    """Workers, one after another; to be used by one thread at a time, and closed.

    `preload` is called in the template, to import what takes long, and `prepare` in each worker. It
    returns what the worker says of itself when it is ready, and the function that answers: bytes,
    so that what a worker sends is never more than text. Both are functions of modules, or partials
    of such.
    """

    def __init__(
        self,
        preload: Callable[[], None],
        prepare: Callable[[], tuple[bytes, Answering]],
        bounds: Bounds,
    ) -> None:
        self._template = _Template(preload, prepare)
        self._bounds = bounds
        self._worker: _Worker | None = None

    def start(self) -> bytes:
        """Make a worker, unless one waits, and return what it says of itself.

        Raises:
            WorkerError: it does not become ready.
        """
        if self._worker is not None and not self._worker.connection.poll():
            return self._worker.said
        # One that has something to say before it was asked has died.
        self._end_worker()
        self._worker = self._template.copy(self._bounds)
        kind, text = self._receive(_SECONDS_TO_START)
        if kind == _READY:
            self._worker.said = text
            return text
        self._end_worker()
        if kind == _FAILED:
            raise WorkerError(text.decode())
        raise WorkerError("the process that works on it does not start; try again in a minute")

    def ask(self, question: bytes) -> bytes:
        """Return a worker's answer, after which it ends.

        Raises:
            WorkerError: there is none.
        """
        try:
            self._hand_over(question)
            kind, text = self._receive(self._bounds.seconds)
        finally:
            exit_code = self._end_worker()
        if kind == _ANSWER:
            return text
        if kind == _FAILED:
            raise WorkerError(text.decode())
        raise self._error(kind, exit_code)

    def _hand_over(self, question: bytes) -> None:
        """Send a question to a worker that takes it; one that waited may have died meanwhile."""
        for _ in range(2):
            self.start()
            assert self._worker is not None
            with contextlib.suppress(OSError):
                self._worker.connection.send_bytes(question)
                if self._receive(_SECONDS_TO_REACT)[0] == _TAKEN:
                    return
            self._end_worker()
        raise WorkerError("no process takes it up; try again in a minute")

    def close(self) -> None:
        """End all processes."""
        self._end_worker()
        self._template.close()

    def _receive(self, seconds: float) -> tuple[bytes, bytes]:
        """Return the kind of a worker's message, and its text.

        The worker is ended when its time is over, so that half a message cannot hold this process.
        """
        assert self._worker is not None
        late = threading.Event()

        def end(pid: int = self._worker.pid) -> None:
            late.set()
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            message = self._worker.connection.recv_bytes(self._bounds.answer)
        except EOFError:
            return _LATE if late.is_set() else _DEAD, b""
        except OSError:
            return _LATE if late.is_set() else _TOO_LONG, b""
        finally:
            timer.cancel()
        return message[:1], message[1:]

    def _error(self, kind: bytes, exit_code: int) -> WorkerError:
        # Libraries in C++ abort where they get no memory.
        if kind == _TOO_LARGE or exit_code == -signal.SIGABRT:
            memory = f"{self._bounds.memory / 1024**3:.2g} GiB"
            return BoundsError(f"takes more than {memory} of memory; give a smaller structure")
        if kind == _LATE:
            return BoundsError(
                f"not done within {self._bounds.seconds:g} s; give a smaller structure"
            )
        if kind == _TOO_LONG:
            return BoundsError("its answer is too large; give a smaller structure")
        ended = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
        return WorkerError(
            f"the process that worked on it was ended ({ended}), by this file or for want of "
            "memory; send it once more, or give a smaller structure"
        )

    def _end_worker(self) -> int:
        """End the worker, if there is one; return its exit code, minus the signal that ended it."""
        worker, self._worker = self._worker, None
        if worker is None:
            return 0
        worker.connection.close()
        return self._template.end(worker.pid)


@dataclass
class _Worker:
    pid: int
    connection: Connection
    said: bytes = b""


class _Template:
    """The process that workers are copies of; it is started when it is needed."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments
        self._process: Any = None
        self._control: Any = None

    def copy(self, bounds: Bounds) -> _Worker:
        """Return a new worker; raises WorkerError if there can be none."""
        try:
            with contextlib.suppress(EOFError, OSError):
                return self._copy(bounds)
            # The template has died, or cannot be copied: another one may do better.
            self.close()
            return self._copy(bounds)
        except EOFError:
            reason = "the process for it ends at its start"
        except OSError as error:
            reason = f"no process can be started for it: {error.strerror or error}"
        self.close()
        raise WorkerError(f"{reason}; see that this machine has memory to spare, and try again")

    def end(self, pid: int) -> int:
        """End a worker and all that it started; return its exit code."""
        try:
            self._control.send(pid)
            return os.waitstatus_to_exitcode(self._receive())
        except (EOFError, OSError):
            # Workers end with the template.
            self.close()
            return -signal.SIGKILL

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._control.close()
        self._process = self._control = None

    def _copy(self, bounds: Bounds) -> _Worker:
        if self._process is None:
            self._start()
        ours, theirs = multiprocessing.Pipe()
        try:
            with theirs:
                self._control.send(bounds)
                send_handle(self._control, theirs.fileno(), self._process.pid)
                pid = self._receive()
        except BaseException:
            ours.close()
            raise
        return _Worker(pid, ours)

    def _start(self) -> None:
        # Not a copy of this process, whose threads may hold locks.
        context = multiprocessing.get_context("spawn")
        self._control, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve_copies, args=(theirs, *self._arguments), daemon=True
        )
        # Ctrl+C goes to all processes of a terminal, but is for this one to act on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._receive(_SECONDS_TO_START)

    def _receive(self, seconds: float = _SECONDS_TO_REACT) -> int:
        """Return what the template says: a number, or the number of a system's error, negative."""
        if not self._control.poll(seconds):
            raise EOFError
        value: int = self._control.recv()
        if value < 0:
            raise OSError(-value, os.strerror(-value))
        return value


def _serve_copies(
    control: Connection,
    preload: Callable[[], None],
    prepare: Callable[[], tuple[bytes, Answering]],
) -> None:
    """Be the template: told bounds, start a worker, whose pipe follows; told a pid, end it.

    A pid is one of a worker that has not been waited for, so that it is nobody else's yet.
    """
    preload()
    control.send(0)
    with contextlib.suppress(EOFError):
        while True:
            told = control.recv()
            if not isinstance(told, Bounds):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(told, signal.SIGKILL)
                control.send(os.waitpid(told, 0)[1])
                continue
            connection = Connection(recv_handle(control))
            try:
                pid = os.fork()
            except OSError as error:
                pid = -(error.errno or 1)
            if pid == 0:
                control.close()
                _work(connection, prepare, told)
            connection.close()
            if pid > 0:
                # Also here, for the worker may not have come to it when it is to be ended.
                with contextlib.suppress(OSError):
                    os.setpgid(pid, pid)
            control.send(pid)


def _work(
    connection: Connection, prepare: Callable[[], tuple[bytes, Answering]], bounds: Bounds
) -> None:
    """Be a worker."""
    message = b""
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        said, answer = prepare()
        connection.send_bytes(_READY + said)
        question = connection.recv_bytes()
        connection.send_bytes(_TAKEN)
        _set_limits(bounds)
        message = _ANSWER + answer(question)
    except MemoryError:
        message = _TOO_LARGE
    except UserError as error:
        message = _FAILED + str(error).encode(errors="replace")
    except (EOFError, BrokenPipeError):  # nobody asks any more
        os._exit(0)
    except BaseException as error:
        # For whoever runs the program; who sent the question sees the line.
        traceback.print_exc()
        failed = f"the program itself fails at it ({type(error).__name__}); please report that"
        message = _FAILED + failed.encode()
    with contextlib.suppress(OSError):
        connection.send_bytes(message)
    os._exit(0)


def _set_limits(bounds: Bounds) -> None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = int(status.split("VmData:")[1].split()[0])
    memory = 1024 * kilobytes + bounds.memory
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
