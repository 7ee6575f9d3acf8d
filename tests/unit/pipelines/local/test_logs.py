"""Which lines of a log an error repeats."""

from __future__ import annotations

from pathlib import Path

from pipelines.local.logs import telling_lines

KAFKA = """\
2026-01-05 INFO starting
2026-01-05 ERROR Exiting Kafka due to fatal exception
java.net.BindException: Address already in use
    at java.base/sun.nio.ch.Net.bind0(Native Method)
    ... 12 more
2026-01-05 INFO shutting down
"""


def test_the_complaint_is_told_and_stack_frames_are_not(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_text(KAFKA)
    assert telling_lines([log]) == (
        str(log),
        [
            "2026-01-05 ERROR Exiting Kafka due to fatal exception",
            "java.net.BindException: Address already in use",
        ],
    )


def test_the_first_file_that_complains_wins_over_one_that_only_talks(tmp_path: Path) -> None:
    (tmp_path / "quiet.log").write_text("INFO all is well\n")
    (tmp_path / "out").write_text("Error: could not find or load main class\n")
    file, lines = telling_lines([tmp_path / "quiet.log", tmp_path / "out"])
    assert (file, lines) == (str(tmp_path / "out"), ["Error: could not find or load main class"])


def test_what_an_earlier_start_complained_of_is_not_repeated(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(KAFKA)
    before = log.stat().st_size
    log.write_text(KAFKA + "INFO second start\n")
    assert telling_lines([log], {str(log): before}) == (str(log), ["INFO second start"])


def test_a_log_rotated_since_the_start_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("ERROR after rotation\n")
    assert telling_lines([log], {str(log): 1_000_000}) == (str(log), ["ERROR after rotation"])


def test_no_log_at_all_is_said_of_the_first_file(tmp_path: Path) -> None:
    assert telling_lines([tmp_path / "none.log"]) == (str(tmp_path / "none.log"), [])
