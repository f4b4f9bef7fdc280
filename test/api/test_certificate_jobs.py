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
    for _ in range(200):
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
    assert server.process.wait(5) == 2
