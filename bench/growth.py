#!/usr/bin/python3
"""growth.py BELFRY [JOBS]... - what does an operation cost when there are very many jobs?

For each number of jobs (1,000 and 1,000,000 when none is given): a database of so many, a tenth of them due in an hour, the
others later; then each operation over HTTP, one at a time on one connection, with what a run by hand and a change have to make
durable. What should hold: no operation takes more than twice what it takes among 1,000 jobs."""
import functools
import http.client
import json
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = 300


class Server:
    def __init__(self, binary, home):
        begin = time.monotonic()
        self.process = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0", "--db", f"{home}/b.db", "--jobs-dir", f"{home}/jobs"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.host = re.search(r"http://([^\s/]+)", self.process.stdout.readline())[1]
        self.began = time.monotonic() - begin
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status >= 400:
            sys.exit(f"{method} {path}: {reply.status} {text[:300]}")
        return json.loads(text) if text and text[:1] in b"{[" else None

    def memory(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def stop(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait(120)


def job(cron, folder="w", tags=()):
    return {"folder": folder, "trigger": {"type": "cron", "expr": cron}, "tags": list(tags)}


def fill(path, jobs):
    """The rows of the ten patterns, again and again under other names."""
    con = sqlite3.connect(path)
    columns = [row[1] for row in con.execute("PRAGMA table_info(job)") if row[1] not in ("id", "name")]
    patterns = con.execute(f"SELECT {', '.join(columns)} FROM job ORDER BY id").fetchall()
    con.executemany(f"INSERT INTO job(name, {', '.join(columns)}) VALUES(?{', ?' * len(columns)})",
                    ((f"job{n}", *patterns[n % len(patterns)]) for n in range(jobs)))
    con.execute("UPDATE meta SET value = (SELECT max(change_seq) FROM job) WHERE key = 'change_seq'")
    con.commit()
    con.close()


def measure(server, jobs):
    pick = random.Random(7)
    name = lambda: f"job{pick.randrange(jobs)}"
    further = functools.cache(lambda: server.ask("GET", "/api/v1/jobs?limit=500")["next_cursor"])
    soon = time.time() // 3600 * 3600 + 3600
    hour = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (soon, soon + 3600)]
    operations = {
        "look at a job": lambda n: server.ask("GET", f"/api/v1/jobs/{name()}"),
        "its next slots": lambda n: server.ask("GET", f"/api/v1/jobs/{name()}/next"),
        "why": lambda n: server.ask("GET", f"/api/v1/jobs/{name()}/why?at=2026-01-01T00:00:00Z"),
        "its runs": lambda n: server.ask("GET", f"/api/v1/jobs/{name()}/runs?limit=50"),
        "a page of all runs": lambda n: server.ask("GET", "/api/v1/runs?limit=50"),
        "a page of the jobs": lambda n: server.ask("GET", "/api/v1/jobs?limit=50"),
        "a page, with last runs": lambda n: server.ask("GET", "/api/v1/jobs?limit=50&expand=last_run"),
        "a page further on": lambda n: server.ask("GET", f"/api/v1/jobs?limit=50&cursor={further()}"),
        "a page of paused jobs": lambda n: server.ask("GET", "/api/v1/jobs?limit=50&state=paused"),
        "a page of a tag": lambda n: server.ask("GET", "/api/v1/jobs?limit=50&tag=etl"),
        "tags": lambda n: server.ask("GET", "/api/v1/tags"),
        "its timeline": lambda n: server.ask("GET", f"/api/v1/jobs/{name()}/timeline"),
        "its statistics": lambda n: server.ask("GET", f"/api/v1/jobs/{name()}/stats"),
        "timeline of all, an hour": lambda n: server.ask("GET", f"/api/v1/timeline?from={hour[0]}&to={hour[1]}&limit=50"),
        "load of the next hour": lambda n: server.ask("GET", f"/api/v1/forecast?from={hour[0]}&to={hour[1]}"),
        "alerts": lambda n: server.ask("GET", "/api/v1/alerts"),
        "pools": lambda n: server.ask("GET", "/api/v1/pools"),
        "modules": lambda n: server.ask("GET", "/api/v1/modules"),
        "status": lambda n: server.ask("GET", "/api/v1/status"),
        "readyz": lambda n: server.ask("GET", "/readyz"),
        "metrics": lambda n: server.ask("GET", "/metrics"),
        "create": lambda n: server.ask("PUT", f"/api/v1/jobs/new{n}", job("30 4 1 6 *")),
        "change": lambda n: server.ask("PATCH", f"/api/v1/jobs/{name()}", {"description": f"changed {n}"}),
        "pause": lambda n: server.ask("POST", f"/api/v1/jobs/{name()}/pause", {}),
        "run by hand": lambda n: server.ask("POST", f"/api/v1/jobs/job{n * 3}/runs", {}),
        "remove": lambda n: server.ask("DELETE", f"/api/v1/jobs/new{n}"),
    }
    times = {}
    for what, operation in operations.items():
        taken = []
        for n in range(SAMPLES):
            begin = time.perf_counter()
            operation(n)
            taken.append((time.perf_counter() - begin) * 1000)
            if sum(taken) > 20000 and n > 9:
                break
        times[what] = statistics.median(taken)
    return times


def look(binary, jobs):
    with tempfile.TemporaryDirectory() as home:
        Path(home, "jobs/w").mkdir(parents=True)
        Path(home, "jobs/w/main").write_text("#!/bin/sh\n")
        Path(home, "jobs/w/main").chmod(0o755)
        server = Server(binary, home)
        for n in range(10):
            server.ask("PUT", f"/api/v1/jobs/pattern{n}", job("0 * * * *" if n == 0 else f"{n} {n} {n} 1 *", tags=["etl"] if n == 1 else []))
        server.stop()
        fill(f"{home}/b.db", jobs)
        server = Server(binary, home)
        times = measure(server, jobs)
        times["start"], times["memory, MB"] = server.began * 1000, server.memory() / 1e6
        server.stop()
        return times


counts = [int(word) for word in sys.argv[2:]] or [1000, 1000000]
tables = [look(sys.argv[1], count) for count in counts]
print(f"{'ms, medians':24}" + "".join(f"{count:>12,}" for count in counts) + "       last / first")
for what in tables[0]:
    row = [table[what] for table in tables]
    print(f"{what:24}" + "".join(f"{value:12.2f}" for value in row) + f"{row[-1] / row[0]:12.1f}x", flush=True)
