"""test_openapi.py - the document is sound, complete, and tells the truth about replies."""
import os
import re
import sys
import time

import jsonschema
import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from tls_world import World

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
def document(server):
    return server.get("/openapi.json").json()


def operations(document):
    return [(path, method, op) for path, item in document["paths"].items() for method, op in item.items()]


def expand(document, schema):
    """A schema with its references within reach of jsonschema."""
    return {**schema, "components": document["components"]}


def test_where_it_is(server):
    assert server.get("/openapi.json").text == server.get("/api/v1/openapi.json").text
    assert server.get("/openapi.json").headers["content-type"] == "application/json"


def test_shape(document):
    assert document["openapi"].startswith("3.1.") and document["info"]["title"] and document["info"]["version"]
    ids = [op["operationId"] for _, _, op in operations(document)]
    assert len(ids) == len(set(ids)) >= 25
    for path, method, op in operations(document):
        assert method in METHODS and path.startswith("/")
        assert op["summary"] and op["description"] and op["tags"] and op["responses"]
        wanted = set(re.findall(r"{(\w+)}", path))
        given = {p["name"] for p in op.get("parameters", []) if p["in"] == "path"}
        assert wanted == given, (path, method)
        for parameter in op.get("parameters", []):
            assert parameter["in"] in ("path", "query") and parameter["schema"]
        assert any(code.startswith("2") for code in op["responses"])
        for code, response in op["responses"].items():
            assert re.fullmatch(r"[2345]\d\d", code) and response["description"]


def test_every_reference_leads_somewhere(document):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].split("/")[-1] in document["components"]["schemas"], node
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(document)


def test_schemas_are_schemas(document):
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for key, member in schema.get("properties", {}).items():
            for example in member.get("examples", []):
                jsonschema.Draft202012Validator(expand(document, member)).validate(example)


def test_presets(document):
    """A client that fills in what is left out must not change what stands."""
    schemas = document["components"]["schemas"]
    assert schemas["JobCreate"]["properties"]["from_file"]["default"] is True
    assert [k for k, member in schemas["JobPatch"]["properties"].items() if "default" in member] == []
    parameters = {m: op["parameters"] for p, m, op in operations(document) if p == "/schedule/host_ssl_check/"}
    assert parameters["post"][0]["schema"]["default"] == 60 and "default" not in parameters["patch"][0]["schema"]


def test_each_operation_answers(server, document):
    """No row of the table is only paper: each gives a status that it names."""
    for path, method, op in operations(document):
        url = path.replace("{job_id}", "absent").replace("{run_id}", "1")
        with server.ask(method.upper(), url, json={} if "requestBody" in op else None, stream=True) as reply:  # some go on for ever
            assert str(reply.status_code) in op["responses"], (method, path, reply.status_code)


def alert_of(server, seconds=60):
    """The number of an incident, once there is one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = server.get("/api/v1/alerts").json()["alerts"]
        if found:
            return found[0]["id"]
        time.sleep(0.05)
    raise AssertionError("no incident")


def test_replies_keep_to_their_schemas(server, document, tmp_path):
    server.folder("x", "interval\nhours=1\n")
    assert server.post("/api/v1/jobs", json={"job_id": "x"}).status_code == 200
    server.post("/api/v1/jobs/x/runs")
    run = server.wait_for_run("/api/v1/jobs/x/runs")
    assert server.put("/api/v1/calendars/y", json={"dates": ["12-25"]}).status_code in (200, 201)
    assert server.put("/api/v1/pools/y", json={"slots": 1, "rate": "10/m"}).status_code in (200, 201)
    assert server.put("/api/v1/freezes/y", json={"from": "12-25", "to": "12-26", "reason": "z"}).status_code in (200, 201)
    with lab.Server(lab.tls(World(tmp_path).good())) as other:
        assert server.post("/api/v1/certificates/check", json={"host": f"localhost:{other.port}"}).status_code == 200
    assert lab.wait_until(lambda: server.get("/api/v1/certificates").json()["total"] > 0)
    certificate = server.get("/api/v1/certificates").json()["certificates"][0]["sha256"]
    assert server.put("/api/v1/channels/y", json={"kind": "webhook", "url": "http://127.0.0.1:1/"}).status_code in (200, 201)
    server.folder("z", main="def call(): raise ValueError\n")
    assert server.put("/api/v1/jobs/z", json={"folder": "z", "trigger": {"type": "manual"}, "notify": [{}]}).status_code == 201
    server.post("/api/v1/jobs/z/runs")
    server.wait_for_run("/api/v1/jobs/z/runs")
    incident = alert_of(server)
    past = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:30Z"}
    assert server.put("/api/v1/jobs/past", json={"command": ["true"], "trigger": {
        "type": "interval", "seconds": 15, "start_date": past["from"]}}).status_code == 201
    filled = server.post("/api/v1/jobs/past/backfill", json=past).json()["backfill_id"]
    node = server.get("/api/v1/nodes").json()["nodes"][0]["name"]
    for path, method, op in operations(document):
        if method != "get" or "application/json" not in op["responses"]["200"].get("content", {}):
            continue
        url = path.replace("/nodes/{name}", f"/nodes/{node}").replace("{job_id}", "x").replace("{run_id}", str(run["run_id"])).replace("{name}", "y").replace("{id}", str(incident)).replace("{sha256}", certificate).replace(
            "{backfill_id}", str(filled))
        needed = {p["name"]: p["schema"]["examples"][0] for p in op.get("parameters", [])
                  if p["in"] == "query" and p["required"]}
        reply = server.get(url, params=needed)
        assert reply.status_code == 200, (path, reply.text)
        schema = op["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(expand(document, schema)).validate(reply.json())
        known = document["components"]["schemas"].get(schema.get("$ref", "").split("/")[-1], {}).get("properties")
        if known is not None:
            assert set(reply.json()) <= set(known), path


def test_docs_page(server):
    page = server.get("/docs")
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert server.get(asset).status_code == 200, asset
    assert server.get("/redoc").headers["location"] == "/docs"
    assert server.get("/docs", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    assert server.ask("GET", "/problems/job-exists").status_code == 200
