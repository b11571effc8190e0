"""Claim: twenty managers who read at once get the first page of a million debtors within 150 ms each.

`duewise serve` runs in a process of its own on a synthetic night. Twenty readers ask without pause, each on a
connection of its own, first for the first page of the worklist and then for pages that nobody has asked for
before (filtered, sorted and searched otherwise every time). Printed are the median and the 95th percentile of
the time until the last byte, as the readers see it, and the server's largest memory. Refuted by a 95th
percentile of the first page above 150 ms, or by more than 500 MiB.

    python benchmarks/serve.py --debtors 1000000
"""

import argparse
import http.client
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from duewise.config import load_portfolio
from duewise.contracts.vocabulary import Segment, Stage
from synthetic_nights import REGIONS, publish_synthetic_night

NIGHT = date(2026, 6, 1)
READERS = 20


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--debtors", type=int, default=1_000_000)
    arguments.add_argument("--requests", type=int, default=30, help="per reader")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "portfolio.yaml"
        settings = {
            "portfolio": {"name": "serve"},
            "sources": {"path": folder},
            "publish": {"runs": str(Path(folder) / "runs"), "excel": False},
            "serve": {"port": _free_port()},
        }
        file.write_text(yaml.safe_dump(settings))
        publish_synthetic_night(load_portfolio(file), NIGHT, chosen.debtors)
        print(f"{chosen.debtors:,} debtors, {READERS} readers, {chosen.requests} pages each")
        command = [sys.executable, "-m", "duewise.cli", "serve", str(file)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                _measure(server, settings["serve"]["port"], chosen.requests)
            finally:
                server.terminate()


def _measure(server: subprocess.Popen, port: int, requests: int) -> None:
    process = psutil.Process(server.pid)
    print(f"very first page, nothing read yet: {1000 * _first_answer(port):.0f} ms")
    first = read(port, [["/worklist"] * requests] * READERS)
    _tell("first page of the worklist", first)
    _tell("pages that nobody has asked for", read(port, [_unseen(r, requests) for r in range(READERS)]))
    print(f"memory of the server: {process.memory_info().rss / 2**20:.0f} MiB")


def read(port: int, addresses: list) -> np.ndarray:
    """Return the seconds of every request; each reader follows one list of addresses."""
    seconds: list[float] = []
    start = threading.Barrier(len(addresses))

    def reader(paths: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        start.wait()
        for path in paths:
            began = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)
            seconds.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=reader, args=(paths,)) for paths in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(seconds)


def _unseen(reader: int, requests: int) -> list[str]:
    """Return addresses of which hardly two are alike."""
    lots = random.Random(reader)
    views = []
    for _ in range(max(requests // 10, 2)):
        stage, region, segment = lots.choice(list(Stage)), lots.choice(REGIONS), lots.choice(list(Segment))
        kind = lots.choice(
            [
                f"stage={stage}&region={region}&segment={segment}",
                f"region={region}&after={lots.random() * 1000:.3f}~{lots.randrange(1000)}",
                f"q={lots.randrange(10_000):04d}",
                f"sort=owed&stage={stage}&segment={segment}",
            ]
        )
        views.append(f"/worklist?{kind}")
    return views


def _tell(what: str, seconds: np.ndarray) -> None:
    median, high = np.percentile(1000 * seconds, [50, 95])
    print(f"{what}: median {median:.0f} ms, 95% within {high:.0f} ms ({len(seconds)} requests)")


def _first_answer(port: int) -> float:
    """Return the seconds of the first page, once the server listens."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return float(read(port, [["/worklist"]])[0])
        except ConnectionError:
            time.sleep(0.2)
    raise TimeoutError("the server does not answer")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
