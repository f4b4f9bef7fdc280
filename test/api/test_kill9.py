"""200 times kill -9 at a random moment while jobs are created, deleted and run: nothing acknowledged is lost, nothing runs twice.

KILLS=n changes how often; KILL_SEED=n replays the moments (the machine's own timing stays what it is).
"""
import collections
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

import requests

from conftest import BELFRY

KILLS = int(os.environ.get("KILLS", "200"))
SEED = int(os.environ.get("KILL_SEED", "1"))
CLIENTS = 3
ALIVE_MAX = 60
STAY = 8     # kills that the first job of each client outlives; the others come and go
SECOND = 1_000_000
MANUAL = 2   # the origin of a run by hand
FINAL = 10   # states from here on are ends
LOST = 15

MAIN = """#!/bin/sh
echo "$BELFRY_JOB_ID $BELFRY_SCHEDULED_AT $BELFRY_ATTEMPT $BELFRY_RUN_ID" >> ../../starts.log
"""


class Ledger:
    """What the clients asked for and were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.alive = set()    # creation acknowledged, no deletion asked
        self.deleted = set()  # deletion acknowledged
        self.unsure = set()   # asked, not answered
        self.asked_at = {}    # by job: when its creation was asked for
        self.answered_at = {} # by job: when its creation was acknowledged, at the latest
        self.gone_at = {}     # by job: when its deletion was acknowledged
        self.runs = set()     # ids of acknowledged runs by hand
        self.outlived = collections.Counter()  # by job: kills after which it was there
        self.troubles = []

    def settle(self, listed):
        """Compares with what a fresh server lists; what was unsure is decided by it."""
        lost = self.alive - listed
        back = self.deleted & listed
        strangers = listed - self.alive - self.unsure
        assert not lost, f"acknowledged, then lost: {sorted(lost)[:5]}"
        assert not back, f"deleted, then back: {sorted(back)[:5]}"
        assert not strangers, f"never asked for: {sorted(strangers)[:5]}"
        self.outlived.update(listed)
        for job_id in self.unsure & listed:
            self.answered_at.setdefault(job_id, time.time())
        self.alive |= self.unsure & listed
        self.deleted |= self.unsure - listed
        self.unsure.clear()


class Client(threading.Thread):
    """Creates, deletes and runs jobs until the server is gone."""

    def __init__(self, url, kill, number, ledger):
        super().__init__()
        self.url, self.kill, self.ledger = url, kill, ledger
        self.name = f"k{kill}-{number}"
        self.dice = random.Random(f"{SEED} {self.name}")
        self.is_ending = threading.Event()  # from here on a call may fail
        self.count = 0
        self.answers = 0
        self.session = requests.Session()
        self.session.trust_env = False

    def run(self):
        try:
            while True:
                self.step()
        except requests.RequestException as trouble:
            if not self.is_ending.is_set():
                self.ledger.troubles.append(f"no answer although nobody killed anything: {trouble}")
        except Exception as trouble:
            self.ledger.troubles.append(repr(trouble))

    def step(self):
        if self.dice.random() < 0.2:
            self.run_by_hand()
        elif self.count > 0 and len(self.ledger.alive) > ALIVE_MAX * self.dice.random():
            self.delete()
        else:
            self.create()

    def call(self, method, path, expected, **more):
        reply = self.session.request(method, f"{self.url}/api/v1/jobs{path}", timeout=60, **more)
        assert reply.status_code in expected, (method, path, reply.status_code, reply.text)
        self.answers += 1
        return reply

    def create(self):
        ledger, job_id = self.ledger, f"{self.name}-{self.count}"
        self.count += 1
        with ledger.lock:
            ledger.unsure.add(job_id)
            ledger.asked_at[job_id] = time.time()
        self.call("POST", "", [200], json={
            "job_id": job_id, "folder": "note", "from_file": False, "type": "cron", "args": {"second": "*"}})
        with ledger.lock:
            ledger.answered_at[job_id] = time.time()
            ledger.unsure.discard(job_id)
            ledger.alive.add(job_id)

    def may_go(self, job_id):
        kill, _, count = job_id[1:].split("-")
        return count != "0" or int(kill) + STAY < self.kill

    def pick(self, is_taken):
        with self.ledger.lock:
            choice = [job_id for job_id in sorted(self.ledger.alive) if not is_taken or self.may_go(job_id)]
            if not choice:
                return None
            job_id = self.dice.choice(choice)
            if is_taken:
                self.ledger.alive.discard(job_id)
                self.ledger.unsure.add(job_id)
            return job_id

    def delete(self):
        job_id = self.pick(True)
        if job_id:
            self.call("DELETE", "/" + job_id, [200])
            with self.ledger.lock:
                self.ledger.gone_at[job_id] = time.time()
                self.ledger.unsure.discard(job_id)
                self.ledger.deleted.add(job_id)

    def run_by_hand(self):
        job_id = self.pick(False)
        reply = self.call("POST", f"/{job_id}/runs", [201, 404, 409]) if job_id else None
        if reply is not None and reply.status_code == 201:
            with self.ledger.lock:
                self.ledger.runs.add(reply.json()["run_id"])


def listed(server):
    return {job["job_id"] for job in server.get("/api/v1/jobs").json()["jobs"]}


def answered(clients, count):
    """Waits until they have had so many answers together: what a busy machine does in a time is too little to show anything."""
    end = time.monotonic() + 60
    while sum(client.answers for client in clients) < count and all(client.is_alive() for client in clients) and time.monotonic() < end:
        time.sleep(0.002)


def test_kill9(belfry_factory, tmp_path):
    folder = tmp_path / "jobs" / "note"
    folder.mkdir(parents=True)
    (folder / "main").write_text(MAIN)
    (folder / "main").chmod(0o755)
    dice = random.Random(SEED)
    ledger = Ledger()
    server = belfry_factory(tmp_path, start=False)
    for kill in range(KILLS):
        server.start()
        ledger.settle(listed(server))
        clients = [Client(server.url, kill, n, ledger) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        answered(clients, dice.randrange(13))
        # A third of the kills fall close to the full second, when every job is due: before it, the slot passes while nobody lives.
        wait = dice.uniform(0, 0.4) if dice.random() < 0.67 else (1 - time.time() % 1) % 1 + dice.uniform(-0.04, 0.03)
        time.sleep(max(wait, 0))
        assert server.process.poll() is None, "it died by itself\n" + server.read_log()[-8000:]
        for client in clients:
            client.is_ending.set()
        server.kill()
        for client in clients:
            client.join(90)
            assert not client.is_alive()
        assert not ledger.troubles, ledger.troubles[:5]
    server.start()
    ledger.settle(listed(server))
    assert server.stop() == 0, server.read_log()[-8000:]
    audit(tmp_path, ledger)


def test_killed_while_it_begins(belfry_factory, tmp_path):
    """Also the first start, which makes the schema, may be cut off anywhere."""
    dice = random.Random(SEED)
    for home in range(4):
        server = belfry_factory(tmp_path / str(home), start=False)
        for _ in range(max(KILLS // 16, 3)):
            with open(server.log, "ab") as log:
                process = subprocess.Popen([BELFRY, "serve", "--listen", "127.0.0.1:0", "--db", str(server.db), "--jobs-dir", str(server.jobs)],
                                           stdout=subprocess.DEVNULL, stderr=log)
            time.sleep(dice.uniform(0, 0.06))
            process.kill()
            assert process.wait() == -signal.SIGKILL, "it ended by itself\n" + server.read_log()[-8000:]
        server.start()
        server.folder("a")
        assert server.post("/api/v1/jobs", json={"job_id": "a", "from_file": False, "type": "cron"}).status_code == 200
        assert server.stop() == 0
        with contextlib.closing(sqlite3.connect(server.db)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("SELECT name FROM job").fetchall() == [("a",)]


def audit(top, ledger):
    db = sqlite3.connect(top / "belfry.db")
    db.row_factory = sqlite3.Row
    assert [tuple(row) for row in db.execute("PRAGMA integrity_check")] == [("ok",)]
    rows = db.execute("SELECT run.*, job.name FROM run LEFT JOIN job ON job.id = run.job_id ORDER BY job_id, scheduled_at").fetchall()
    starts = [line.split() for line in (top / "starts.log").read_text().splitlines()]
    assert len(starts) > KILLS and len(ledger.runs) > KILLS / 10, "hardly anything ran: the test shows nothing"
    assert len(ledger.alive) + len(ledger.deleted) > KILLS, "hardly anything was created: the test shows nothing"
    starts_audit(starts, rows)
    rows_audit(rows, ledger)
    slots_audit(rows, ledger)
    print(f"{KILLS} kills, {len(ledger.asked_at)} jobs, {len(rows)} rows, {len(starts)} starts, "
          f"{sum(row['state'] == LOST for row in rows)} lost, {sum(row['missed'] for row in rows)} missed")
    db.close()


def starts_audit(starts, rows):
    """What the jobs saw: nothing twice, nothing without a row; and no end in the history of what never began."""
    twice = [key for key, n in collections.Counter((s[0], s[1], s[2]) for s in starts).items() if n > 1]
    assert not twice, f"started twice: {twice[:5]}"
    names = {str(row["id"]): row["name"] for row in rows}
    strangers = [s for s in starts if names.get(s[3]) != s[0]]
    assert not strangers, f"started without a row: {strangers[:5]}"
    began = {s[3] for s in starts}
    liars = [tuple(row) for row in rows if row["state"] == 10 and str(row["id"]) not in began]
    assert not liars, f"succeeded without having begun: {liars[:5]}"


def rows_audit(rows, ledger):
    living = [tuple(row) for row in rows if row["state"] < FINAL]
    assert not living, f"rows left alive: {living[:5]}"
    doubled = [key for key, n in collections.Counter((r["job_id"], r["scheduled_at"]) for r in rows).items() if n > 1]
    assert not doubled, f"slots with two rows: {doubled[:5]}"
    by_hand = {row["id"] for row in rows if row["origin"] == MANUAL}
    assert ledger.runs <= by_hand, f"acknowledged runs without a row: {sorted(ledger.runs - by_hand)[:5]}"


def slots_audit(rows, ledger):
    """Every second of a job's life has a row or is counted in one, and no second before or after it has."""
    by_job = collections.defaultdict(list)
    for row in rows:
        if row["origin"] != MANUAL:
            by_job[row["name"]].append(row)
    assert max(ledger.outlived.values()) >= min(KILLS, STAY) / 2, "no job lived on over kills: the test shows nothing"
    assert max(map(len, by_job.values())) > 1, "no job came to a second slot: the test shows nothing"
    for name, slots in by_job.items():
        first = slots[0]["missed_from"] or slots[0]["scheduled_at"]
        assert ledger.asked_at[name] * SECOND <= first, f"{name} ran for a slot before it was made"
        if name in ledger.answered_at:
            assert first <= (ledger.answered_at[name] + 1) * SECOND, f"{name} lost its first slots"
        if name in ledger.gone_at:
            assert slots[-1]["scheduled_at"] <= ledger.gone_at[name] * SECOND, f"{name} ran after it was deleted"
        expected = first
        for row in slots:
            begin = row["missed_from"] or row["scheduled_at"]
            assert begin == expected, f"{name}: expected slot {expected}, found {tuple(row)}"
            assert row["scheduled_at"] - begin == row["missed"] * SECOND, f"{name}: wrong count: {tuple(row)}"
            expected = row["scheduled_at"] + SECOND
