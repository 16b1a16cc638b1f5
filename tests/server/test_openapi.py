"""The description of the API is of these routes, and nothing that is sent breaks the server."""

from __future__ import annotations

import random
from urllib.parse import urlsplit

import pytest
from openapi_spec_validator import validate
from support.gateway import Gateway
from support.mutating import answer, mutated, right_ones

from audiopipe.server.openapi import document
from audiopipe.server.routes import TABLE, routes


def test_the_description_is_valid_and_of_these_routes(gateway: Gateway) -> None:
    told = gateway.get("/openai.json").status_code, gateway.get("/openapi.json").json()
    assert told[0] == 404
    validate(told[1])
    described = {(method.upper(), path) for path, row in told[1]["paths"].items() for method in row}
    routed = {
        (method, route.path.replace(":path", ""))
        for route in routes()
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert described == routed
    assert len({each.answer.__doc__ for each in TABLE}) > len(TABLE) / 3
    ids = [row["operationId"] for each in told[1]["paths"].values() for row in each.values()]
    assert len(ids) == len(set(ids))
    assert document(TABLE) == told[1]


@pytest.mark.parametrize("seed", range(4))
def test_damaged_requests_break_nothing(seed: int, gateway: Gateway) -> None:
    dice = random.Random(seed)
    address = urlsplit(gateway.url)
    for request in dice.choices(right_ones(), k=50):
        got = answer(address.hostname or "", address.port or 0, mutated(request, dice))
        status = got[9:12]
        assert status != b"500", got
        assert b"Traceback" not in got
    assert gateway.get("/health").json() == {"status": "ok"}
    assert not [line for line in gateway.lines if "defect" in line]
