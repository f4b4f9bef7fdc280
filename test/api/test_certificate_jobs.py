"""test_certificate_jobs.py - scheduled checks with options, over HTTP; and servers whose operator draws a line."""
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from conftest import Server as Belfry
from tls_world import World

DAILY = {"type": "interval", "days": 1}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("jobs"))


def run_now(server, name):
    """Starts a run of the job and waits for its end."""
    run = server.post(f"/api/v1/jobs/{name}/runs").json()["run_id"]
    for _ in range(2400):
        end = server.get(f"/api/v1/runs/{run}").json()
        if end["state"] not in ("queued", "running"):
            return end
        time.sleep(0.05)
    raise AssertionError(end)


def test_options_are_the_arguments(server, world):
    with lab.Server(lab.talk(lab.DIALOGUES["smtp"], lab.tls(world.good()))) as mail:
        job = {"certificate": f"mail.example:{mail.port}", "trigger": DAILY,
               "args": ["starttls=smtp", "connect_to=127.0.0.1", "name=localhost", f"ca={world.ca}"]}
        reply = server.put("/api/v1/jobs/mail", json=job)
        assert reply.status_code in (200, 201), reply.text
        assert server.get("/api/v1/jobs/mail").json()["args"] == job["args"]
        end = run_now(server, "mail")
        assert end["state"] == "succeeded", end
        found = end["result"]
        assert (found["code"], found["target"]["starttls"], found["target"]["sni"], found["target"]["host"]) == ("ok", "smtp", "localhost", "mail.example")
        assert server.patch("/api/v1/jobs/mail", json={"args": ["connect_to=127.0.0.1"]}).status_code == 200
        end = run_now(server, "mail")
        assert end["state"] == "failed" and end["result"]["code"] == "not_tls" and "starttls smtp" in end["result"]["hint"]


@pytest.mark.parametrize("args,loc,words", [
    (["starttls=smpt"], ["body", "args", 0], "does not know"),
    (["addresses=all", "nothing"], ["body", "args", 1], "is not an option"),
    (["proxy=http://me:pw1234@p"], ["body", "args", 0], "cannot hold user and password"),
    (["key=/k"], ["body", "args"], "without cert"),
    ([7], ["body", "args", 0], "is not an option"),
])
def test_options_that_are_none(server, args, loc, words):
    job = {"certificate": "a.example", "trigger": DAILY, "args": args}
    for reply in (server.put("/api/v1/jobs/bad", json=job), server.post("/api/v1/jobs", json={"job_id": "bad", **job})):
        assert reply.status_code == 422, reply.text
        item = reply.json()["detail"][0]
        assert item["loc"] == loc and words in item["msg"], item
        assert "pw1234" not in item["msg"]
    assert server.get("/api/v1/jobs/bad").status_code == 404


def test_patch_looks_at_them_too(server):
    assert server.put("/api/v1/jobs/later", json={"certificate": "a.example", "trigger": DAILY}).status_code in (200, 201)
    assert server.patch("/api/v1/jobs/later", json={"args": ["starttls=gopher"]}).status_code == 422
    assert server.patch("/api/v1/jobs/later", json={"args": ["starttls=auto"]}).status_code == 200
    server.folder("plain", "cron\n")
    assert server.put("/api/v1/jobs/plain", json={"trigger": DAILY, "args": ["anything at all"]}).status_code in (200, 201)
    # the arguments of a folder are no options of a check
    assert server.patch("/api/v1/jobs/plain", json={"certificate": "a.example"}).status_code == 422


@pytest.fixture(scope="module")
def careful(tmp_path_factory):
    server = Belfry(tmp_path_factory.mktemp("careful"), "--tls-deny", "127.0.0.2, *.secret.example ::1", "--tls-allow", "127.0.0.0/8,10.9.9.9")
    server.start()
    yield server
    server.stop()


def test_whom_a_server_may_check(careful, world):
    url = "/x509/check_host_certificate/?host="
    with lab.Server(lab.tls(world.good())) as tls:
        assert careful.post(f"{url}127.0.0.1:{tls.port}").status_code == 200
        assert careful.post(f"{url}localhost:{tls.port}").status_code == 200
    for host in ("127.0.0.2:1", "a.secret.example", "[::1]:1", "192.0.2.1", "[::ffff:127.0.0.2]:1"):
        reply = careful.post(url + host)
        assert (reply.status_code, reply.json()["code"]) == (403, "target_denied"), reply.text
        assert "may be checked" in reply.json()["detail"]
    job = {"certificate": "10.9.9.9", "trigger": DAILY, "args": ["proxy=http://127.0.0.2:3128"]}
    assert careful.put("/api/v1/jobs/proxied", json=job).status_code in (200, 201)
    end = run_now(careful, "proxied")
    assert end["state"] == "failed" and end["result"]["code"] == "target_denied"


@pytest.mark.parametrize("flag,value", [("--tls-deny", "10.0.0.1/8"), ("--tls-allow", "a b c*"), ("--tls-deny", "10.0.0.0/40")])
def test_lists_that_are_none(tmp_path, flag, value):
    server = Belfry(tmp_path, flag, value)
    with pytest.raises(AssertionError):
        server.start()
    assert flag[6:] + ": " in server.read_log()
    assert server.process.wait(60) == 2


# ---- many hosts in one job ----

def put(server, name, certificate, **more):
    reply = server.put(f"/api/v1/jobs/{name}", json={"certificate": certificate, "trigger": DAILY, **more})
    assert reply.status_code in (200, 201), reply.text
    assert server.get(f"/api/v1/jobs/{name}").json()["certificate"] == certificate
    return reply.json()


@pytest.fixture(scope="module")
def places(world):
    """A good server, one that expires soon, an expired one, and nobody."""
    day = lab.DAY
    leaves = {"good": world.leaf(), "soon": world.leaf(start=-70 * day, end=20 * day), "bad": world.leaf(start=-9 * day, end=-day)}
    servers = {name: lab.Server(lab.tls(world.write(leaf, world.middle))) for name, leaf in leaves.items()}
    yield {**{name: f"localhost:{s.port}" for name, s in servers.items()}, "gone": f"localhost:{lab.refused_port()}"}
    for s in servers.values():
        s.close()


def test_an_object_for_one(server, world, places):
    host, port = places["soon"].split(":")
    put(server, "one", {"host": host, "port": int(port), "ca": str(world.ca), "warn": "9d", "critical": "1d"})
    end = run_now(server, "one")
    assert (end["state"], end["result"]["code"], len(end["result"]["chain"])) == ("succeeded", "ok", 2)
    put(server, "one", {"host": host, "port": int(port), "ca": str(world.ca), "warn": "30d", "critical": "21d"})
    assert run_now(server, "one")["result"]["status"] == "critical"


def test_a_list(server, world, places):
    job = put(server, "list", {"hosts": [places["good"], places["bad"] + " warning=1d", {"host": places["soon"]}, places["gone"]],
                               "ca": str(world.ca)})
    assert job["target"].startswith("{")
    end = run_now(server, "list")
    result = end["result"]
    assert end["state"] == "failed" and "3 of 4 hosts: 1 critical, 1 without verdict, 1 warning; certificate of" in end["message"], end["message"]
    assert (result["status"], result["code"], result["checked"], result["omitted"]) == ("critical", "expired", 4, 0)
    assert result["counts"] == {"ok": 1, "warning": 1, "error": 1, "critical": 1}
    rows = {f"{r['host']}:{r['port']}": r for r in result["targets"]}
    assert {k: rows[v]["code"] for k, v in places.items()} == {"good": "ok", "soon": "expires_soon", "bad": "expired", "gone": "connect_refused"}
    assert rows[places["bad"]]["findings"] == ["expired"] and rows[places["gone"]]["sha256"] is None
    assert result["targets"][-1]["code"] == "ok"  # the bad ones first
    put(server, "list", {"hosts": [places["good"], places["soon"]], "ca": str(world.ca)})
    end = run_now(server, "list")
    assert (end["state"], end["result"]["status"]) == ("succeeded", "warning") and end["message"].startswith("1 of 2 hosts: ")


def test_a_file(server, world, places, tmp_path):
    listed = tmp_path / "hosts.txt"
    listed.write_text(f"# ours\n{places['good']}\n{places['soon']} severity=expires_soon=ok  # known\n")
    put(server, "file", {"file": str(listed), "ca": str(world.ca)})
    assert run_now(server, "file")["result"]["counts"]["ok"] == 2
    listed.write_text(places["bad"])  # it is read for each run
    assert run_now(server, "file")["result"]["code"] == "expired"
    listed.write_text("a b\n")
    end = run_now(server, "file")
    assert end["state"] == "failed" and f"{listed}, line 1: " in end["message"]
    listed.write_text("# nobody\n")
    end = run_now(server, "file")
    assert end["state"] == "failed" and end["message"] == f"{listed} lists no host"
    listed.unlink()
    assert str(listed) in run_now(server, "file")["message"]


@pytest.mark.parametrize("certificate,loc", [
    ({"hosts": ["a", {"host": "b", "port": 0}]}, ["hosts", 1, "port"]),
    ({"hosts": ["a", "b b"]}, ["hosts", 1]),
    ({"hosts": []}, ["hosts"]),
    ({"host": "a", "hosts": ["b"]}, ["host"]),
    ({"host": "a", "strattls": "smtp"}, ["strattls"]),
    ({"host": "a", "adaptive": 1}, ["adaptive"]),
    ({"file": "/nonexistent"}, ["file"]),
    ({"hosts": ["a"], "spread": "x"}, ["spread"]),
    ({}, ["host"]),
    ([], []),
    ("a b", []),
])
def test_lists_that_are_none(server, certificate, loc):
    reply = server.put("/api/v1/jobs/none", json={"certificate": certificate, "trigger": DAILY})
    assert reply.status_code == 422, reply.text
    assert reply.json()["detail"][0]["loc"] == ["body", "certificate", *loc]


def test_spread(server, world, places):
    """Not before their turn: the fourth of four after three quarters of the time."""
    put(server, "spread", {"hosts": [places["good"]] * 4, "ca": str(world.ca), "spread": "1s"})
    end = run_now(server, "spread")
    assert end["result"]["counts"]["ok"] == 4 and end["duration_ms"] >= 700, end


def test_adaptive(server, world, places):
    put(server, "adaptive", {"hosts": [places["good"], places["soon"], places["gone"]], "ca": str(world.ca), "adaptive": True})
    first, second = run_now(server, "adaptive")["result"], run_now(server, "adaptive")["result"]
    assert (first["checked"], first["not_due"]) == (3, 0)
    assert (second["checked"], second["not_due"]) == (2, 1)  # who is well is left for a day
    assert {r["code"] for r in second["targets"]} == {"expires_soon", "connect_refused"}
    put(server, "adaptive-one", {"host": places["good"], "ca": str(world.ca), "adaptive": True})
    assert run_now(server, "adaptive-one")["result"]["checked"] == 1
    end = run_now(server, "adaptive-one")
    assert (end["state"], end["message"], end["result"]["checked"]) == ("succeeded", "none of 1 hosts is due", 0)


def test_a_thousand_hosts(server, world, places):
    put(server, "thousand", {"hosts": [places["good"]] * 1000, "ca": str(world.ca)})
    end = run_now(server, "thousand")
    assert end["state"] == "succeeded" and end["result"]["counts"]["ok"] == 1000 and len(end["result"]["targets"]) == 1000


def test_a_list_that_is_given_up(server, world):
    with lab.Server(lab.silent) as quiet:
        put(server, "slow", {"hosts": [f"localhost:{quiet.port}"] * 300, "ca": str(world.ca)}, timeout="500ms")
        assert run_now(server, "slow")["state"] == "timed_out"
