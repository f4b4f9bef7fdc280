"""test_metrics.py - /metrics of a real server: what it counts, the formats, many jobs; the rules and dashboard that come with it."""
import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import real_servers

ROOT = Path(__file__).parents[2]
PROMTOOL = real_servers.UNPACKED / "usr/bin/promtool"
EVERY_SECOND = {"type": "interval", "seconds": 1}
BY_HAND = {"type": "manual"}
needs_promtool = pytest.mark.skipif(not PROMTOOL.exists(), reason="prometheus could not be unpacked")


def promtool(*arguments, **more):
    done = subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr


def scrape(server, **more):
    """{metric: {labels as text: value}}"""
    reply = server.get("/metrics", **more)
    assert reply.status_code == 200
    found = {}
    for line in reply.text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(r"([a-z_]+)(\{.*\})? (\S+)", line).groups()
            found.setdefault(name, {})[(labels or "{}")[1:-1]] = float(value)
    return found


def wait_for(found, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


def job(server, name, main, trigger=EVERY_SECOND):
    folder = server.jobs / name
    folder.mkdir(exist_ok=True)
    (folder / "main").write_text("#!/bin/sh\n" + main)
    (folder / "main").chmod(0o755)
    reply = server.put(f"/api/v1/jobs/{name}", json={"folder": name, "trigger": trigger})
    assert reply.status_code in (200, 201), reply.text


def test_what_runs_leave_behind(own_server):
    server = own_server.start()
    job(server, "good", "exit 0\n")
    job(server, "bad", "exit 3\n")
    job(server, "slow", "sleep 60\n")
    before = time.time()
    m = wait_for(lambda: (lambda m: m if m.get("belfry_job_consecutive_failures", {}).get('job_id="bad"', 0) >= 2
                          and m.get("belfry_runs_missed_total", {}).get('reason="overlap"', 0) >= 1
                          and m.get("belfry_job_last_success_timestamp_seconds") else None)(scrape(server)))
    assert m["belfry_jobs"]['state="scheduled",kind="folder"'] == 3
    assert m["belfry_runs_total"]['result="succeeded",kind="folder",trigger="schedule"'] >= 1
    assert m["belfry_runs_total"]['result="failed",kind="folder",trigger="schedule"'] >= 2
    assert m["belfry_runs_total"]['result="skipped",kind="folder",trigger="schedule"'] == m["belfry_runs_missed_total"]['reason="overlap"']
    assert m["belfry_runs_running"][""] >= 1 and m["belfry_scheduler_paused"][""] == 0 and m["belfry_sse_clients"][""] == 0
    assert m["belfry_job_failing"] == {'job_id="good"': 0, 'job_id="bad"': 1}
    assert m["belfry_job_last_exit_code"] == {'job_id="good"': 0, 'job_id="bad"': 3}
    assert set(m["belfry_job_last_success_timestamp_seconds"]) == {'job_id="good"'}
    assert abs(m["belfry_job_last_success_timestamp_seconds"]['job_id="good"'] - time.time()) < 60
    assert m["belfry_job_next_run_timestamp_seconds"]['job_id="good"'] > before
    assert m["belfry_run_duration_seconds_count"]['kind="folder",result="failed"'] >= 2
    assert m["belfry_run_start_lag_seconds_count"]['kind="folder"'] >= 3
    assert m["belfry_store_operation_duration_seconds_count"]['operation="claim"'] >= 3
    assert m["belfry_store_errors_total"] == {'kind="failed"': 0, 'kind="refused"': 0}
    assert m["belfry_store_size_bytes"]['part="database"'] > 0
    assert abs(m["belfry_scheduler_last_tick_timestamp_seconds"][""] - time.time()) < 60
    assert m["process_resident_memory_bytes"][""] > 1 << 20 and m["process_threads"][""] >= 2
    assert abs(m["process_start_time_seconds"][""] - before) < 120
    server.delete("/api/v1/jobs/bad")
    assert 'job_id="bad"' not in scrape(server)["belfry_job_failing"]


def test_requests(own_server):
    server = own_server.start()
    server.get("/api/v1/jobs")
    server.get("/api/v1/jobs/none")
    server.get("/nowhere")
    server.get("/docs")
    m = scrape(server)
    count = m["belfry_http_requests_total"]
    assert count['method="GET",route="/api/v1/jobs",code="200"'] == 1
    assert count['method="GET",route="/api/v1/jobs/{job_id}",code="404"'] == 1
    assert count['method="any",route="other",code="404"'] == 1 and count['method="any",route="other",code="200"'] == 1
    assert m["belfry_http_request_duration_seconds_count"]['method="GET",route="/api/v1/jobs"'] == 1
    assert m["belfry_http_in_flight_requests"][""] == 1


def test_what_waits_and_what_holds(own_server):
    server = own_server.start()
    body = {"command": ["sleep", "60"], "trigger": BY_HAND, "tags": ["nightly", "etl"], "overlap": "queue", "max_instances": 1}
    assert server.put("/api/v1/jobs/slow", json=body).status_code == 201
    assert scrape(server)["belfry_job_info"] == {'job_id="slow",kind="command",tags=",nightly,etl,"': 1}
    runs = [server.post("/api/v1/jobs/slow/runs").json()["run_id"] for _ in range(2)]
    m = wait_for(lambda: (lambda m: m if m["belfry_runs_queued"][""] == 1 and m["belfry_runs_running"][""] == 1 else None)(scrape(server)))
    assert m["belfry_scheduler_paused"][""] == 0
    assert server.post("/api/v1/scheduler/pause", json={"reason": "night"}).status_code == 200
    assert scrape(server)["belfry_scheduler_paused"][""] == 1
    with server.get("/api/v1/events", stream=True):
        wait_for(lambda: scrape(server)["belfry_sse_clients"][""] == 1)
    wait_for(lambda: scrape(server)["belfry_sse_clients"][""] == 0)
    server.post("/api/v1/scheduler/resume")
    assert scrape(server)["belfry_scheduler_paused"][""] == 0
    for run in reversed(runs):
        server.post(f"/api/v1/runs/{run}/cancel")
    wait_for(lambda: (lambda m: m["belfry_runs_queued"][""] + m["belfry_runs_running"][""] == 0)(scrape(server)))


def test_past_a_limit_only_failing_jobs(tmp_path, belfry_factory):
    server = belfry_factory(tmp_path, "--metrics-jobs", "2")
    for name in "abc":
        job(server, name, "exit 1\n", BY_HAND)
    m = scrape(server)
    assert m["belfry_metrics_jobs_dropped"][""] == 3 and "belfry_job_info" not in m
    server.post("/api/v1/jobs/b/runs")
    m = wait_for(lambda: (lambda m: m if "belfry_job_failing" in m else None)(scrape(server)))
    assert m["belfry_job_failing"] == {'job_id="b"': 1}
    assert m["belfry_metrics_jobs_dropped"][""] == 2
    server.delete("/api/v1/jobs/a")
    assert set(scrape(server)["belfry_job_info"]) == {'job_id="b",kind="folder"', 'job_id="c",kind="folder"'}


@pytest.mark.parametrize("accept, expected", [
    (None, "text/plain; version=0.0.4; charset=utf-8"),
    ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
    ("application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     "application/openmetrics-text; version=1.0.0; charset=utf-8"),
])
def test_formats(server, accept, expected):
    reply = server.get("/metrics", headers={"Accept": accept} if accept else {})
    assert reply.headers["content-type"] == expected
    assert reply.text.endswith("# EOF\n") == ("openmetrics" in expected)


@needs_promtool
def test_promtool_has_nothing_to_say(own_server):
    server = own_server.start()
    job(server, "good", "exit 0\n")
    wait_for(lambda: "belfry_job_failing" in scrape(server))
    promtool("check", "metrics", input=server.get("/metrics").text)


@needs_promtool
def test_rules():
    promtool("check", "rules", ROOT / "contrib/prometheus/belfry.rules.yml")
    promtool("test", "rules", ROOT / "test/data/belfry.rules.test.yml")


def metric_rows():
    rows = re.findall(r'^X\("(\w+)", METRIC_(\w+), \w+, "(.*)"\)$', (ROOT / "src/api/metric.def").read_text(), re.M)
    assert len(rows) > 20 and len(rows) == (ROOT / "src/api/metric.def").read_text().count("\nX(")
    return rows


def test_the_page_lists_every_metric():
    page = (ROOT / "docs/metrics.md").read_text()
    for name, kind, words in metric_rows():
        assert f"| `{name}` | {kind.lower()} |" in page and words in page, f"docs/metrics.md: {name}: {words}"
    listed = re.findall(r"^\| `(\w+)` \| (?:gauge|counter|histogram) \|", page, re.M)
    assert listed == [name for name, _, _ in metric_rows()]


def test_the_page_lists_the_names_of_others():
    page = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r'^X\("(\w+)", "(\w+)", METRIC_\w+, \w+, "(.*)"\)$', (ROOT / "src/api/metric_alias.def").read_text(), re.M)
    assert len(rows) == 12
    for exporter, name, words in rows:
        assert f"| {exporter} | `{name}` | {words} |" in page


def test_rules_and_dashboard_ask_for_metrics_that_exist():
    known = {name for name, _, _ in metric_rows()}
    known |= set(re.findall(r'^X\("\w+", "(\w+)", METRIC_', (ROOT / "src/api/metric_alias.def").read_text(), re.M))
    known |= {name + end for name, kind, _ in metric_rows() if kind == "HISTOGRAM" for end in ("_bucket", "_sum", "_count")}
    board = json.loads((ROOT / "contrib/grafana/belfry.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(asked) >= 8
    for text in [*asked, (ROOT / "contrib/prometheus/belfry.rules.yml").read_text()]:
        for name in re.findall(r"\b(?:belfry|process|probe|ssl)_\w+", text):
            assert name in known, name
