"""Old history goes; what is left is told by belfry db."""
import json
import os
import sqlite3
import subprocess
import time

from conftest import BELFRY
from test_why import program, put, wait_for


def db(server, *words, status=0):
    env = {k: v for k, v in os.environ.items() if not k.startswith("BELFRY_")}
    done = subprocess.run([BELFRY, "db", *words, "--db", str(server.db)], capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def old_rows(server, job_id, count, state=13):
    """History of a job, a row a second before the job's first."""
    with sqlite3.connect(server.db) as con:
        [number] = con.execute("SELECT id FROM job WHERE name = ?", (job_id,)).fetchone()
        first = (time.time_ns() // 1000 // 1000000 - 10 * count) * 1000000
        con.executemany(
            "INSERT INTO run VALUES(?, ?, ?, 0, 1, ?, 1, 1, ?, ?, 0, ?, 0, 0, 0, 0, 0, '', 0, 0, 0)",
            [(n + 1, number, first + n * 1000000, state, first, first, first + 1000) for n in range(count)])
    con.close()


def test_only_so_many_rows_are_kept(own_server):
    server = own_server.start()
    program(server, "w")
    put(server, "busy", {"type": "manual"}, keep=20)
    put(server, "calm", {"type": "manual"})
    assert server.get("/api/v1/jobs/busy").json()["keep"] == 20
    assert server.get("/api/v1/jobs/calm").json()["keep"] == 1000
    server.stop()
    old_rows(server, "busy", 2345)
    assert "2345 cancelled" in db(server, "check")
    server.start()
    # It looks a minute after its start, and as soon as there are many new rows.
    end = time.monotonic() + 150
    while time.monotonic() < end and server.get("/api/v1/jobs/busy/stats?n=1000").json()["rows"] > 20:
        time.sleep(1)
    assert server.get("/api/v1/jobs/busy/stats?n=1000").json()["rows"] == 20
    assert server.get("/api/v1/status").json()["runs"]["removed"] == 2325
    told = json.loads(db(server, "check", "-o", "json"))  # beside the server
    assert told["runs"] == {"cancelled": 20} and told["removed"] == 2325 and told["verdict"] == "ok"
    told = json.loads(db(server, "status", "-o", "json"))
    assert told["jobs"] == 2 and not told["has_ended"]


def test_db_tells_what_is_wrong(own_server):
    server = own_server.start()
    program(server, "w")
    put(server, "job", {"type": "manual"})
    server.post("/api/v1/jobs/job/runs")
    wait_for(server, "job", lambda run: run["state"] == "succeeded")
    assert "last seen" in db(server, "status")
    server.stop()
    assert "ended" in db(server, "status") and "verdict   ok" in db(server, "check")
    with sqlite3.connect(server.db) as con:
        con.execute("UPDATE run SET job_id = 99")
    con.close()
    assert "1 runs of no job" in db(server, "check", status=1)
    with open(server.db, "r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\x55" * 4096 * 12)
    assert "damaged" in db(server, "check", status=1)
    server.db = server.home / "none.db"
    assert db(server, "check", status=1) == "" and not server.db.exists()
    env = {**os.environ, "BELFRY_STORE__PATH": str(server.db)}
    assert subprocess.run([BELFRY, "db"], env=env, capture_output=True).returncode == 2


def test_db_migrate(server):
    """Beforehand, without serving: not while somebody has it, and nothing is made where nothing is."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("BELFRY_")}
    busy = subprocess.run([BELFRY, "db", "migrate", "--db", str(server.db)], capture_output=True, text=True, env=env, timeout=60)
    assert busy.returncode == 1 and "in use" in busy.stderr
    server.stop()
    assert "nothing to do" in db(server, "migrate")
    told = json.loads(db(server, "migrate", "-o", "json"))
    assert told["schema_before"] == told["schema"] > 0
    none = server.home / "none.db"
    gone = subprocess.run([BELFRY, "db", "migrate", "--db", str(none)], capture_output=True, text=True, env=env, timeout=60)
    assert gone.returncode == 1 and gone.stderr and not none.exists()
    server.start()


def output_of(server, run_id):
    return list(server.home.glob(f"belfry.db.runs/*/{run_id}.*"))


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    assert condition()


def test_output_goes_with_its_run(own_server):
    server = own_server.start()
    put(server, "talks", {"type": "manual"}, folder=None, command="echo hello; exit 1", retries={"max": 1, "delay": "10ms"})
    ids = []
    for _ in range(3):
        ids.append(server.post("/api/v1/jobs/talks/runs").json()["run_id"])
        until(lambda: server.get(f"/api/v1/runs/{ids[-1]}").json()["finished_at"])
    assert all(len(output_of(server, run_id)) == 2 for run_id in ids)
    assert server.delete(f"/api/v1/runs/{ids[0]}").status_code == 204
    until(lambda: not output_of(server, ids[0]))
    # As after a crash between the row and the files.
    server.stop()
    with sqlite3.connect(server.db) as con:
        con.execute("DELETE FROM run WHERE id = ?", (ids[1],))
    con.close()
    server.start()
    until(lambda: server.get("/api/v1/status").json()["output"]["files"] == 2)
    assert not output_of(server, ids[1]) and len(output_of(server, ids[2])) == 2
    assert 0 < server.get("/api/v1/status").json()["output"]["bytes"] < 100_000
