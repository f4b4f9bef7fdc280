"""A disk that fails, fills up, turns read-only or hands back other bytes than it was given: told in clear words, nothing lost, never begun empty.

The database's writes and syncs fail at the n-th call by a preloaded library (test/shim/faulty_disk.c). FAULTS=n tries so many places (24),
CORRUPTIONS=n damages the database so often (50); KILL_SEED=n chooses other ones.
"""
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from conftest import BELFRY
from ledger import audit, nothing_unaccounted, rows_of
from test_weather import EVERY_SECOND, HEAL, WAIT, is_ready, job, program, put, runs, server, small_disk, starts, wait_until  # noqa: F401

PROGRAMS = Path(os.environ.get("PROGRAMS") or Path(__file__).parents[2] / "build/dev/programs")
SHIM = PROGRAMS / "faulty_disk.so"
FAULTS = int(os.environ.get("FAULTS", "24"))
CORRUPTIONS = int(os.environ.get("CORRUPTIONS", "50"))
SEED = int(os.environ.get("KILL_SEED", "1"))
JOBS = 40
outcomes = []  # of the faults at the n-th call
REFUSES = 5  # seconds in which a start with a damaged database has ended, by its own processor time


def faulty(server, rules, gate=None):
    server.environment.update({
        "LD_PRELOAD": str(SHIM), "FAULTY_FILE": "belfry.db", "FAULTY_DO": rules, "FAULTY_WHILE": str(gate) if gate else None,
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
    return server


def mended(server):
    server.environment.update({"LD_PRELOAD": None, "FAULTY_DO": None})
    return server


def date(server, name):
    return server.put("/api/v1/jobs/" + name, json={"trigger": {"type": "date", "run_date": "2099-01-01"}, "folder": "note"})


def listed(server):
    return {item["job_id"] for item in server.get("/api/v1/jobs").json()["jobs"]}


def refused_start(server):
    """Starts a server that must refuse: its exit status and what it said."""
    done = subprocess.run([BELFRY, "serve", "--listen", "127.0.0.1:0", "--db", str(server.db), "--jobs-dir", str(server.jobs)],
                          capture_output=True, text=True, timeout=2 * WAIT, env={**os.environ, "TZ": "UTC"})
    return done.returncode, done.stderr + done.stdout


# ---- the n-th write, sync, truncation ----

@pytest.mark.parametrize("number", range(FAULTS))
def test_fails_at_the_nth_call(server, number):
    """What was acknowledged stays, what was refused never was, and it is well again at once; also when it fails while it begins."""
    dice = random.Random(f"{SEED} {number}")
    act, error = dice.choice(["write", "write", "sync"]), dice.choice(["EIO", "ENOSPC", "EROFS"])
    rule = f"{act}:{dice.randint(1, 160 if act == 'write' else 40)}:{error}:{dice.randint(1, 4)}"
    said, outcome = f"{rule}\n", "not felt"
    acknowledged, refused = set(), set()
    faulty(server, rule)
    try:
        server.start()
    except AssertionError as trouble:  # it began to fail while it began: then it refuses, and says why
        said += str(trouble)
        assert "belfry.db" in said, said
        server.process.wait(WAIT)
        assert server.process.returncode not in (0, None) and server.process.returncode > 0, said
        server.process.stdout.close()
        server.process = None
        mended(server).start()
        outcome = "refused to start"
    put_reply = server.put("/api/v1/jobs/often", json={"trigger": EVERY_SECOND, "folder": "note"})
    assert put_reply.status_code in (201, 503), put_reply.text
    for n in range(30):
        reply = date(server, f"x{n}")
        assert reply.status_code in (201, 503), reply.text
        if reply.status_code == 503:
            assert "belfry.db" in reply.json()["detail"], reply.text
        (acknowledged if reply.status_code == 201 else refused).add(f"x{n}")
    outcomes.append("refused a write" if refused else outcome)
    wait_until(lambda: is_ready(server), HEAL + WAIT, "readiness after the fault: " + said)
    if put_reply.status_code == 503:
        put(server, "often", EVERY_SECOND)
    before = len(starts(server))
    wait_until(lambda: len(starts(server)) >= before + 2, HEAL + WAIT, "the next starts: " + said)
    assert listed(server) - {"often"} == acknowledged
    server.kill()
    mended(server).start()
    assert listed(server) - {"often"} == acknowledged, said
    assert server.stop() == 0
    audit(server, starts(server), "often")


def test_faults_were_felt():
    """The test above shows something: some faults came while it began, others later."""
    if len(outcomes) >= 24:
        assert outcomes.count("refused to start") >= 3 and outcomes.count("refused a write") >= 3, outcomes


def test_fails_for_a_while(server, tmp_path):
    """As a disk that was remounted read-only by its errors, and repaired: red, still readable, nothing starts; then well by itself."""
    gate = tmp_path / "broken"
    faulty(server, "write:0:EROFS,sync:0:EROFS", gate).start()
    put(server, "often", EVERY_SECOND)
    wait_until(lambda: len(starts(server)) >= 2, what="the first starts")
    gate.touch()
    wait_until(lambda: not is_ready(server), HEAL + WAIT, "unreadiness")
    reply = date(server, "refused")
    assert reply.status_code == 503 and "belfry.db" in reply.json()["detail"], reply.text
    assert job(server, "often")["state"] == "scheduled" and runs(server), "it cannot even be asked"
    before = len(starts(server))
    time.sleep(3)
    assert len(starts(server)) <= before + 1, "it starts what it cannot record"
    assert server.read_log().count("does not accept writes") == 1
    gate.unlink()
    wait_until(lambda: is_ready(server), HEAL + WAIT, "readiness")
    wait_until(lambda: len(starts(server)) >= before + 3, HEAL + WAIT, "the next starts")
    assert server.stop() == 0
    audit(server, starts(server), "often")


# ---- full, read-only ----

def test_read_only_at_the_start(server, small_disk):
    """Needs to mount, so root: refuses, names the file, and begins where it was when the disk can be written again."""
    server.db = small_disk / "belfry.db"
    server.start()
    put(server, "often", EVERY_SECOND)
    wait_until(lambda: starts(server), what="a start")
    assert server.stop() == 0
    # The keeper leaves a moment after belfry, and has its log there.
    wait_until(lambda: subprocess.run(["mount", "-o", "remount,ro", small_disk], capture_output=True).returncode == 0, what="the keeper's end")
    try:
        status, said = refused_start(server)
        assert status != 0 and str(server.db) in said, said
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    before = len(starts(server))
    server.start()
    wait_until(lambda: len(starts(server)) > before, what="a start after that")
    assert server.stop() == 0
    audit(server, starts(server), "often")


# ---- other bytes ----

@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A database with jobs and a history, ended in order."""
    from conftest import Server
    made = Server(tmp_path_factory.mktemp("sound"))
    program(made, "note")
    made.start()
    for n in range(JOBS):
        put(made, f"job{n}", {"type": "interval", "hours": 7 + n})
    put(made, "often", EVERY_SECOND)
    wait_until(lambda: len(starts(made)) >= 3, what="some runs")
    assert made.stop() == 0
    return made.db


def page_size(data):
    return int.from_bytes(data[16:18], "big") or 4096


def damage(data, dice):
    """Does one of the things that disks do; what was done."""
    page, size = page_size(data), len(data)
    at = dice.randrange(size // page) * page
    kind = dice.choice(["page of zeros", "page of noise", "half a page", "cut", "header", "swapped pages", "bytes", "other file"])
    if kind == "page of zeros":
        data[at:at + page] = bytes(page)
    elif kind == "page of noise":
        data[at:at + page] = dice.randbytes(page)
    elif kind == "half a page":
        data[at:at + page // 2] = dice.randbytes(page // 2)
    elif kind == "cut":
        del data[dice.randrange(1, size):]
    elif kind == "header":
        data[dice.randrange(0, 16)] ^= 1 << dice.randrange(8)
    elif kind == "swapped pages":
        to = dice.randrange(size // page) * page
        data[at:at + page], data[to:to + page] = data[to:to + page], data[at:at + page]
    elif kind == "bytes":
        for _ in range(dice.randrange(1, 200)):
            data[dice.randrange(size)] ^= 1 << dice.randrange(8)
    else:
        data[:] = b"This is not the database that you are looking for.\n" * 500
    return f"{kind} at {at} of {size}"


def start_or_refuse(server):
    """Its exit status and words if it refuses to start; None and "" while it serves."""
    try:
        server.start()
        return None, ""
    except AssertionError as trouble:
        status = server.process.wait(WAIT)
        server.process.stdout.close()
        server.process = None
        return status, str(trouble)


def test_damaged_files(belfry_factory, sound, tmp_path):
    """It refuses, says which file and what to do; what no check of the structure can see it lists as it is. Never does it begin empty."""
    before, refused = sound.read_bytes(), 0
    for number in range(CORRUPTIONS):
        home = tmp_path / str(number)
        server = belfry_factory(home, start=False)
        data = bytearray(before)
        what = f"corruption {number}: {damage(data, random.Random(f'{SEED} {number}'))}"
        changed = bytes(data)
        server.db.write_bytes(changed)
        begun = os.times()
        status, said = start_or_refuse(server)
        if status is None:
            assert len(listed(server)) == JOBS + 1, f"{what}: begins without what was there"
            server.stop()
            continue
        spent = os.times()
        assert status > 0, f"{what}: {status}\n{said}"
        assert str(server.db) in said and ("restore" in said or "backup" in said), f"{what}: {said}"
        assert spent.children_user + spent.children_system - begun.children_user - begun.children_system < REFUSES, what
        assert server.db.read_bytes() == changed, f"{what}: the damaged file was touched"
        refused += 1
        shutil.rmtree(home)
    assert refused >= CORRUPTIONS // 2, f"only {refused} were noticed"
    print(f"{refused} of {CORRUPTIONS} refused")


@pytest.mark.parametrize("left", ["empty", "gone"])
def test_log_without_its_database(belfry_factory, tmp_path, left):
    """Killed, then the database is gone or empty while its log still holds data: it does not begin anew."""
    server = belfry_factory(tmp_path, start=False)
    program(server, "note")
    server.start()
    put(server, "often", EVERY_SECOND)
    wait_until(lambda: starts(server), what="a start")
    server.kill()
    if left == "gone":
        server.db.unlink()
    else:
        server.db.write_bytes(b"")
    status, said = start_or_refuse(server)
    assert status and status > 0 and str(server.db) in said and "backup" in said, said


def test_log_cut_off(belfry_factory, tmp_path):
    """A torn end of the log is what a power cut leaves: what lies before it is there, and no start is made twice."""
    server = belfry_factory(tmp_path, start=False)
    program(server, "note")
    server.start()
    put(server, "often", EVERY_SECOND)
    wait_until(lambda: len(starts(server)) >= 3, what="some starts")
    server.kill()
    log = Path(str(server.db) + "-wal")
    data = log.read_bytes()
    log.write_bytes(data[:len(data) - random.Random(SEED).randrange(1, 900)])
    server.start()
    assert listed(server) == {"often"}
    before = len(starts(server))
    wait_until(lambda: len(starts(server)) > before, what="the next start")
    assert server.stop() == 0
    rows = rows_of(server.db)
    nothing_unaccounted(rows, "often")
    assert all(row["state"] >= 10 for row in rows)
