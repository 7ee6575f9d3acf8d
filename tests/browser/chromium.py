"""A headless Chromium driven over a pipe by its DevTools protocol: no port, no dependency."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
]  # fmt: skip
DEADLINE_SECONDS = 60

# Chromium reads commands from descriptor 3 and writes answers to 4; copies above 9 keep the two from colliding.
_LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_chromium() -> str | None:
    """The browser's path, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


_CUT_OFF = """
[...document.querySelectorAll('svg text')].filter(word => {
  const own = word.getBoundingClientRect(), drawing = word.ownerSVGElement.getBoundingClientRect();
  return own.width > 0 && (own.left < drawing.left - 1 || own.right > drawing.right + 1);
}).map(word => word.textContent)
"""


@dataclass
class Visit:
    """What a page did and how it lies: its requests beside itself, console errors, widths in CSS pixels.

    `cut_off`: words of plots that stick out of their drawing to the left or right.
    """

    requests: list[str]
    errors: list[str]
    scroll_width: int
    client_width: int
    background: str
    cut_off: list[str]


class Browser:
    """One Chromium process; pages are opened one after the other."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer, self._count = b"", 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """One command and its result; events that come before it are kept."""
        self._count += 1
        number = self._count
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        """Until an event of that name has come."""
        end = time.monotonic() + DEADLINE_SECONDS
        while not any(e.get("method") == method for e in self.events):
            assert time.monotonic() < end, f"no {method} within {DEADLINE_SECONDS} s"
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._from, 1 << 16)
            assert chunk, "Chromium ended"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def visit(self, page: Path, width: int, *, dark: bool = False, open_details: bool = True) -> Visit:
        """Open a file at a width, with all disclosures open, and say what happened."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable", session)
        self.call(
            "Emulation.setDeviceMetricsOverride", session, width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", session, features=features)
        self.events.clear()
        self.call("Page.navigate", session, url=page.as_uri())
        self.wait_for("Page.loadEventFired")
        if open_details:
            self._value(session, "document.querySelectorAll('details').forEach(d => d.open = true)")
        sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        scroll, client = self._value(session, sizes)
        background = self._value(session, "getComputedStyle(document.body).backgroundColor")
        cut_off = self._value(session, _CUT_OFF)
        seen = Visit(self._requests(page), self._errors(), scroll, client, background, cut_off)
        self.call("Target.closeTarget", targetId=target)
        return seen

    def _value(self, session: str, expression: str) -> Any:
        return self.call("Runtime.evaluate", session, expression=expression, returnByValue=True)["result"].get("value")

    def _requests(self, page: Path) -> list[str]:
        sent = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [url for url in sent if url != page.as_uri() and not url.startswith("data:")]

    def _errors(self) -> list[str]:
        logged = [e["params"]["entry"]["text"] for e in self.events if e.get("method") == "Log.entryAdded"]
        thrown = [str(e["params"]) for e in self.events if e.get("method") == "Runtime.exceptionThrown"]
        said = [str(e["params"]) for e in self.events if e.get("method") == "Runtime.consoleAPICalled"]
        return logged + thrown + said


@contextmanager
def running(chromium: str, profile: Path) -> Iterator[Browser]:
    """Chromium with a fresh profile, ended at the end."""
    read_commands, to_browser = os.pipe()
    from_browser, write_answers = os.pipe()
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, str(read_commands), str(write_answers), *command],
        pass_fds=(read_commands, write_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Browser(to_browser, from_browser)
    finally:
        os.close(to_browser)  # Chromium ends when its pipe does
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(from_browser)
