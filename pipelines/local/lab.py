"""JupyterLab beside the services, on loopback, with its token and its files under the data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pipelines.local.preflight import check_port
from pipelines.local.service import LOOPBACK
from pipelines.settings import PROJECT_DIR, Settings, settings


def lab_command(config: Settings) -> list[str]:
    """JupyterLab's command line: the project is its root, the token stays on (Lab prints the address with it)."""
    argv = [sys.executable, "-m", "jupyterlab", f"--ServerApp.ip={LOOPBACK}", f"--ServerApp.port={config.port('lab')}"]
    argv += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={PROJECT_DIR}"]
    if os.geteuid() == 0:
        argv.append("--allow-root")  # in a container one is often root, and Lab would refuse
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        argv.append("--no-browser")
    return argv


def lab_environment(data_dir: Path) -> dict[str, str]:
    """This process's environment with Jupyter's settings, runtime files and IPython history under the data folder."""
    folder = data_dir.absolute() / "lab"
    kept = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    own = {variable: str(folder / name) for variable, name in (kept | {"IPYTHONDIR": "ipython"}).items()}
    return {**os.environ, **own}


def run_lab(config: Settings | None = None) -> int:
    """Run Lab until it ends; its exit code. Raises SetupError if its port is taken."""
    config = config or settings()
    check_port(config.port("lab"), "JupyterLab", config.local_port_base)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for Lab, which asks back
    try:
        # The child must not inherit "ignore".
        child = subprocess.Popen(
            lab_command(config),
            env=lab_environment(config.data_dir),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        return child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
