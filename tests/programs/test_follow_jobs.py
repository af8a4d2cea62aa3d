"""What is shown of jobs that are running, from what Snakemake's log and their own logs say."""

import logging
from pathlib import Path

import pytest

from spacegrouper.programs.follow_jobs import JobFollower


class Following:
    def __init__(self) -> None:
        self.now = 0.0
        self.shown: list[str] = []
        self.follower = JobFollower(self.shown.append, lambda: self.now)

    def tell(self, event: str, **said: object) -> None:
        record = logging.makeLogRecord({"event": event} | said)
        self.follower.handle(record)

    def begin(self, number: int, log: Path, **wildcards: str) -> None:
        self.tell(
            "job_info", jobid=number, rule_name="simulate", wildcards=wildcards, log=[str(log)]
        )

    def after(self, seconds: float) -> list[str]:
        self.now += seconds
        self.shown.clear()
        self.follower.look()
        return self.shown


@pytest.fixture
def following() -> Following:
    return Following()


def test_the_latest_line_of_a_job_is_shown_once(following: Following, tmp_path: Path) -> None:
    log = tmp_path / "3.log"
    following.begin(7, log, block="003")
    assert following.after(5) == []
    log.write_text("begun\nsimulate: 10 of 100\n\n")
    assert following.after(1) == ["simulate 003: 10 of 100"]
    assert following.after(5) == []
    with log.open("a") as file:
        file.write("x" * 10_000 + "\nsimulate: 20 of 100\n")
    assert following.after(1) == ["simulate 003: 20 of 100"]


@pytest.mark.parametrize(
    ("event", "said"), [("job_finished", {"job_id": 7}), ("job_error", {"jobid": 7})]
)
def test_a_job_that_has_ended_is_followed_no_more(
    following: Following, tmp_path: Path, event: str, said: dict[str, int]
) -> None:
    (tmp_path / "a.log").write_text("done\n")
    following.begin(7, tmp_path / "a.log")
    following.tell(event, **said)
    following.tell("progress", done=1, total=2)
    assert following.after(100) == []


def test_no_ten_seconds_pass_in_silence(following: Following, tmp_path: Path) -> None:
    following.begin(1, tmp_path / "none.log", block="000")
    assert following.after(5) == []
    assert following.after(5) == ["simulate 000, at work for 0:00:10: says nothing yet"]
    assert following.after(5) == []
    (tmp_path / "none.log").write_text("compiling")
    assert following.after(4) == ["simulate 000: compiling"]
    assert following.after(10) == ["simulate 000, at work for 0:00:29: compiling"]


def test_of_many_jobs_a_few_are_shown(following: Following, tmp_path: Path) -> None:
    for number in range(5):
        log = tmp_path / f"{number}.log"
        log.write_text("at work")
        following.begin(number, log, block=str(number))
    assert following.after(5) == [f"simulate {n}: at work" for n in range(3)] + ["and 2 other jobs"]
