"""belfry beside the stack of the two posts: creations, lists, no-op runs, lateness, memory - as ratios of one run.

usage: /usr/bin/python3 bench/posts.py [BELFRY [sqlite|postgresql]...]      (default build/release/belfry, and both; about eight minutes)

ROUNDS=n: rounds of creations (5). On PostgreSQL it is creations that are measured: both on one server of our own, on a disk (BENCH_DIR, else /var/tmp), with its
defaults of durability, each in a schema of its own.

Both get the same folders, the same requests and the same load generator (wrk) on this machine, in turns: a round is one
measurement of each, on a fresh server and database, and a ratio is that of one round. The peer is bench/peer_posts.py.
Figures of one machine mean little; the ratios are the result. Every step is bounded in time: a server that drowns in its
work is an answer, and is printed as one.
"""
import collections
import concurrent.futures
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime

import requests

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../test/api"))
import pg_lab  # noqa: E402

BELFRY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../build/release/belfry"))
PARTS = sys.argv[2:] or ["sqlite", "postgresql"]
SECONDS = 4        # of a measurement of creations
ROUNDS = int(os.environ.get("ROUNDS", "5"))
LISTED = 10000
FOLDERS = 250000   # more than are created in one measurement
TICKS = 1000       # jobs of each second
WINDOW = 10        # seconds of theirs that are looked at
CALM = 8           # seconds before that
CREATING_MAX = 60  # that creating them may take
MICROS = 1000000


def folders_make(top):
    """jobs/<prefix><n> for both: for creations links to one folder, for runs a folder each."""
    jobs = os.path.join(top, "jobs")
    noop = os.path.join(jobs, "noop")
    os.makedirs(noop)
    with open(os.path.join(noop, "main.py"), "w") as f:
        f.write("async def call(*args):\n    pass\n")
    with open(os.path.join(noop, "main.c"), "w") as f:
        f.write("int call(int argc, char **argv)\n{\n    (void)argc;\n    (void)argv;\n    return 0;\n}\n")
    with open(os.path.join(noop, ".schedule"), "w") as f:
        f.write("cron\nyear=*\nmonth=*\nday=*\nweek=*\nday_of_week=*\nhour=4\nminute=0\nsecond=0\n")
    # The compiler is not what is measured: each folder has its main.so already.
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", "main.so", "main.c"], cwd=noop, check=True)
    for i in range(1, FOLDERS + 1):
        os.symlink("noop", os.path.join(jobs, f"a{i}"))
    for i in range(1, TICKS + 1):
        shutil.copytree(noop, os.path.join(jobs, f"t{i}"))


class Server:
    """A server of its own folder and database, until the end of a with statement."""

    def __init__(self, name, top, cluster=None):
        self.name, self.top = name, tempfile.mkdtemp(prefix=name + "-", dir=top)
        self.store = [cluster.schema(name)] if cluster else []
        self.url = f"http://127.0.0.1:{18731 if name == 'belfry' else 18732}"
        os.symlink(os.path.join(top, "jobs"), os.path.join(self.top, "jobs"))

    def __enter__(self):
        host = self.url.removeprefix("http://")
        command = [BELFRY, "serve", "--listen", host, "--db", "belfry.db", "--jobs-dir", "jobs", "--timezone", "UTC",
                   *(word for store in self.store for word in ("--store", store))]
        if self.name == "posts":
            command = ["/usr/bin/python3", f"{HERE}/peer_posts.py", host.split(":")[1], self.top, *self.store]
        with open(f"{self.top}/log", "w") as log:
            self.process = subprocess.Popen(command, cwd=self.top, stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(400):
            try:
                requests.get(self.url + "/api/v1/jobs", timeout=5)
                return self
            except requests.RequestException:
                time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"{self.name} did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.top, ignore_errors=True)

    def rss_mib(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS"))

    def get(self, path, seconds=30, **params):
        reply = requests.get(self.url + path, params=params, timeout=seconds)
        reply.raise_for_status()
        return reply


class Table:
    """What was measured: name of the figure -> by server, a value a round."""

    def __init__(self):
        self.rows = {}

    def note(self, what, name, value):
        self.rows.setdefault(what, {}).setdefault(name, []).append(value)
        print(f"{name:7} {what:52} {value:12.3f}", flush=True)

    def show(self):
        print(f"\n{'medians':52}{'belfry':>12}{'posts':>12}{'ratio':>10}   ratios of the rounds")
        for what, by in self.rows.items():
            a, b = by.get("belfry", [float("nan")]), by.get("posts", [float("nan")])
            ratios = sorted(x / y if y else float("inf") for x, y in zip(a, b))
            print(f"{what:52}{statistics.median(a):12.2f}{statistics.median(b):12.2f}{statistics.median(ratios):10.3f}   "
                  + " ".join(f"{ratio:.2f}" for ratio in ratios))


# ---- creations ----

def creations(table, server, connections, on=""):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", f"{HERE}/create.lua", server.url,
                          "--", "a"], capture_output=True, text=True, timeout=120).stdout
    line = next(text for text in out.splitlines() if text.startswith("RESULT"))
    count, seconds, bad, _, p99 = line.split()[1:]
    assert int(bad) == 0, f"{server.name}: {bad} of {count} creations were refused"
    table.note(f"creations/s{on}, {connections} connection{'s' if connections > 1 else ''}", server.name, int(count) / float(seconds))
    if connections > 1:
        table.note(f"  p99 of a creation{on}, ms", server.name, float(p99))


def creations_on_postgresql(table, top):
    cluster = pg_lab.Cluster(os.environ.get("BENCH_DIR", "/var/tmp"))
    try:
        for connections, rounds in ((1, ROUNDS), (64, ROUNDS)):
            for _ in range(rounds):
                for name in "belfry", "posts":
                    with Server(name, top, cluster) as server:
                        creations(table, server, connections, " on PostgreSQL")
    finally:
        cluster.done()


# ---- the list ----

def list_ms(table, server):
    def create(i):
        requests.post(server.url + "/api/v1/jobs", json={"job_id": f"a{i}", "from_file": True, "type": "cron"},
                      timeout=30).raise_for_status()

    table.note("idle memory, MiB", server.name, server.rss_mib())
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(create, range(1, LISTED + 1)))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        body = server.get("/api/v1/jobs").content
        times.append((time.perf_counter() - start) * 1000)
    table.note(f"list of {LISTED:,} jobs, ms", server.name, statistics.median(times))
    table.note("  its size, KiB", server.name, len(body) / 1024)


# ---- runs at the full second ----

def moment_us(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * MICROS


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def ticks_add(server, folder):
    """As many jobs of each second as the server takes in a minute."""
    session, deadline = requests.Session(), time.monotonic() + CREATING_MAX
    body = {"from_file": False, "type": "cron", "args": {"second": "*"}, **({"folder": folder} if folder else {})}
    for i in range(1, TICKS + 1):
        try:
            session.post(server.url + "/api/v1/jobs", json={"job_id": f"t{i}", **body}, timeout=20).raise_for_status()
        except requests.RequestException:
            pass  # a server that is drowning in its jobs still has those it took
        if time.monotonic() > deadline:
            return i
    return TICKS


def outcomes_belfry(server, since, until):
    """Lateness in ms of every run of a slot between the moments, and what became of all these slots, by state and reason."""
    late, states, cursor = [], collections.Counter(), None
    while True:
        page = server.get("/api/v1/runs", limit=1000, **({"cursor": cursor} if cursor else {})).json()
        for run in page["runs"]:
            slot = moment_us(run["scheduled_at"])
            if since <= slot < until:
                states[f"{run['state']} {run['reason']}".strip()] += 1
                states["counted in another row"] += run.get("missed", 0)
                if run["state"] == "succeeded":
                    late.append((moment_us(run["started_at"]) - slot) / 1000)
        cursor = page["next_cursor"]
        if not cursor or moment_us(page["runs"][-1]["scheduled_at"]) < since - 5 * MICROS:
            return late, +states


def outcomes_posts(server, since, until):
    """The peer's runs note when they start; nothing tells of the others."""
    with open(f"{server.top}/starts") as f:
        starts = [float(line) * MICROS for line in f if line.endswith("\n")]
    late = [(t % MICROS) / 1000 for t in starts if since <= t < until]
    return late, +collections.Counter({"succeeded": len(late)})


def ticks(table, server, folder=None):
    what = f"{TICKS:,} jobs a second, " + ("one folder" if folder else "a folder each")
    taken = ticks_add(server, folder)
    time.sleep(CALM)
    since = (int(time.time()) + 1) * MICROS
    time.sleep(WINDOW + 3)  # and a second more, for the runs of the last slot to end
    outcomes = outcomes_belfry if server.name == "belfry" else outcomes_posts
    late, states = outcomes(server, since, since + WINDOW * MICROS)
    due = TICKS * WINDOW
    states["without a row" if server.name == "belfry" else "not run"] = due - states.total()
    print(f"{server.name:7} {what}: took {taken:,} jobs in {CREATING_MAX} s at most; of {due:,} slots " +
          ", ".join(f"{n:,} {state}" for state, n in states.most_common()), flush=True)
    for figure, value in (("runs/s", len(late) / WINDOW), ("slots not run", due - len(late)),
                          ("lateness p50, ms", percentile(late, 0.50)), ("lateness p99, ms", percentile(late, 0.99)),
                          ("memory, MiB", server.rss_mib())):
        table.note(f"{what}: {figure}", server.name, value)


def on_sqlite(table, top):
    for step, rounds in ((lambda s: creations(table, s, 1), ROUNDS), (lambda s: creations(table, s, 64), 2),
                         (lambda s: list_ms(table, s), 1), (lambda s: ticks(table, s), 1)):
        for _ in range(rounds):
            for name in "belfry", "posts":
                with Server(name, top) as server:
                    step(server)
    with Server("belfry", top) as server:
        ticks(table, server, "noop")


def main():
    top = tempfile.mkdtemp(prefix="belfry-bench-", dir=os.environ.get("BENCH_DIR"))
    table = Table()
    try:
        folders_make(top)
        for part in PARTS:
            {"sqlite": on_sqlite, "postgresql": creations_on_postgresql}[part](table, top)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    table.show()


if __name__ == "__main__":
    main()
