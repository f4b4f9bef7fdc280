"""200 times kill -9 at a random moment while jobs are created, deleted and run: nothing acknowledged is lost, nothing runs twice.

KILLS=n changes how often; KILL_SEED=n replays the moments (the machine's own timing stays what it is).
"""
import collections
import os
import random
import sqlite3
import threading
import time

import requests

KILLS = int(os.environ.get("KILLS", "200"))
SEED = int(os.environ.get("KILL_SEED", "1"))
CLIENTS = 3
ALIVE_MAX = 40

MAIN = """#!/bin/sh
echo "$BELFRY_JOB_ID $BELFRY_SCHEDULED_AT $BELFRY_ATTEMPT $BELFRY_RUN_ID" >> ../../starts.log
"""


class Ledger:
    """What the clients were told, by job id."""

    def __init__(self):
        self.lock = threading.Lock()
        self.alive = set()    # creation acknowledged, no deletion asked
        self.deleted = set()  # deletion acknowledged
        self.unsure = set()   # asked, not answered

    def settle(self, listed):
        """Compares with what a fresh server lists; what was unsure is decided by it."""
        lost = self.alive - listed
        back = self.deleted & listed
        assert not lost, f"acknowledged, then lost: {sorted(lost)[:5]}"
        assert not back, f"deleted, then back: {sorted(back)[:5]}"
        self.alive |= self.unsure & listed
        self.deleted |= self.unsure - listed
        self.unsure.clear()


def client(url, number, ledger, stop, dice):
    session = requests.Session()
    count = 0
    while not stop.is_set():
        with ledger.lock:
            victim = dice.choice(sorted(ledger.alive)) if len(ledger.alive) > ALIVE_MAX * dice.random() and ledger.alive else None
            if victim:
                ledger.alive.discard(victim)
                ledger.unsure.add(victim)
        count += 1
        job_id = victim or f"k{number}-{time.monotonic_ns()}"
        try:
            if victim:
                reply = session.delete(f"{url}/api/v1/jobs/{job_id}", timeout=10)
            else:
                with ledger.lock:
                    ledger.unsure.add(job_id)
                reply = session.post(f"{url}/api/v1/jobs", timeout=10, json={
                    "job_id": job_id, "folder": "note", "from_file": False, "type": "cron", "args": {"second": "*"}})
        except requests.RequestException:
            return
        assert reply.status_code == 200, (job_id, reply.status_code, reply.text)
        with ledger.lock:
            ledger.unsure.discard(job_id)
            (ledger.deleted if victim else ledger.alive).add(job_id)


def test_kill9(belfry_factory, tmp_path):
    folder = tmp_path / "jobs" / "note"
    folder.mkdir(parents=True)
    (folder / "main").write_text(MAIN)
    (folder / "main").chmod(0o755)
    dice = random.Random(SEED)
    ledger = Ledger()
    for kill in range(KILLS):
        server = belfry_factory(tmp_path)
        listed = {job["job_id"] for job in requests.get(server.url + "/api/v1/jobs", timeout=10).json()["jobs"]}
        ledger.settle(listed)
        stop = threading.Event()
        clients = [threading.Thread(target=client, args=(server.url, n, ledger, stop, random.Random(SEED * 1000 + kill * 10 + n)))
                   for n in range(CLIENTS)]
        for thread in clients:
            thread.start()
        # A third of the kills fall close to the full second, when every job is due.
        wait = dice.uniform(0, 0.4) if dice.random() < 0.67 else (1 - time.time() % 1) % 1 + dice.uniform(-0.005, 0.03)
        time.sleep(max(wait, 0))
        server.kill()
        stop.set()
        for thread in clients:
            thread.join(20)
            assert not thread.is_alive()
    server = belfry_factory(tmp_path)
    listed = {job["job_id"] for job in requests.get(server.url + "/api/v1/jobs", timeout=10).json()["jobs"]}
    ledger.settle(listed)
    server.stop()
    audit(tmp_path)


def audit(top):
    db = sqlite3.connect(top / "belfry.db")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    starts = [line.split() for line in (top / "starts.log").read_text().splitlines()]
    assert len(starts) > KILLS, "hardly anything ran: the test shows nothing"
    twice = [key for key, n in collections.Counter((s[0], s[1], s[2]) for s in starts).items() if n > 1]
    assert not twice, f"started twice: {twice[:5]}"
    rows = {str(row[0]): row[1] for row in db.execute("SELECT id, state FROM run")}
    strangers = [s for s in starts if s[3] not in rows]
    assert not strangers, f"started without a row: {strangers[:5]}"
    alive = [run for run, state in rows.items() if state < 10]
    assert not alive, f"rows left alive: {alive[:5]}"
    doubled = db.execute("SELECT job_id, scheduled_at, count(*) FROM run GROUP BY 1, 2 HAVING count(*) > 1").fetchall()
    assert not doubled, f"slots with two rows: {doubled[:5]}"
