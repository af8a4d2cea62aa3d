"""How programs end that are interrupted, starved or no longer listened to; each in a process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spacegrouper.programs import command_line
from spacegrouper.programs.command_line import progress, progress_line

# A program like those of scripts/, whose body a test gives.
PROGRAM = """
import logging, os, signal, sys, time
from spacegrouper.programs.command_line import progress, run_program
from spacegrouper.atomic import written_aside
from pathlib import Path

def main(output: Path) -> None:
    {body}

if __name__ == "__main__":
    run_program(main)
"""


def start(folder: Path, body: str) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(PROGRAM.format(body=body))
    return subprocess.Popen(
        [sys.executable, program, folder / "product"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


WRITES_FOR_EVER = """
    with written_aside(output) as aside:
        aside.write_text("half")
        print("begun", flush=True)
        with progress("working", 2):
            time.sleep(100)
"""


@pytest.mark.parametrize("received", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_shells_status_and_nothing_half_written(
    tmp_path: Path, received: signal.Signals
) -> None:
    process = start(tmp_path, WRITES_FOR_EVER)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(received)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + received
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


def test_a_reader_that_has_gone_ends_it_silently(tmp_path: Path) -> None:
    process = start(tmp_path, "[print('line', n) for n in range(1_000_000)]")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=20) == 128 + signal.SIGPIPE


def test_help_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(body="pass"))
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, program, "--help"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[0].startswith("error: No space left on device")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("print('an answer')", 1, "error: standard output is closed; send it to a file, or to /"),
        ("output.write_text('whole')", 0, ""),
        ("raise BrokenPipeError(32, 'Broken pipe')", 1, "error: Broken pipe"),
    ],
)
def test_a_closed_output_is_missed_only_by_what_writes_to_it(
    tmp_path: Path, body: str, status: int, said: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(body=body))
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, program, tmp_path / "product"],
        stderr=subprocess.PIPE, text=True, timeout=20,
    )  # fmt: skip
    assert ended.returncode == status
    assert ended.stderr.startswith(said)
    assert ended.stderr.count("\n") == bool(said)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("bytearray(1 << 60)", "error: out of memory; use fewer threads or workers"),
        ("Path('/none/x').read_text()", "error: /none/x: No such file or directory; check the"),
        ("output.parent.joinpath('program.py/x').mkdir()", "program.py/x: Not a directory; a file"),
    ],
)
def test_what_a_person_can_mend_is_one_line(tmp_path: Path, body: str, line: str) -> None:
    process = start(tmp_path, body)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert line in said
    assert said.count("\n") == 1


def test_the_programs_own_fault_keeps_its_trace(tmp_path: Path) -> None:
    process = start(tmp_path, "{}['key']")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "KeyError" in said


def test_ctrl_c_while_a_program_is_starting_leaves_no_trace(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import spacegrouper.programs.command_line, time\n"
        "print('importing', flush=True); time.sleep(100)\n"
    )
    process = subprocess.Popen(
        [sys.executable, program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == -signal.SIGINT


def test_ctrl_c_ends_processes_that_share_the_work(tmp_path: Path) -> None:
    process = start(
        tmp_path,
        "from spacegrouper.crystals.processes import map_in_order\n"
        "    print('begun', flush=True)\n"
        "    list(map_in_order(time.sleep, [100] * 4, 2))",
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in said


def test_a_log_grows_by_a_line_every_few_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "_SOONEST", 0.01)
    with progress("working", 4) as advance:
        advance(1)
        time.sleep(0.5)
        advance(3)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 1
    assert lines[0].startswith("working: 1 of 4, 0:00:0")
    assert lines[-1].startswith("working: 4 of 4 in 0:00:0")


def test_what_is_left_is_said_where_it_is_known() -> None:
    assert progress_line("a", 25, 100, 30) == "a: 25 of 100, 0:00:30 gone, about 0:01:30 left"
    assert progress_line("a", 0, 100, 5) == "a: 0 of 100, 0:00:05 gone"
    assert progress_line("a", 1200, None, 3700) == "a: 1,200 so far, 1:01:40 gone"
