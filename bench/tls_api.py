"""tls_api.py [BELFRY] - how long a request to the API takes while a job checks the certificates of 10,000 hosts, and without.

belfry has the last core; the servers, of which each answers one client at a time, and the one who asks share the others.
"""
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/api"))

import tls_lab as lab

HOSTS = 10000
SERVERS = 8
SECONDS = 8
BELFRY = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/belfry")


CORES = sorted(os.sched_getaffinity(0))
REST = set(CORES[:-1]) or set(CORES)


def prepare(cores):
    os.sched_setaffinity(0, cores)
    os.setpriority(os.PRIO_PROCESS, 0, 0)


@contextlib.contextmanager
def process(words, cores, **more):
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: prepare(cores), **more) as p:
        try:
            yield p
        finally:
            p.terminate()


def port_of(server):
    return next(int(m[1]) for m in (re.search(r"ACCEPT 127.0.0.1:(\d+)", line) for line in server.stdout) if m)


def figures(session, url, until):
    took = []
    while until():
        start = time.perf_counter()
        assert session.get(url + "/api/v1/status").status_code == 200
        took.append(1000 * (time.perf_counter() - start))
        time.sleep(0.002)
    took.sort()
    return f"p50 {took[len(took) // 2]:.2f} ms, p99 {took[len(took) * 99 // 100]:.2f} ms, {len(took)} requests"


with tempfile.TemporaryDirectory() as home:
    folder = Path(home)
    root = lab.Authority("Bench Root")
    middle = lab.Authority("Bench Intermediate", issuer=root)
    bundle, above, trust = folder / "server.pem", folder / "above.pem", folder / "ca.pem"
    lab.Leaf(middle).write(bundle)
    above.write_bytes(middle.pem())
    trust.write_bytes(root.pem())
    os.sched_setaffinity(0, REST)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # who asks does not wait for the servers
    with contextlib.ExitStack() as all_of_them:
        server = all_of_them.enter_context(process(
            [BELFRY, "serve", "--listen", "127.0.0.1:0", "--db", str(folder / "b.db"), "--jobs-dir", str(folder / "jobs")],
            {CORES[-1]}, stderr=subprocess.DEVNULL))
        ports = [port_of(all_of_them.enter_context(process(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", str(bundle), "-cert_chain", str(above), "-key", str(bundle), "-www"],
            REST, stdin=subprocess.PIPE, stderr=subprocess.STDOUT))) for _ in range(SERVERS)]
        url = re.search(r"http://\S+", server.stdout.readline())[0]
        session = requests.Session()
        session.trust_env = False
        end = time.monotonic() + SECONDS
        print(f"tls_api: nothing else: {figures(session, url, lambda: time.monotonic() < end)}")
        hosts = [f"localhost:{ports[i % SERVERS]}" for i in range(HOSTS)]
        job = {"certificate": {"hosts": hosts, "ca": str(trust)}, "trigger": {"type": "manual"}}
        assert session.put(url + "/api/v1/jobs/all", json=job).status_code == 201
        run = session.post(url + "/api/v1/jobs/all/runs").json()["run_id"]
        done = threading.Event()

        def wait():
            other = requests.Session()
            other.trust_env = False
            while other.get(f"{url}/api/v1/runs/{run}").json()["state"] in ("queued", "running"):
                time.sleep(0.2)
            done.set()

        start = time.monotonic()
        threading.Thread(target=wait, daemon=True).start()
        told = figures(session, url, lambda: not done.is_set())
        took = time.monotonic() - start
        counts = session.get(f"{url}/api/v1/runs/{run}").json()["result"]["counts"]
        rss = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())[1]) // 1024
        print(f"tls_api: beside {HOSTS} checks ({HOSTS / took:.0f} a second, {counts['ok']} ok, {rss} MiB at most): {told}")

