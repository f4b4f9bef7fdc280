#!/usr/bin/python3
"""Starts at the full second, runs a second, dates at one moment, a million jobs: belfry's core beside croner, Quartz, bullmq and pg-boss.

usage: dispatch.py [BELFRY]        (its folder's programs/dispatch is what is asked; about eight minutes)

All of it in one run on one machine, in turns; ratios are the result, bars are those of the design. The runs end at
once, so what is measured is the scheduler and its store, not processes (bench/launch.c) or warm hosts (bench/posts.py).
Peers: npm's croner, bullmq (with Debian's redis-server) and pg-boss (with a PostgreSQL 15 of its own, default
durability) at the versions in package-lock.json, Debian's libquartz2-java with its store in memory.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BELFRY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../build/release/belfry"))
DISPATCH = os.path.join(os.path.dirname(BELFRY), "programs/dispatch")
JARS = "/usr/share/java/quartz2.jar:/usr/share/java/slf4j-api.jar"
UNPACKED = os.path.join(HERE, "../build/servers/root/usr/lib")  # by tools/setup
POSTGRES = "/usr/lib/postgresql/15/bin" if os.path.exists("/usr/lib/postgresql/15/bin/initdb") else f"{UNPACKED}/postgresql/15/bin"
SECONDS = 5
NOBODY = 65534


def ask(*command, seconds=180):
    """The JSON object that a command prints; None when it does not end in time."""
    try:
        out = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds)
        return json.loads(out.stdout)
    except subprocess.TimeoutExpired:
        return None
    except json.JSONDecodeError:
        print(f"  {command[0]} {command[1]}: {out.stderr[-300:]}", file=sys.stderr)
        return None


def belfry(mode, store, jobs):
    return ask(DISPATCH, mode, store, jobs, SECONDS)


def node(*words):
    return ask("node", f"{HERE}/peer_dispatch.mjs", *words)


def show(what, answer, keys, bar=""):
    figures = "  ".join(f"{key} {answer[key]:,.1f}" if answer[key] is not None else f"{key} -" for key in keys) if answer else "no answer"
    print(f"{what:44} {figures}{'   bar: ' + bar if bar else ''}", flush=True)


def at_the_second():
    print("\n== jobs that are due together at each full second")
    keys = ("late_p50_ms", "late_p99_ms", "runs_s", "not_run")
    for jobs, bar in ((1000, "p99 2 ms"), (10000, "20 ms"), (50000, "100 ms")):
        show(f"belfry, SQLite, {jobs:,} jobs", belfry("second", "sqlite", jobs), keys, bar)
        show(f"croner, {jobs:,} jobs", node("croner", jobs, SECONDS), keys)
        show(f"Quartz in memory, {jobs:,} jobs", ask("java", "-cp", JARS, f"{HERE}/peer_dispatch.java", jobs, SECONDS), keys)


def at_most():
    print("\n== runs a second, at most and with tenfold overload")
    for store, bar in (("sqlite", 50000), ("memory", 500000)):
        best = 0
        for jobs in (50000, 100000, 200000, 500000, 1000000)[: 3 if store == "sqlite" else 5]:
            answer = belfry("second", store, jobs)
            best = max(best, answer["runs_s"] if answer else 0)
            show(f"belfry, {store}, {jobs:,} jobs", answer, ("runs_s", "not_run"), f"{bar:,}/s")
        print(f"{'':44} at most {best:,.0f}/s; the last is {answer['runs_s'] / best if answer and best else 0:.2f} of it   bar: 0.90")


class Redis:
    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="bench-redis-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.top, "--save", ""],
                                        stdout=subprocess.DEVNULL)
        time.sleep(1)
        return self.port

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.top, ignore_errors=True)


class Postgres:
    def as_user(self, *command):
        who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.getuid() == 0 else []
        env = {**os.environ, "LD_LIBRARY_PATH": f"{UNPACKED}/x86_64-linux-gnu"} if POSTGRES.startswith(UNPACKED) else None
        subprocess.run([*who, *command], check=True, stdout=subprocess.DEVNULL, env=env)

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="bench-pg-")
        if os.getuid() == 0:
            os.chown(self.top, NOBODY, NOBODY)
        self.as_user(f"{POSTGRES}/initdb", "-D", f"{self.top}/data", "-U", "postgres", "-A", "trust", "--no-instructions")
        self.as_user(f"{POSTGRES}/pg_ctl", "-D", f"{self.top}/data", "-w", "-l", f"{self.top}/log", "-o",
                     f"-c listen_addresses= -c unix_socket_directories={self.top}", "start")
        return self.top

    def __exit__(self, *_):
        self.as_user(f"{POSTGRES}/pg_ctl", "-D", f"{self.top}/data", "-m", "fast", "-w", "stop")
        shutil.rmtree(self.top, ignore_errors=True)


def one_moment():
    print("\n== dates at one moment: until the last end is kept")
    keys = ("drained_ms", "runs")
    show("belfry, SQLite, 10,000 dates", belfry("drain", "sqlite", 10000), keys, "200 ms")
    with Redis() as port:
        show("bullmq, redis, 10,000 delayed jobs", node("bullmq", 10000, port), keys)
    with Postgres() as folder:
        show("pg-boss, PostgreSQL, 10,000 delayed jobs", node("pg-boss", 10000, folder), keys)


def many():
    print("\n== jobs that lie in the store")
    keys = ("start_ms", "bytes_a_job", "find_us", "change_us")
    few = belfry("load", "sqlite", 1000)
    show("belfry, SQLite, 1,000 jobs", few, keys)
    show("belfry, SQLite, 100,000 jobs", belfry("load", "sqlite", 100000), keys, "200 ms")
    most = ask(DISPATCH, "load", "sqlite", 1000000, seconds=300)
    show("belfry, SQLite, 1,000,000 jobs", most, keys, "2,000 ms, 400 bytes")
    if few and most:
        print(f"{'':44} find {most['find_us'] / few['find_us']:.2f} x, change {most['change_us'] / few['change_us']:.2f} x   bar: 2.00")


if __name__ == "__main__":
    at_the_second()
    at_most()
    one_moment()
    many()
