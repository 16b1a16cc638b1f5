from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from support.answers import Answer, error
from support.server import KEY, Server

import audiopipe
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.chat import GroqChatter, OpenAIChatter
from audiopipe.concurrency import Stop
from audiopipe.conversation import ChatSession, Conversation
from audiopipe.errors import (
    AuthError,
    InvalidAnswer,
    LimitReached,
    ModelUnavailable,
    RejectedRequest,
    RequestTooLarge,
    ServerFault,
    Stopped,
    TruncatedAnswer,
    UsageError,
)
from audiopipe.limits.rules import Limits
from audiopipe.settings import Settings
from audiopipe.values.requests import Message, Reply

BIG, SMALL, LOOSE = "openai/gpt-oss-120b", "openai/gpt-oss-20b", "qwen/qwen3.8-27b"
NO_LIMITS = Limits()


Open = Callable[..., ChatSession]


@pytest.fixture
def open_talk(server: Server) -> Iterator[Open]:
    """Opens talks with the server as Groq, and closes them."""
    with ExitStack() as stack:

        def opened(
            model: str = "", *, stop: Stop | None = None, settings: Any = None, **account: Any
        ) -> ChatSession:
            retry = Retry(attempts=3, sleep=lambda _: None)
            account = {"limits": NO_LIMITS, "retry": retry, **account}
            backend = GroqChatter(api_key=KEY, base_url=server.url, **account)
            talk = ChatSession(
                model, backend=stack.enter_context(backend), stop=stop, settings=settings
            )
            return stack.enter_context(talk)

        yield opened


@pytest.fixture
def talk(open_talk: Open) -> ChatSession:
    return open_talk()


@pytest.fixture
def elsewhere(server: Server) -> Iterator[ChatSession]:
    """With a server that is not Groq's."""
    with (
        OpenAIChatter(api_key=KEY, base_url=server.url) as backend,
        ChatSession(SMALL, backend=backend) as talk,
    ):
        yield talk


def sent(server: Server) -> dict[str, Any]:
    """The body of the last request."""
    return server.seen[-1].json


# one turn


def test_a_question_is_answered_with_what_it_took(talk: ChatSession, server: Server) -> None:
    reply = talk.ask("How are you?")
    assert (reply.text, reply.model, reply.finish_reason) == ("You said: How are you?", BIG, "stop")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (4 + 3, 5)
    assert reply.usage.cost_usd == pytest.approx((7 * 0.15 + 5 * 0.60) / 1e6)
    assert sent(server) == {"model": BIG, "messages": [{"role": "user", "content": "How are you?"}]}


def test_the_public_function_takes_messages_of_any_form(talk: ChatSession, server: Server) -> None:
    reply = audiopipe.chat(
        [{"role": "system", "content": "Be brief."}, Message("user", "Hello.")],
        model="gpt-oss-20b",
        backend=talk.backend,
    )
    assert reply.text == "You said: Hello."
    assert sent(server)["model"] == SMALL
    assert [each["role"] for each in sent(server)["messages"]] == ["system", "user"]


def test_every_option_goes_out_by_the_name_that_the_provider_wants(
    talk: ChatSession, server: Server
) -> None:
    talk.ask(
        "Count.", system="Be brief.", temperature=0, top_p=0.5, max_completion_tokens=50, seed=7,
        stop=["six", "seven"], n=1,
    )  # fmt: skip
    body = sent(server)
    assert body.pop("messages")[0] == {"role": "system", "content": "Be brief."}
    assert body == {
        "model": BIG,
        "temperature": 1e-8,
        "top_p": 0.5,
        "max_completion_tokens": 50,
        "seed": 7,
        "stop": ["six", "seven"],
    }


def test_other_servers_get_zero_as_zero_and_the_older_name_of_the_token_limit(
    elsewhere: ChatSession, server: Server
) -> None:
    reply = elsewhere.ask("Hi.", temperature=0, max_completion_tokens=50)
    assert (sent(server)["temperature"], sent(server)["max_tokens"]) == (0, 50)
    assert reply.usage.cost_usd is None


def test_the_thoughts_of_qwen_are_kept_out_of_its_answer(open_talk: Open, server: Server) -> None:
    open_talk(LOOSE).ask("Hi.")
    assert sent(server)["reasoning_format"] == "hidden"


def test_a_stop_sequence_ends_the_answer(talk: ChatSession, server: Server) -> None:
    server.replies.append("1, 2, 3, 4, 5, 6, 7")
    assert talk.ask("Count.", stop=", 6").text == "1, 2, 3, 4, 5"


def test_an_answer_that_is_cut_off_is_given_with_a_warning(
    talk: ChatSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "audiopipe"):
        reply = talk.ask("one two three four", max_completion_tokens=3)
    assert (reply.text, reply.truncated) == ("You said: one", True)
    assert "cut off (length): raise --max-tokens" in caplog.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"logprobs": True}, "logprobs is not supported: Groq refuses it"),
        ({"top_logprobs": 3}, "top_logprobs is not supported: Groq refuses it"),
        ({"logit_bias": {"50256": -100}}, "logit_bias is not supported: Groq refuses it"),
        ({"n": 2}, "n is not supported: Groq takes 1 only"),
        ({"temprature": 1}, "temprature is not supported: there are system, stop"),
        ({"temperature": 2.1}, "--temperature 2.1 is not between 0 and 2"),
        ({"temperature": -0.1}, "--temperature -0.1 is not between"),
        ({"top_p": 0}, "--top-p 0 is not"),
        ({"max_completion_tokens": 0}, "--max-tokens 0 is not at least 1"),
        ({"stop": list("abcde")}, "--stop takes one to 4 texts"),
        ({"stop": ""}, "--stop takes one to 4 texts"),
        ({"stop": "x", "json": True}, "--stop cannot be used with JSON"),
        ({"json": True, "max_retries": -1}, "--max-retries -1"),
    ],
)
def test_what_no_server_takes_is_refused_before_it_is_sent(
    talk: ChatSession, server: Server, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        talk.ask("Hi.", **options)
    assert server.seen == []


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"role": "user", "content": "Hi.", "name": "Bob"}, r"messages\[\]\.name is not supported"),
        ({"role": "boss", "content": "Hi."}, "its role is system, user or assistant"),
        ({"role": "user", "content": None}, "its content is text"),
        ({"role": "user", "content": " "}, "no message to answer"),
    ],
)
def test_a_message_that_no_server_takes_is_refused_before_it_is_sent(
    talk: ChatSession, server: Server, message: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        talk.ask([message])
    assert server.seen == []


@pytest.mark.parametrize("option", ["json", "schema"])
def test_json_is_not_streamed(talk: ChatSession, server: Server, option: str) -> None:
    with pytest.raises(UsageError, match="JSON cannot be streamed"):
        talk.stream("Hi.", **{option: True})
    assert server.seen == []


def test_a_model_that_does_not_chat_is_refused_and_a_retired_one_names_its_successor(
    open_talk: Open,
) -> None:
    with pytest.raises(UsageError, match="does not chat: take -m openai/gpt-oss-120b"):
        open_talk("turbo").ask("Hi.")
    with pytest.raises(ModelUnavailable, match="take -m openai/gpt-oss-120b"):
        open_talk("llama-3.3-70b-versatile").ask("Hi.")


def test_a_server_of_many_models_lists_them_if_none_is_named(elsewhere: ChatSession) -> None:
    with pytest.raises(UsageError, match=r"with -m: the server has .*, openai/gpt-oss-120b, "):
        audiopipe.chat("Hi.", backend=elsewhere.backend)


def test_the_only_model_of_a_server_need_not_be_named(
    elsewhere: ChatSession, server: Server
) -> None:
    server.faults.append(Answer(200, json.dumps({"data": [{"id": SMALL}]}).encode()))
    assert audiopipe.chat("Hi.", backend=elsewhere.backend).model == SMALL


def test_with_neither_key_nor_server_both_ways_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "AUDIOPIPE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthError, match=r"set GROQ_API_KEY, or name .* --base-url"):
        audiopipe.chat("Hi.")


@pytest.mark.parametrize(
    "fault", ["internal", "over-capacity", "cut-body", "truncated", "no-text", "empty"]
)
def test_a_passing_fault_is_met_by_one_more_try(
    talk: ChatSession, server: Server, fault: str
) -> None:
    server.faults.append(fault)
    assert talk.ask("Hi.").text == "You said: Hi."
    assert len(server.seen) == 2


def test_many_threads_ask_at_once_and_each_gets_its_own_answer(talk: ChatSession) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: talk.ask(f"Number {n}.").text, range(40)))
    assert replies == [f"You said: Number {n}." for n in range(40)]


def test_with_a_fifth_of_the_answers_faulty_every_question_is_answered() -> None:
    retry = Retry(attempts=12, base_s=0.01)
    with (
        Server(fault_rate=0.2, limits=Limits(tpm=600_000)) as server,
        GroqChatter(api_key=KEY, base_url=server.url, retry=retry, limits=NO_LIMITS) as backend,
        ChatSession(backend=backend) as talk,
        ThreadPoolExecutor(4) as pool,
    ):
        replies = list(pool.map(lambda n: talk.ask(f"Number {n}.").text, range(60)))
        assert replies == [f"You said: Number {n}." for n in range(60)]
        assert len(server.seen) > 65


def test_a_model_that_refuses_to_answer_is_an_error(talk: ChatSession, server: Server) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
    body = {"model": BIG, "choices": [{"message": message, "finish_reason": "stop"}]}
    server.faults.append(Answer(200, json.dumps(body).encode()))
    with pytest.raises(RejectedRequest, match="I would rather not"):
        talk.ask("Hi.")


# what is kept


@pytest.mark.parametrize("options", [{"temperature": 0}, {"seed": 3}])
def test_an_answer_that_repeats_is_kept_and_costs_nothing_the_second_time(
    talk: ChatSession, server: Server, options: dict[str, Any]
) -> None:
    first = talk.ask("Hi.", **options)
    again = talk.ask("Hi.", **options)
    assert (first.cached, again.cached, len(server.seen)) == (False, True, 1)
    assert (again.text, again.usage) == (first.text, first.usage)
    assert talk.ask("Ho.", **options).text == "You said: Ho."
    streamed = talk.stream("Hi.", **options)
    assert "".join(streamed) == first.text
    assert len(server.seen) == 2


def test_a_streamed_answer_is_kept_too(talk: ChatSession, server: Server) -> None:
    list(talk.stream("Hi.", temperature=0))
    assert talk.ask("Hi.", temperature=0).cached
    assert len(server.seen) == 1


def test_an_answer_that_may_differ_is_asked_for_each_time(
    talk: ChatSession, server: Server
) -> None:
    talk.ask("Hi.")
    assert not talk.ask("Hi.").cached
    assert not talk.ask("Hi.", temperature=0.5).cached
    assert len(server.seen) == 3


# limits


def test_questions_wait_for_the_tokens_of_the_account(open_talk: Open, server: Server) -> None:
    talk = open_talk(limits=Limits(tpm=2000), retry=Retry(max_wait_s=5))
    for _ in range(4):  # if each kept its 1800 tokens, the second would wait for a minute
        talk.ask("Hi.", max_completion_tokens=1800)
    assert server.refused == []


def test_a_question_of_more_tokens_than_a_minute_has_is_refused_before_it_is_sent(
    open_talk: Open, server: Server
) -> None:
    with pytest.raises(RequestTooLarge, match="never fits the limit of 8000 tokens a minute"):
        open_talk(limits=Limits(tpm=8000)).ask("word " * 10_000)
    assert server.seen == []


def test_the_table_knows_the_window_of_a_model_and_the_account_narrows_it(open_talk: Open) -> None:
    assert open_talk().backend.window(BIG) == 131_072
    assert open_talk(limits=None).backend.window(BIG) == int(8000 * 0.99)


def test_a_bound_on_requests_holds_for_chat(open_talk: Open, server: Server) -> None:
    talk = open_talk(settings=Settings(max_requests=2))
    assert [talk.ask("Hi.").text, talk.ask("Hi.").text] == ["You said: Hi."] * 2
    with pytest.raises(LimitReached, match="--max-requests 2"):
        talk.ask("Hi.")
    assert len(server.seen) == 2


def test_a_bound_on_the_cost_holds_for_chat_and_counts_what_answers_cost_in_truth(
    open_talk: Open, server: Server
) -> None:
    talk = open_talk(settings=Settings(max_cost_usd=0.001))
    for _ in range(5):  # two would use it up by the estimate of 1024 written tokens each
        talk.ask("Hi.")
    with pytest.raises(LimitReached, match="--max-cost"):
        talk.ask("Hi.", max_completion_tokens=10_000)
    assert len(server.seen) == 5


def test_after_a_wish_to_stop_nothing_new_is_asked(open_talk: Open, server: Server) -> None:
    stop = Stop()
    talk = open_talk(stop=stop)
    talk.ask("Hi.", temperature=0)
    stop.set()
    assert talk.ask("Hi.", temperature=0).cached
    with pytest.raises(Stopped):
        talk.ask("Ho.")
    assert len(server.seen) == 1


# streams and conversations


def test_a_stream_gives_pieces_and_in_the_end_the_reply(talk: ChatSession) -> None:
    with talk.stream("one two") as stream:
        assert stream.reply is None
        assert list(stream) == ["You", " said:", " one", " two"]
        reply = stream.reply
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("You said: one two", "stop")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (6, 4)


def test_a_stream_of_other_servers_tells_what_it_took(elsewhere: ChatSession) -> None:
    with elsewhere.stream("one two") as stream:
        assert "".join(stream) == "You said: one two"
        assert stream.reply is not None
        assert stream.reply.usage.completion_tokens == 4


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"error": {"message": "out of memory"}}, "the server stopped early: out of memory"),
        ({"x_groq": {"error": "over capacity"}}, "the server stopped early: over capacity"),
        (None, "the answer broke off"),
    ],
)
def test_a_stream_that_ends_early_is_an_error(
    talk: ChatSession, server: Server, told: dict[str, Any] | None, words: str
) -> None:
    events = [{"choices": [{"delta": {"content": "Half"}}]}, *([told] if told else [])]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    server.faults.append(Answer(200, body.encode(), "text/event-stream"))
    stream = talk.stream("Hi.")
    assert next(stream) == "Half"
    with pytest.raises(ServerFault, match=words):
        next(stream)
    assert stream.reply is None


def test_a_conversation_tells_the_model_all_that_was_said(
    talk: ChatSession, server: Server
) -> None:
    conversation = Conversation("Be brief.", chat_session=talk)
    conversation.say("One.")
    list(conversation.stream("Two."))
    conversation.say("Three.", temperature=1)
    assert [(each["role"], each["content"]) for each in sent(server)["messages"]] == [
        ("system", "Be brief."),
        ("user", "One."),
        ("assistant", "You said: One."),
        ("user", "Two."),
        ("assistant", "You said: Two."),
        ("user", "Three."),
    ]
    assert conversation.messages[-1] == Message("assistant", "You said: Three.")


def test_a_turn_that_fails_or_is_not_heard_to_its_end_leaves_no_trace(
    talk: ChatSession, server: Server
) -> None:
    conversation = Conversation(chat_session=talk)
    with conversation.stream("One.") as stream:
        next(stream)
    server.faults.append(error(400, "no"))
    with pytest.raises(RejectedRequest):
        conversation.say("Two.")
    assert conversation.messages == []


# JSON and shapes


class Topping(BaseModel):
    name: str
    grams: int | None = None


class Pizza(BaseModel):
    size: Literal["small", "large"]
    price: float = Field(gt=0)
    toppings: list[Topping] = Field(min_length=1)
    note: str | None = None


GOOD = '{"size": "large", "price": 9.5, "toppings": [{"name": "olives"}]}'
WRONG_SIZE = GOOD.replace("large", "huge")
FREE = GOOD.replace("9.5", "0")
MARGHERITA = Pizza(size="large", price=9.5, toppings=[Topping(name="olives")])
MODELS = pytest.mark.parametrize("model", [BIG, LOOSE])
SHAPES = pytest.mark.parametrize("schema", [Pizza, Pizza.model_json_schema()])


def test_json_mode_gives_the_object(talk: ChatSession, server: Server) -> None:
    assert talk.ask("Hi.", json=True).value == {"said": "Hi."}
    assert sent(server)["response_format"] == {"type": "json_object"}


@MODELS
@SHAPES
def test_a_valid_answer_is_taken_at_the_first_try(
    open_talk: Open, server: Server, model: str, schema: Any
) -> None:
    server.replies.append(GOOD)
    reply = open_talk(model).ask("Make one.", schema=schema)
    value = reply.value if isinstance(reply.value, Pizza) else Pizza(**reply.value)
    assert value == MARGHERITA
    assert len(server.seen) == 1
    held = "json_schema" if model == BIG else "json_object"
    assert sent(server)["response_format"]["type"] == held
    assert '"minItems": 1' in sent(server)["messages"][0]["content"]


@MODELS
@SHAPES
@pytest.mark.parametrize("bad", [[WRONG_SIZE], [FREE, WRONG_SIZE], ["Here you are.", GOOD[:-1]]])
def test_faults_go_back_to_the_model_until_its_answer_is_valid(
    open_talk: Open, server: Server, model: str, schema: Any, bad: list[str]
) -> None:
    server.replies.extend([*bad, GOOD])
    reply = open_talk(model).ask("Make one.", schema=schema)
    assert reply.text == GOOD
    assert len(server.seen) == len(bad) + 1 == reply.usage.requests
    *_, answer, correction = sent(server)["messages"]
    assert answer == {"role": "assistant", "content": bad[-1]}
    fault = "size: " if bad[-1] == WRONG_SIZE else "not valid JSON"
    assert correction["role"] == "user" and fault in correction["content"]


@MODELS
@SHAPES
def test_an_answer_that_is_never_valid_is_an_error_in_one_line_with_the_last_answer(
    open_talk: Open, server: Server, model: str, schema: Any
) -> None:
    server.replies.extend([FREE, FREE, WRONG_SIZE])
    with pytest.raises(InvalidAnswer) as caught:
        open_talk(model).ask("Make one.", schema=schema)
    line = str(caught.value)
    assert f"no valid answer from {model} in 3 tries: size: " in line and "\n" not in line
    assert caught.value.answer == WRONG_SIZE
    assert len(server.seen) == 3


def test_no_retries_means_one_try(talk: ChatSession, server: Server) -> None:
    server.replies.append(FREE)
    with pytest.raises(InvalidAnswer, match="in 1 tries"):
        talk.ask("Make one.", schema=Pizza, max_retries=0)


def test_json_that_is_cut_off_is_an_error(talk: ChatSession, server: Server) -> None:
    with pytest.raises(InvalidAnswer, match="raise --max-tokens"):  # Groq's own check
        talk.ask("one two three four", json=True, max_completion_tokens=2)
    message = {"role": "assistant", "content": '{"a": '}
    body = {"model": BIG, "choices": [{"message": message, "finish_reason": "length"}]}
    server.faults.append(Answer(200, json.dumps(body).encode()))
    with pytest.raises(TruncatedAnswer, match="raise --max-tokens"):  # a server without one
        talk.ask("Hi.", json=True)


def test_a_schema_that_the_server_does_not_take_is_asked_for_in_words(
    talk: ChatSession, server: Server
) -> None:
    server.faults.append(error(400, "invalid schema for response format: too deep"))
    server.replies.append(GOOD)
    assert talk.ask("Make one.", schema=Pizza).value == MARGHERITA
    assert sent(server)["response_format"] == {"type": "json_object"}


def test_valid_answers_are_kept_and_their_corrections_too(open_talk: Open, server: Server) -> None:
    talk = open_talk(LOOSE)
    server.replies.extend([FREE, GOOD])
    first = talk.ask("Make one.", schema=Pizza, temperature=0)
    again = talk.ask("Make one.", schema=Pizza, temperature=0)
    assert (again.value, again.cached, len(server.seen)) == (first.value, True, 2)
