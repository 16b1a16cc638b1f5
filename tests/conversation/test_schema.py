from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from support.chatting import _check_strict

from audiopipe.conversation.schema import AnyObject, Model, Schema, shape_of, strict, without_nulls
from audiopipe.conversation.schema.example import example_of
from audiopipe.errors import UsageError

STRING = {"type": "string"}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


class Address(BaseModel):
    city: str
    zip_code: str | None = None


class Person(BaseModel):
    name: str = Field(min_length=1)
    age: int = Field(ge=0, le=150)
    role: Literal["guest", "host"] = "guest"
    addresses: list[Address] = Field(min_length=1)
    notes: list[str] = []


leaves = st.sampled_from(
    [
        {"type": "string", "minLength": 1},
        {"type": "integer", "minimum": 3},
        {"type": "boolean"},
        {"enum": ["a", "b"]},
        {"type": ["number", "null"]},
        {"anyOf": [{"type": "string", "title": "T"}, {"type": "null"}]},
    ]
)


@st.composite
def objects(draw: st.DrawFn, parts: st.SearchStrategy[Any]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True))
    properties = {name: draw(parts) for name in names}
    required = [name for name in names if draw(st.booleans())]
    return {"type": "object", "properties": properties, "required": required}


schemas = objects(
    st.recursive(
        leaves,
        lambda parts: objects(parts) | st.builds(lambda p: {"type": "array", "items": p}, parts),
        max_leaves=8,
    )
)


@st.composite
def answers(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """What a model may answer that is held to a strict schema."""
    if "anyOf" in schema:
        return draw(answers(draw(st.sampled_from(schema["anyOf"]))))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    kind = schema["type"]
    if kind == "object":
        return {name: draw(answers(part)) for name, part in schema["properties"].items()}
    if kind == "array":
        return draw(st.lists(answers(schema["items"]), max_size=3))
    plain: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(min_size=1),
        "integer": st.integers(3),
        "boolean": st.booleans(),
        "null": st.none(),
        "number": st.floats(allow_nan=False, allow_infinity=False),
    }
    return draw(st.one_of(*(plain[each] for each in ([kind] if isinstance(kind, str) else kind))))


@given(schemas, st.data())
def test_what_a_model_held_to_the_strict_schema_answers_is_valid_by_the_whole_schema(
    schema: dict[str, Any], data: st.DataObject
) -> None:
    held = strict(schema)
    assert held is not None
    _check_strict("answer", held, "")
    answer = data.draw(answers(held))
    jsonschema.validate(answer, held)
    assert Schema(schema).read(json.dumps(answer)) == without_nulls(answer, schema)


@given(schemas, st.data())
def test_a_valid_value_stays_as_it_is(schema: dict[str, Any], data: st.DataObject) -> None:
    value = without_nulls(data.draw(answers(strict(schema) or {})), schema)
    assert without_nulls(value, schema) == value


@pytest.mark.parametrize(
    "part",
    [
        {},
        True,
        {"type": "object"},
        {"type": "object", "additionalProperties": STRING},
        {"type": "array"},
        {"type": "array", "prefixItems": [STRING]},
        {"allOf": [STRING]},
        {"not": STRING},
        {"type": ["object", "null"], "properties": {}},
    ],
)
def test_what_strict_mode_cannot_say_is_left_to_the_check_here(part: Any) -> None:
    assert strict(an_object(a=part)) is None


def test_a_pydantic_model_can_be_held_to_and_gives_an_instance() -> None:
    shape = Model(Person)
    _check_strict("answer", strict(shape.schema) or {}, "")
    text = '{"name": "Ada", "age": 36, "role": null, "addresses": [{"city": "London",'
    text += ' "zip_code": null}], "notes": null}'
    ada = Person(name="Ada", age=36, addresses=[Address(city="London")])
    assert shape.read(text) == ada


def test_a_recursive_model_is_checked_but_not_held_to() -> None:
    class Node(BaseModel):
        name: str
        parts: list[Node] = []

    shape = Model(Node)
    assert strict(shape.schema) is None
    assert shape.read('{"name": "a", "parts": [{"name": "b"}]}').parts[0].name == "b"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"name": "A", "age": 36', "not valid JSON"),
        ('["A"]', "not a JSON object, but of type list"),
        ('{"name": "", "age": 200}', "name: "),
        ('{"name": "", "age": 200}', "age: "),
        ('{"name": "A", "age": 3, "addresses": [{"city": "B"}, {"city": 1}]}', "addresses.1.city"),
        ('{"name": "A", "age": 3, "addresses": []}', "addresses: "),
        ('{"name": "A", "age": 3, "role": "boss", "addresses": [{"city": "B"}]}', "role: "),
    ],
)
def test_each_fault_is_told_with_its_place_by_both_kinds_of_schema(text: str, fault: str) -> None:
    for shape in (Model(Person), Schema(Person.model_json_schema())):
        with pytest.raises(ValueError, match=fault):
            shape.read(text)


def test_a_strict_pydantic_model_takes_json_as_json() -> None:
    class Day(BaseModel):
        model_config = ConfigDict(strict=True)
        parts: tuple[int, ...]

    assert Model(Day).read('{"parts": [1, 2]}').parts == (1, 2)


def test_json_that_is_dressed_for_people_is_undressed() -> None:
    assert AnyObject().read('```json\n{"a": 1}\n```') == {"a": 1}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "thing"}, "not a JSON Schema"),
        ({"type": "object", "properties": 3}, "not a JSON Schema"),
        (3, "subclass of pydantic"),
        (int, "subclass of pydantic"),
    ],
)
def test_what_is_no_schema_of_an_object_is_a_usage_error(schema: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        shape_of(schema)


@dataclass
class Town:
    name: str
    people: int = 0


class Row(TypedDict):
    name: str
    towns: NotRequired[list[str]]


@pytest.mark.parametrize(
    ("shape", "text", "value"),
    [
        ({"type": "array", "items": STRING}, '{"value": ["a", "b"]}', ["a", "b"]),
        ({"type": "array", "items": STRING}, '["a", "b"]', ["a", "b"]),
        ({"enum": ["yes", "no"]}, '{"value": "yes"}', "yes"),
        ({"type": ["object", "null"]}, "null", None),
        (list[Town], '{"value": [{"name": "Lima"}]}', [Town("Lima")]),
        (Town, '{"name": "Lima", "people": 3}', Town("Lima", 3)),
        (Row, '{"name": "Peru", "towns": ["Lima"]}', {"name": "Peru", "towns": ["Lima"]}),
        (list[Row], '[{"name": "Peru"}]', [{"name": "Peru"}]),
        (dict[str, int], '{"Lima": 3}', {"Lima": 3}),
        (list[Person], '{"value": []}', []),
        (tuple[int, str], '{"value": [1, "a"]}', (1, "a")),
    ],
)
def test_a_shape_may_have_any_root(shape: Any, text: str, value: Any) -> None:
    made = shape_of(shape)
    assert made.schema is not None and made.schema["type"] == "object"
    assert made.read(text) == value


def test_what_is_in_a_list_is_checked_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"0\.people: "):
        shape_of(list[Town]).read('[{"name": "Lima", "people": "many"}]')


@given(schemas)
def test_an_example_has_the_form_of_its_schema(schema: dict[str, Any]) -> None:
    jsonschema.validate(example_of(schema), schema)


def test_a_reference_to_elsewhere_is_a_usage_error() -> None:
    shape = Schema(an_object(a={"$ref": "https://example.org/schema.json"}))
    with pytest.raises(UsageError, match="refers to what is not in it"):
        shape.read('{"a": 1}')
