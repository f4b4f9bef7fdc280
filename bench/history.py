#!/usr/bin/python3
"""history.py BELFRY [ROWS]... - does a long history make belfry slow?

For each number of rows (1,000,000 when none is given; 10,000,000 takes some minutes): a database of 1,000 jobs with that
history, then the start, pages of history, an explanation, a run by hand (a claim and its end, durable), and retention at work.
What should hold: nothing but the size of the file, and the looks that retention has at it, grows with the history."""
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

JOBS = 1000


def serve(binary, home, *options):
    begin = time.monotonic()
    process = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0", "--db", f"{home}/b.db", "--jobs-dir", f"{home}/jobs", *options],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"http://[^\s/]+", process.stdout.readline())[0]
    return process, url, time.monotonic() - begin


def ask(url, path, method="GET", body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def timed(count, what):
    times = []
    for n in range(count):
        begin = time.perf_counter()
        what(n)
        times.append((time.perf_counter() - begin) * 1000)
    return f"{statistics.median(times):8.2f} {sorted(times)[int(len(times) * 0.95)]:8.2f} ms (p50, p95)"


def stop(process):
    process.terminate()
    process.wait(60)


def fill(path, rows):
    con = sqlite3.connect(path)
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("PRAGMA synchronous = OFF")
    con.execute("PRAGMA cache_size = -400000")
    ids = [number for (number,) in con.execute("SELECT id FROM job ORDER BY id")]
    first = (time.time_ns() // 1000000000 - 60 * (rows // JOBS + 10)) * 1000000
    con.executemany("INSERT INTO run(id, job_id, scheduled_at, queued_at, started_at, finished_at, state, attempt, origin, "
                    "job_version, node, try_at, missed, missed_from, reason, exit_code, signal, message) "
                    "VALUES(?, ?, ?, ?, ?, ?, 10, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, '')",
                    ((n + 1, ids[n % JOBS], at, at, at, at + 250000)
                     for n in range(rows) for at in [first + n // JOBS * 60000000]))
    con.execute("UPDATE node SET watermark = ?", (first + rows // JOBS * 60000000,))  # as a belfry that ran all the time has left it
    con.commit()
    con.close()
    return first


def look(binary, rows):
    with tempfile.TemporaryDirectory() as home:
        Path(home, "jobs/w").mkdir(parents=True)
        Path(home, "jobs/w/main").write_text("#!/bin/sh\n")
        Path(home, "jobs/w/main").chmod(0o755)
        process, url, _ = serve(binary, home)
        for n in range(JOBS):
            ask(url, f"/api/v1/jobs/job{n}", "PUT", {"folder": "w", "trigger": {"type": "cron", "expr": "0 0 1 1 *"}, "keep": 1000000})
        stop(process)
        first = fill(f"{home}/b.db", rows)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first // 1000000 + 60 * 50))
        process, url, began = serve(binary, home, "--keep-age", "0", "--keep-total", "0")
        print(f"{rows} rows, {Path(home, 'b.db').stat().st_size / 1e6:.0f} MB")
        print(f"  start          {began * 1000:8.0f} ms")
        print("  page of a job  " + timed(200, lambda n: ask(url, f"/api/v1/jobs/job{n * 7 % JOBS}/runs?limit=100")))
        print("  page of all    " + timed(200, lambda n: ask(url, "/api/v1/runs?limit=100")))
        print("  why            " + timed(200, lambda n: ask(url, f"/api/v1/jobs/job{n * 7 % JOBS}/why?at={at}")))
        print("  stats          " + timed(100, lambda n: ask(url, f"/api/v1/jobs/job{n * 7 % JOBS}/stats")))
        print("  run by hand    " + timed(200, lambda n: ask(url, f"/api/v1/jobs/job{n * 7 % JOBS}/runs", "POST")))
        for n in range(JOBS // 10):
            ask(url, f"/api/v1/jobs/job{n}", "PATCH", {"keep": 10})
        for _ in range(90):  # the first round begins a minute after the start
            time.sleep(1)
            if ask(url, "/api/v1/status")["runs"].get("removed", 0) > 0:
                break
        before, begin = ask(url, "/api/v1/status")["runs"]["removed"], time.monotonic()
        print("  run, pruning   " + timed(200, lambda n: ask(url, f"/api/v1/jobs/job{500 + n}/runs", "POST")))
        time.sleep(5)
        gone = ask(url, "/api/v1/status")["runs"]["removed"] - before
        print(f"  pruned         {gone / (time.monotonic() - begin):8.0f} rows/s", flush=True)
        stop(process)


for count in [int(word) for word in sys.argv[2:]] or [1000000]:
    look(sys.argv[1], count)
