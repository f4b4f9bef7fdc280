"""conftest.py - a real `belfry serve` for each module of tests, on a free port, in a folder of its own."""
import contextlib
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pg_lab
import pytest
import requests

BELFRY = os.environ.get("BELFRY") or str(Path(__file__).parents[2] / "build/dev/belfry")
START_SECONDS = 60  # on a busy machine and under sanitizers
STOP_SECONDS = 60

MAIN_PY = """import sys


def call(*args, **kwargs):
    print("called with", list(args))
    print("and to stderr", file=sys.stderr)
"""


def children(process):
    """Those that a process has, once it is stopped: it may be about to start one."""
    os.kill(process, signal.SIGSTOP)
    end = time.monotonic() + 20
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "TZ" and time.monotonic() < end:
        time.sleep(0.005)
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


class Server:
    """One server process: start, stop, requests to it, its job folders and its log."""
    program = BELFRY

    def __init__(self, home, *options):
        self.home = Path(home)
        self.jobs = self.home / "jobs"
        self.jobs.mkdir(parents=True, exist_ok=True)
        self.db = self.home / "belfry.db"
        self.log = self.home / "server.log"
        self.options = options
        self.environment = {}  # more of it, and (None) less of it
        self.preexec = None    # called in the child before belfry begins
        self.orphans = []      # processes whose keepers have been ended
        self.process = None
        self.url = None
        self.session = requests.Session()
        self.session.trust_env = False

    def start(self):
        log = open(self.log, "ab")
        env = {**os.environ, "TZ": "UTC", "BELFRY_ON_STOP": "end", **self.environment}
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", "127.0.0.1:0", "--db", str(self.db), "--jobs-dir", str(self.jobs), *self.options],
            stdout=subprocess.PIPE, stderr=log, cwd=self.home, preexec_fn=self.preexec,
            env={name: value for name, value in env.items() if value is not None})
        log.close()
        self.url = self._wait_for_url()
        return self

    def _wait_for_url(self):
        end, text = time.monotonic() + START_SECONDS, b""
        while time.monotonic() < end:
            ready, _, _ = select.select([self.process.stdout], [], [], 0.5)
            if ready:
                piece = os.read(self.process.stdout.fileno(), 4096)
                text += piece
                found = re.search(rb"(http://[^\s/]+)\S*\s", text)
                if found:
                    return found.group(1).decode()
                if not piece:
                    break
        raise AssertionError(f"no server: {text!r}\n{self.read_log()}")

    def stop(self):
        """Ends it in order; its exit status."""
        if not self.process:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def end_keepers(self, is_sure=False):
        """Ends what looks after processes without a server, not these. is_sure: there is one, or will be."""
        end = time.monotonic() + 20
        while is_sure and not self.keepers() and time.monotonic() < end:
            time.sleep(0.05)
        for keeper, socket in self.keepers():
            try:
                if b"keep" in Path(f"/proc/{keeper}/cmdline").read_bytes():  # not of another that has its number
                    self.orphans += children(keeper)
                    os.kill(keeper, signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                pass
            socket.unlink(missing_ok=True)

    def keepers(self):
        """Their numbers and sockets; those of a node lie in a folder of its name."""
        return [(int(socket.suffix[1:]), socket) for socket in self.home.glob("*.runs/keeper.[0-9]*")]

    def clear_away(self):
        """Ends them and all that they look after, or did: nothing of a test is left."""
        self.end_keepers()
        for process in self.orphans:  # each leads its group
            try:
                os.killpg(process, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def read_log(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def ask(self, method, path, **more):
        return self.session.request(method, self.url + path, timeout=more.pop("timeout", 60), allow_redirects=False, **more)

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, **more):
        return self.ask("POST", path, **more)

    def put(self, path, **more):
        return self.ask("PUT", path, **more)

    def patch(self, path, **more):
        return self.ask("PATCH", path, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def folder(self, name, schedule=None, main=MAIN_PY):
        """A job folder as the posts have it."""
        path = self.jobs / name
        path.mkdir(exist_ok=True)
        if main is not None:
            (path / "main.py").write_text(main)
        if schedule is not None:
            (path / ".schedule").write_bytes(schedule if isinstance(schedule, bytes) else schedule.encode())
        return path

    def clear(self):
        """Removes all jobs. A date that has run may end by itself meanwhile."""
        followed = [job["job_id"] for job in self.get("/api/v1/jobs").json()["jobs"]]
        while followed:  # a job goes when those that follow it are gone
            left, followed = followed, []
            for path in ("/api/v1/jobs/" + job_id for job_id in left):
                answer = self.delete(path)
                if answer.status_code == 409 and "depend" in answer.text:
                    followed.append(path.rpartition("/")[2])
                else:
                    assert answer.status_code == 200 or self.get(path).status_code == 404
            assert len(followed) < len(left)

    def wait_for_run(self, path, job_id=None, seconds=60, state=None):
        """Asks path (a list of runs) until a run (of that job) has ended (in that state); the run in full."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for run in self.get(path).json()["runs"]:
                if run["finished_at"] and job_id in (None, run["job_id"]) and state in (None, run["state"]):
                    return self.get(f"/api/v1/runs/{run['run_id']}").json()
            time.sleep(0.05)
        raise AssertionError(f"no run ended: {self.get(path).text}\n{self.read_log()}")


@pytest.fixture(scope="session", autouse=True)
def nothing_of_faketime():
    """What it removes by itself when a process ends in order: servers and their runs are killed."""
    yield
    for path in Path("/dev/shm").glob("*faketime_*"):
        if not Path("/proc", path.name.rpartition("_")[2]).exists():
            with contextlib.suppress(OSError):
                path.unlink()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for a module."""
    server = Server(tmp_path_factory.mktemp("belfry")).start()
    yield server
    alive = server.process.poll() is None
    status = server.stop()
    assert alive and status == 0, f"server ended with {status}\n{server.read_log()[-8000:]}"


@pytest.fixture
def server(shared, request):
    """The module's server without any job. Its log is shown when the test fails."""
    shared.clear()
    before = len(shared.read_log())
    yield shared
    report = getattr(request.node, "report", None)
    if report is not None and report.failed:
        print(shared.read_log()[before:])
    assert shared.process.poll() is None, "the server died\n" + shared.read_log()[-8000:]


@pytest.fixture
def own_server(tmp_path):
    """A server not started yet, for tests that stop, kill or restart it."""
    server = Server(tmp_path)
    yield server
    if server.process:
        server.stop()
    server.clear_away()


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL for whatever tests of this worker ask for one."""
    cluster = pg_lab.Cluster()
    yield cluster
    cluster.done()


@pytest.fixture
def belfry_factory(request):
    """belfry_factory(home, *options): a server of its own, started; those still alive at the end are ended."""
    made = []

    def make(home, *options, environment=None, preexec=None, start=True):
        server = Server(home, *options)
        server.environment.update(environment or {})
        server.preexec = preexec
        made.append(server)
        return server.start() if start else server

    yield make
    report = getattr(request.node, "report", None)
    for server in made:
        if server.process:
            server.stop()
        server.clear_away()
        for word in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer", "Assertion"):
            assert word not in server.read_log(), server.read_log()[-20000:]
    if made and report is not None and report.failed:
        print(made[-1].read_log()[-8000:])


# Files that take long, the longest first: one that is begun last would keep all workers but one waiting.
LONG = ("kill9 chaos retention policies cluster_faults cluster_versions bad_disk weather tls_verdict triggers cluster_database cluster cli alerts "
        "postgresql tls_reach tls_check fuzz_api tls_strange certificate_inventory nodes peers calendars heartbeats").split()


def pytest_collection_modifyitems(items):
    place = {f"test_{name}.py": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report = outcome.get_result()
