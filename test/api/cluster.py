"""cluster.py - several belfry on one PostgreSQL: what may befall each of them, and what all of them together have promised.

CLUSTER_SLACK=n: seconds that are added to each limit of time (20, since other tests run beside; 60 under sanitizers, 0 on a quiet machine).
"""
import concurrent.futures
import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

import pg_lab
from ledger import MANUAL, SECOND, audit_rows, nothing_unaccounted

IS_SANITIZED = os.environ.get("VARIANT") in ("asan", "tsan")
SLACK = float(os.environ.get("CLUSTER_SLACK", "60" if IS_SANITIZED else "20"))
WAIT = 120  # seconds for what should come soon, on a busy machine and under sanitizers
LEASE = 4 if IS_SANITIZED else 2  # a node that is kept from the processor for so long loses its jobs, as it should
TAKEOVER = LEASE + 2
HEAL = 10  # seconds in which all is well again
ACTIVE = 0

NOTE = """#!/bin/sh
echo "$BELFRY_JOB_ID $BELFRY_SCHEDULED_AT $BELFRY_ATTEMPT $BELFRY_RUN_ID $$ $TEST_NODE" >> ../../starts.log
"""

needs_postgresql = pytest.mark.skipif(not pg_lab.programs(), reason="tools/setup has not unpacked PostgreSQL")


def wait_until(look, seconds=WAIT, what="it"):
    """Asks look() until it gives something true; that."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        time.sleep(0.05)


class Row(dict):
    """One by names, whose tuple is its values."""

    def __iter__(self):
        return iter(self.values())


class Nodes:
    """Belfry processes by name, on one schema; the jobs folder and the note of starts are theirs together."""

    def __init__(self, factory, home, cluster, schema, lease=LEASE):
        self.factory, self.home, self.cluster, self.schema, self.lease = factory, Path(home), cluster, schema, lease
        self.uri = cluster.schema(schema)
        self.jobs = self.home / "jobs"
        self.all = {}
        self.undo = contextlib.ExitStack()
        self.program("note")

    def __getitem__(self, name):
        return self.all[name]

    def program(self, name, *lines):
        folder = self.jobs / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main").write_text(NOTE + "\n".join(lines) + "\n")
        (folder / "main").chmod(0o755)

    def make(self, name, *options, uri=None, environment=None, preexec=None):
        """A node that is not started yet."""
        node = self.factory(self.home / name, "--store", uri or self.uri, "--node", name, "--lease", f"{self.lease}s", *options,
                            environment={"TEST_NODE": name, **(environment or {})}, preexec=preexec, start=False)
        node.name, node.jobs, node.is_near = name, self.jobs, preexec is None
        self.all[name] = node
        return node

    def start(self, *names, **more):
        """Makes and starts nodes, and waits until they are members that are ready."""
        for name in names:
            self.make(name, **more)
        self.begin(*names)

    def begin(self, *names):
        """Starts nodes that are made, all at once."""
        with concurrent.futures.ThreadPoolExecutor(len(names)) as starter:
            list(starter.map(lambda name: self.all[name].start(), names))
        self.settled(*names)

    def line(self, name, *options, host="127.0.0.1", **more):
        """A node behind a line that may be held or cut; the line."""
        line = pg_lab.Proxy(self.cluster.port, host)
        self.undo.callback(line.done)
        at = self.uri.replace(f"127.0.0.1:{self.cluster.port}", f"{host}:{line.own_port}")
        node = self.make(name, *options, uri=at, **more)
        node.line = line
        return node

    # ---- what befalls them

    def die(self, name):
        """As its machine: the node, what looks after its runs, and these."""
        node = self.all[name]
        at = time.time()
        node.kill()
        node.end_keepers()
        for start in self.starts():
            if start[5] == name:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(start[4]), signal.SIGKILL)
        return at

    def freeze(self, name):
        os.kill(self.all[name].pid, signal.SIGSTOP)
        self.undo.callback(self.thaw, name)
        return time.time()

    def thaw(self, name):
        if self.all[name].process:
            os.kill(self.all[name].pid, signal.SIGCONT)

    # ---- what can be seen

    def sql(self, text):
        return self.cluster.sql(f"SET search_path = {self.schema}; {text}").stdout

    def table(self, text):
        return json.loads(self.sql(f"SELECT coalesce(json_agg(t), '[]') FROM ({text}) t"), object_hook=Row)

    def members(self):
        return {row["name"]: row for row in self.table("SELECT * FROM node")}

    def rows(self):
        """Every row of the ledger, with the name of its job, by job and slot."""
        return self.table("SELECT run.*, job.name FROM run LEFT JOIN job ON job.id = run.job_id ORDER BY job_id, scheduled_at")

    def starts(self):
        path = self.home / "starts.log"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def settled(self, *names, gone=()):
        def look():
            members = self.members()
            return all(name in members and members[name]["state"] == ACTIVE for name in names) and not set(gone) & set(members)
        wait_until(look, WAIT, f"{names} as members without {gone}")
        wait_until(lambda: all(self.is_ready(name) for name in names), WAIT, "readiness")

    def is_ready(self, name):
        """One in a network of its own is not asked."""
        return not self.all[name].is_near or self.all[name].get("/readyz").status_code == 200

    def goes_on(self, jobs, seconds=WAIT, on=None):
        """Waits until each of the jobs has started once more (on those nodes)."""
        before = len(self.starts())
        wait_until(lambda: {s[0] for s in self.starts()[before:] if on is None or s[5] in on} >= set(jobs), seconds, f"a start of each on {on}")

    def ran_on(self, job=None, after=0):
        """The nodes on which it has started (every start since that many lines of the note)."""
        return {start[5] for start in self.starts()[after:] if job in (None, start[0])}

    def owner(self, job):
        """The node on which the job started last."""
        wait_until(lambda: self.ran_on(job), WAIT, f"a start of {job}")
        return [start[5] for start in self.starts() if start[0] == job][-1]

    # ---- jobs

    def put(self, node, name, trigger, **more):
        if "command" not in more:
            more.setdefault("folder", "note")
        reply = self.all[node].put("/api/v1/jobs/" + name, json={"trigger": trigger, **more})
        assert reply.status_code in (200, 201), reply.text
        return reply.json()

    def put_fifty(self, **more):
        """Fifty jobs that are due each second or each second second, made on all nodes in turn; period by name."""
        names = [name for name, node in self.all.items() if node.is_near]
        periods = {f"j{i}": 1 + i % 2 for i in range(50)}
        for i, (name, period) in enumerate(periods.items()):
            self.put(names[i % len(names)], name, {"type": "interval", "seconds": period, "start_date": "2024-01-01T00:00:00Z"}, **more)
        return periods

    # ---- what they have promised

    def calm(self):
        """Waits until what was started before has been noted: no start for a second and a half; so many there are."""
        count, since = len(self.starts()), time.monotonic()
        end = since + WAIT
        while time.monotonic() < since + 1.5:
            time.sleep(0.1)
            if len(self.starts()) != count:
                count, since = len(self.starts()), time.monotonic()
                assert since < end, "it goes on starting jobs"
        return count

    def stop(self, *names):
        for name in names or list(self.all):
            node = self.all[name]
            if node.process:
                self.thaw(name)
                assert node.stop() == 0, node.read_log()[-4000:]

    def audit(self, periods=None, lost=0):
        """Ends all in order. Each (job, slot) has one row, each slot of each job one that accounts for it, no attempt began twice,
        and at most so many runs were lost. The rows."""
        self.stop()
        rows = self.rows()
        audit_rows(rows, self.starts())
        for name, period in (periods or {}).items():
            nothing_unaccounted(rows, name, period)
        gone = [row for row in rows if row["state"] == 15]
        assert len(gone) <= lost, f"{len(gone)} runs were lost: {gone[:3]}"
        return rows

    def takeover(self, rows, jobs, after):
        """Seconds from then until the last of the jobs had a row that was made after it."""
        first = {}
        for row in rows:
            if row["name"] in jobs and row["origin"] < MANUAL and row["queued_at"] > after * SECOND:
                first[row["name"]] = min(first.get(row["name"], row["queued_at"]), row["queued_at"])
        missing = set(jobs) - set(first)
        assert not missing, f"nothing of {sorted(missing)[:5]} after it"
        return max(first.values()) / SECOND - after

    def done(self):
        self.undo.close()
        for name in self.all:
            self.thaw(name)


@pytest.fixture
def nodes(cluster, belfry_factory, tmp_path, request):
    made = Nodes(belfry_factory, tmp_path, cluster, "n" + re.sub(r"\W", "_", request.node.name)[:50].lower())
    yield made
    made.done()


# ---- a node that is cut off by its network

CLONE_NEWNET = 0x40000000


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def may_have_networks():
    return os.getuid() == 0 and subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


class Network:
    """A network of a node's own, with one cable to the machine's."""

    def __init__(self):
        self.name = f"bf{os.getpid() % 100000}"
        part = os.getpid() % 16000
        self.host = f"10.{200 + part % 50}.{part // 64 % 250}.{part % 64 * 4 + 1}"
        ip("netns", "add", self.name)
        try:
            ip("link", "add", self.name + "a", "type", "veth", "peer", "name", self.name + "b", "netns", self.name)
            ip("addr", "add", self.host + "/30", "dev", self.name + "a")
            ip("link", "set", self.name + "a", "up")
            ip("-n", self.name, "addr", "add", self.host[:self.host.rindex(".") + 1] + str(part % 64 * 4 + 2) + "/30", "dev", self.name + "b")
            ip("-n", self.name, "link", "set", self.name + "b", "up")
            ip("-n", self.name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError:
            self.done()
            raise

    def enter(self):
        """In the child, before belfry begins."""
        fd = os.open(f"/var/run/netns/{self.name}", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)

    def is_up(self, on):
        ip("link", "set", self.name + "a", "up" if on else "down")

    def done(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)
        subprocess.run(["ip", "link", "del", self.name + "a"], capture_output=True)
