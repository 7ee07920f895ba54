"""The OpenAPI document has what is served, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.shell.gateway_lab import Lab, in_lab

if TYPE_CHECKING:
    from aiohttp import web

NOBODY = "/v1/{other}"
"""Where those are answered who send to no source."""


async def document(lab: Lab) -> dict[str, Any]:
    answer = await lab.client.get("/openapi.json")
    assert answer.content_type == "application/json"
    described: dict[str, Any] = await answer.json()
    return described


def test_every_route_is_described_and_every_description_is_served() -> None:
    async def test(lab: Lab) -> None:
        described = {
            (method.upper(), path)
            for path, operations in (await document(lab))["paths"].items()
            for method in operations
        }
        site: web.Application = lab.client.server.app  # type: ignore[attr-defined]
        served = {
            (route.method, route.resource.canonical)
            for route in site.router.routes()
            if route.resource
        }

        assert described == served - {("POST", NOBODY), ("HEAD", NOBODY)}
        assert ("POST", "/v1/agents/v1/logs") in described

    in_lab(test)


def test_a_source_is_described_with_its_proof_its_content_and_its_size() -> None:
    async def test(lab: Lab) -> None:
        paths = (await document(lab))["paths"]
        own, signed = paths["/v1/own"]["post"], paths["/v1/signed"]["post"]
        traces = paths["/v1/agents/v1/traces"]["post"]

        assert [each["security"] for each in (own, signed)] == [[{"bearer": []}], [{"github": []}]]
        cloudevents = {"application/cloudevents+json", "application/cloudevents-batch+json"}
        assert own["requestBody"]["content"].keys() == cloudevents | {"application/json"}
        # Attributes in headers are not signed there.
        assert signed["requestBody"]["content"].keys() == cloudevents
        assert traces["requestBody"]["content"].keys() == {
            "application/json",
            "application/x-protobuf",
        }
        assert "2048 bytes" in own["description"]
        assert "1000 requests a second" in own["description"]
        for status in ("429", "503"):
            assert "Retry-After" in own["responses"][status]["headers"]

    in_lab(test)


def test_the_schemes_of_the_sources_are_described() -> None:
    async def test(lab: Lab) -> None:
        schemes = (await document(lab))["components"]["securitySchemes"]

        assert schemes == {
            "bearer": {"type": "http", "scheme": "bearer"},
            "github": {"type": "apiKey", "in": "header", "name": "X-Hub-Signature-256"},
        }

    in_lab(test)
