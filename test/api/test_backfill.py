"""Past slots that are run because somebody asks for it: which, in which order, how many at once, over restarts."""
import os
import subprocess
import time

import pytest

from test_depends import command, ended, put, runs
from test_weather import wait_until, when

HOURLY = {"type": "interval", "hours": 1, "start_date": "2026-01-01T00:00:00Z"}
DAY = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T05:00:00Z"}


def fill(server, name, **body):
    return server.post(f"/api/v1/jobs/{name}/backfill", json=body)


def done(server, number):
    def look():
        told = server.get(f"/api/v1/backfills/{number}").json()
        return told if told["is_done"] else None
    return wait_until(look, what="the backfill")


def test_dry_run_lists_and_does_nothing(server):
    put(server, "fill-a", trigger=HOURLY, **command("true"))
    reply = fill(server, "fill-a", dry_run=True, **DAY)
    assert reply.status_code == 200
    told = reply.json()
    assert (told["backfill_id"], told["total"], told["left_out"]) == (None, 6, 0)
    assert told["slots"] == [f"2026-03-01T0{n}:00:00Z" for n in range(6)]
    newest = fill(server, "fill-a", dry_run=True, order="newest", **DAY).json()["slots"]
    assert newest == told["slots"][::-1]
    assert runs(server, "fill-a") == []


def test_each_slot_is_run_once_and_told(server):
    put(server, "fill-b", trigger=HOURLY, **command("echo $BELFRY_SCHEDULED_AT"))
    next_at = server.get("/api/v1/jobs/fill-b").json()["next_run_at"]
    reply = fill(server, "fill-b", **DAY)
    assert reply.status_code == 202 and reply.headers["location"].endswith(str(reply.json()["backfill_id"]))
    number = reply.json()["backfill_id"]
    told = done(server, number)
    assert (told["total"], told["states"], told["failed"]) == (6, {"succeeded": 6}, [])
    assert (told["first_slot"], told["last_slot"]) == (DAY["from"], DAY["to"])
    rows = sorted(runs(server, "fill-b"), key=lambda one: one["started_at"])
    assert [one["slot"] for one in rows] == [f"2026-03-01T0{n}:00:00Z" for n in range(6)]
    assert {(one["origin"], one["backfill_id"]) for one in rows} == {("backfill", number)}
    for one, after in zip(rows, rows[1:]):  # one at a time
        assert one["finished_at"] <= after["started_at"]
    for one in rows:
        assert server.get(f"/api/v1/runs/{one['run_id']}").json()["stdout"]["head"].strip() == one["slot"]
    assert server.get("/api/v1/jobs/fill-b").json()["next_run_at"] == next_at
    again = fill(server, "fill-b", **DAY)
    assert again.status_code == 200 and (again.json()["total"], again.json()["left_out"]) == (0, 6)
    assert fill(server, "fill-b", rerun=True, dry_run=True, **DAY).json()["total"] == 6
    why = server.get("/api/v1/jobs/fill-b/why", params={"at": rows[0]["scheduled_at"]}).json()
    assert "for the slot of 2026-03-01 00:00 (backfill)" in why["answers"][0]["sentence"], why


def test_parallel_beside_the_schedule(server):
    put(server, "fill-c", trigger=HOURLY, **command("sleep 60"))
    number = fill(server, "fill-c", parallel=2, **DAY).json()["backfill_id"]
    told = wait_until(lambda: (lambda t: t if t["states"].get("running") == 2 else None)(
        server.get(f"/api/v1/backfills/{number}").json()), what="two runs")
    assert told["states"] == {"running": 2, "queued": 4}
    by_hand = server.post("/api/v1/jobs/fill-c/runs")  # max_instances is 1, and they are not counted
    assert by_hand.status_code == 201
    assert server.post(f"/api/v1/backfills/{number}/cancel").json()["cancelled"] == 6
    assert done(server, number)["states"] == {"cancelled": 6}
    assert server.post(f"/api/v1/backfills/{number}/cancel").status_code == 404
    server.post(f"/api/v1/runs/{by_hand.json()['run_id']}/cancel")
    ended(server, "fill-c", 7)


def test_it_goes_on_after_a_restart(belfry_factory, tmp_path):
    server = belfry_factory(tmp_path)
    put(server, "f", trigger=HOURLY, **command("sleep 0.3"))
    number = fill(server, "f", **DAY).json()["backfill_id"]
    wait_until(lambda: server.get(f"/api/v1/backfills/{number}").json()["states"].get("succeeded", 0) >= 1, what="a run")
    server.kill()
    server.start()
    told = done(server, number)
    assert told["total"] == 6 and told["states"].get("succeeded", 0) >= 5
    slots = sorted(one["slot"] for one in runs(server, "f"))
    assert slots == [f"2026-03-01T0{n}:00:00Z" for n in range(6)]
    server.stop()


def test_what_cannot_be_is_said(server):
    put(server, "fill-d", trigger=HOURLY, **command("true"))
    put(server, "fill-e", trigger={"type": "manual"}, **command("true"))
    put(server, "fill-f", trigger={"type": "interval", "seconds": 1, "start_date": "2026-01-01T00:00:00Z"}, paused=True,
        **command("true"))
    for name, body, status, said in [
            ("fill-d", {}, 422, "Field required"),
            ("fill-d", {"from": "soon"}, 422, "from"),
            ("fill-d", {"from": "2026-03-02", "to": "2026-03-01"}, 422, "before from"),
            ("fill-d", {"from": "2026-03-02", "parallel": 101}, 422, "less than or equal to 100"),
            ("fill-e", {"from": "2026-03-01"}, 422, "follows events"),
            ("fill-f", {"from": "2026-03-01"}, 422, "more than 10000 slots"),
            ("nobody", {"from": "2026-03-01"}, 404, "not found")]:
        reply = fill(server, name, **body)
        assert reply.status_code == status and said in reply.text, (name, body, reply.text)
    assert server.get("/api/v1/backfills/7").status_code == 404


@pytest.mark.parametrize("catch_up, count", [("none", 0), ("one", 1), ("all", None)])
def test_resume_with_catch_up(server, catch_up, count):
    name = f"fill-{catch_up}"
    put(server, name, trigger={"type": "interval", "seconds": 0.5}, misfire={"policy": "all", "max": 3},
        **command("echo $BELFRY_SCHEDULED_AT"))
    server.post(f"/api/v1/jobs/{name}/pause", json={"reason": "a while"})
    since = server.get(f"/api/v1/jobs/{name}").json()["paused"]["since"]
    wait_until(lambda: [one for one in runs(server, name) if one["reason"] == "paused"], what="a slot in the pause")
    time.sleep(2)  # four slots
    reply = server.post(f"/api/v1/jobs/{name}/resume", json={"catch_up": catch_up})
    assert reply.status_code == 200 and reply.json()["paused"] is None
    until = reply.json()["updated_at"]
    caught = [one for one in runs(server, name) if one["origin"] == "backfill"]
    assert len(caught) == (3 if count is None else count)
    for one in caught:
        assert when(since) <= when(one["slot"]) <= when(until)
    server.patch(f"/api/v1/jobs/{name}", json={"trigger": {"type": "manual"}})


def test_command_line(server):
    put(server, "fill-cli", trigger=HOURLY, **command("true"))

    def cli(*words):
        return subprocess.run([os.environ.get("BELFRY", "build/dev/belfry"), *words, "-s", server.url], capture_output=True,
                              text=True, timeout=60)
    dry = cli("backfill", "fill-cli", "--from", DAY["from"], "--to", DAY["to"], "--dry-run")
    assert dry.returncode == 0 and dry.stdout.startswith("6 slots of fill-cli would be run\n  2026-03-01T00:00:00Z\n"), dry
    real = cli("backfill", "fill-cli", "--from", DAY["from"], "--to", DAY["to"], "-y")
    assert real.returncode == 0 and "6 runs of fill-cli" in real.stdout, real
    number = real.stdout.split()[1].rstrip(":")
    done(server, number)
    shown = cli("backfill", "show", number)
    assert shown.stdout.startswith(f"backfill {number} of fill-cli: 6 succeeded\n"), shown
    again = cli("backfill", "fill-cli", "--from", DAY["from"], "--to", DAY["to"], "-y")
    assert again.stdout.startswith("0 slots of fill-cli would be run (6 more have been run"), again
    assert cli("backfill", "fill-cli").returncode == 2
    assert cli("backfill", "cancel", number).returncode == 3
