"""test_s2.py - the certificate monitor's calls: statuses and bodies byte for byte (contract of S2)."""
import datetime
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from tls_lab import DAY, Leaf, name

SERIAL = 570435772442202785564600563792081404855388718456


def exact(reply, status, text):
    assert (reply.status_code, reply.text) == (status, text)


@pytest.fixture(scope="module")
def leaf():
    return Leaf(None, subject=name("localhost", C="US", ST="California", O="Example"), serial=SERIAL)


@pytest.fixture(scope="module")
def host(leaf, tmp_path_factory):
    """HOST:PORT of a TLS server with a self-signed certificate."""
    path = leaf.write(tmp_path_factory.mktemp("tls") / "leaf.pem")
    with lab.Server(lab.tls(path)) as tls:
        yield f"localhost:{tls.port}"


def test_check_gives_the_four_fields(server, leaf, host):
    reply = server.post("/x509/check_host_certificate/", params={"host": host})
    end = leaf.certificate.not_valid_after
    days = (end - datetime.datetime.utcnow()).days
    exact(reply, 200, '{"end_date":"%s","time_to_expiry":%d,"subject":"<Name(C=US,ST=California,O=Example,CN=localhost)>",'
          '"serial":%d}' % (end.isoformat(), days, SERIAL))


def test_check_takes_json_as_well(server, host):
    assert server.post("/x509/check_host_certificate/", json={"host": host}).json()["serial"] == SERIAL


def test_bytes_that_are_no_text(server):
    """One complaint, not another that the parameter is missing."""
    reply = server.post("/schedule/host_ssl_check/?host=%ff")
    assert reply.status_code == 422 and [item["type"] for item in reply.json()["detail"]] == ["string_unicode"]


def test_unreachable_is_502(server):
    reply = server.post("/x509/check_host_certificate/?host=127.0.0.1:1")
    assert reply.status_code == 502 and reply.json()["code"] == "host_unreachable"
    assert reply.json()["detail"] and reply.json()["status"] == 502


def test_bad_certificates_are_told_all_the_same(server, tmp_path):
    """S2 does not verify: an expired certificate has its four facts, with days below zero."""
    expired = Leaf(None, start=-30 * DAY, end=-10 * DAY)
    with lab.Server(lab.tls(expired.write(tmp_path / "expired.pem"))) as tls:
        body = server.post(f"/x509/check_host_certificate/?host=127.0.0.1:{tls.port}").json()
    assert list(body) == ["end_date", "time_to_expiry", "subject", "serial"]
    assert body["time_to_expiry"] in (-10, -11) and body["serial"] == expired.certificate.serial_number


def test_no_tls_is_502_and_silence_504(server):
    with lab.Server(lab.says(b"220 hello\r\n")) as other:
        reply = server.post(f"/x509/check_host_certificate/?host=127.0.0.1:{other.port}")
    assert reply.status_code == 502 and reply.json()["code"] == "tls_handshake" and reply.json()["detail"]
    with lab.Server(lab.silent) as other:
        reply = server.post(f"/x509/check_host_certificate/?host=127.0.0.1:{other.port}")
    assert reply.status_code == 504 and reply.json()["code"] == "timeout" and reply.json()["detail"]


@pytest.mark.parametrize("query, where", [
    ("host=", "host"), ("host=a%20b", "host"), ("host=http://x/", "host"), ("host=x:99999", "host"), ("host=%ff", "host"),
])
def test_bad_hosts_are_422(server, query, where):
    reply = server.post("/x509/check_host_certificate/?" + query)
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["query", where]


def test_schedule(server):
    exact(server.get("/schedule/show_schedules/"), 200, '{"jobs":[]}')
    exact(server.post("/schedule/host_ssl_check/?time_in_seconds=60&host=localhost"), 200,
          '{"scheduled":true,"job_id":"localhost"}')
    jobs = server.get("/schedule/show_schedules/").json()["jobs"]
    assert [list(j) for j in jobs] == [["job_id", "run_frequency", "next_run"]]
    assert jobs[0]["run_frequency"] == "interval[0:01:00]"
    exact(server.patch("/schedule/host_ssl_check/?time_in_seconds=300&host=localhost"), 200,
          '{"scheduled":true,"job_id":"localhost"}')
    assert server.get("/schedule/show_schedules/").json()["jobs"][0]["run_frequency"] == "interval[0:05:00]"
    exact(server.delete("/schedule/host_ssl_check/?host=localhost"), 200, '{"scheduled":false,"job_id":"localhost"}')
    exact(server.get("/schedule/show_schedules/"), 200, '{"jobs":[]}')


def test_default_interval_and_zero(server):
    server.post("/schedule/host_ssl_check/?host=a.example")
    server.post("/schedule/host_ssl_check/?time_in_seconds=0&host=b.example:8443")
    assert {j["job_id"]: j["run_frequency"] for j in server.get("/schedule/show_schedules/").json()["jobs"]} == {
        "a.example": "interval[0:01:00]", "b.example:8443": "interval[0:00:01]"}


def test_what_crashed_is_told(server):
    url = "/schedule/host_ssl_check/"
    server.post(url + "?host=localhost")
    again = server.post(url + "?host=localhost")
    assert again.status_code == 409 and again.json()["detail"] == "Job already exists" and again.json()["code"] == "job_exists"
    unknown = server.delete(url + "?host=absent")
    assert unknown.status_code == 404 and unknown.json()["code"] == "job_not_found"
    assert server.patch(url + "?time_in_seconds=5&host=absent").status_code == 404
    for query in "time_in_seconds=-5&host=x", "time_in_seconds=abc&host=x", "time_in_seconds=99999999999999999999&host=x":
        reply = server.post(url + "?" + query)
        assert reply.status_code == 422, query
        assert reply.json()["detail"][0]["loc"] == ["query", "time_in_seconds"]
        assert set(reply.json()["detail"][0]) >= {"type", "loc", "msg", "input"}
    assert server.post(url).json()["detail"][0] == {
        "type": "missing", "loc": ["query", "host"], "msg": "Field required", "input": None}


def test_show_schedules_lists_all_jobs(server):
    server.folder("x", "cron\n")
    server.post("/api/v1/jobs", json={"job_id": "x"})
    server.post("/schedule/host_ssl_check/?time_in_seconds=600&host=localhost")
    assert {j["job_id"] for j in server.get("/schedule/show_schedules/").json()["jobs"]} == {"x", "localhost"}


def test_scheduled_check_is_recorded(server, host, leaf):
    assert server.post("/schedule/host_ssl_check/", params={"time_in_seconds": 1, "host": host}).status_code == 200
    # on a busy machine a second may be too short for a check, and the next slot is skipped
    run = server.wait_for_run(f"/api/v1/jobs/{host}/runs", state="failed")
    result = run["result"]
    assert result["serial"] == str(SERIAL) and result["subject_repr"].startswith("<Name(C=US,")
    assert result["verified"] is False and result["findings"]
    assert result["not_after"].startswith(leaf.certificate.not_valid_after.isoformat())
    server.delete("/schedule/host_ssl_check/", params={"host": host})
