"""test_examples.py - what /docs puts into its forms can be sent as it stands."""
import re


def resolved(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def test_bodies(server):
    """Each JSON body of a job with its example: accepted, once the folder that it names exists."""
    server.folder("hello_c", "interval\nseconds=3600\n")
    document = server.get("/openapi.json").json()
    sent = 0
    for path, item in document["paths"].items():
        for method in ("post", "put", "patch"):
            operation = item.get(method, {})
            if "requestBody" not in operation or not path.startswith("/api/"):
                continue
            schema = resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])
            if "examples" not in schema:
                continue
            reply = server.ask(method.upper(), re.sub(r"{\w+}", "hello_c", path), json=schema["examples"][0])
            # The host of a check need not be there.
            fine = (200, 502, 504) if path.endswith("/certificates/check") else (200, 201)
            assert reply.status_code in fine, (method, path, reply.text)
            sent += 1
    assert sent >= 3
