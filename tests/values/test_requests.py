from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.values.requests import ChatRequest, Message, Request, SpeechRequest

ANY = st.text(st.characters(codec=None))


@given(ANY)
def test_what_is_asked_can_be_sent_whatever_the_arguments_were(text: str) -> None:
    asked = (
        Request("transcribe", text, text, text).prompt,
        SpeechRequest(text).text,
        Message("user", text).content,
        ChatRequest((), stop=(text,)).stop[0],
    )
    for sent in asked:
        assert sent is not None
        assert sent.encode("utf-8").decode("utf-8") == sent
        assert sent == text or any("\ud800" <= each <= "\udfff" for each in text)
