"""Asks a gateway by clients of Python that are installed apart: python ask.py URL RECORDING

Prints a line of JSON: the text that each client got. LangChain's needs ffmpeg.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path


def main(url: str, recording: str) -> None:
    told = {"litellm": by_litellm(url, recording), "llama-index": by_llama_index(url, recording)}
    if shutil.which("ffmpeg"):
        told["langchain"] = by_langchain(url, recording)
    print(json.dumps(told))


def by_litellm(url: str, recording: str) -> str:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the web for prices
    from litellm import transcription

    with Path(recording).open("rb") as file:
        reply = transcription(
            "openai/whisper-1", file, api_base=f"{url}/v1", api_key="none", timeout=600
        )
    return str(reply.text)


def by_llama_index(url: str, recording: str) -> str:
    from llama_index.readers.whisper import WhisperReader

    more = {"client_kwargs": {"base_url": f"{url}/v1"}}
    reader = WhisperReader(model="whisper-1", api_key="none", **more)
    return " ".join(each.text for each in reader.load_data(recording)).strip()


def by_langchain(url: str, recording: str) -> str:
    from langchain_community.document_loaders.parsers.audio import OpenAIWhisperParser
    from langchain_core.documents.base import Blob

    parser = OpenAIWhisperParser(api_key="none", base_url=f"{url}/v1")
    return " ".join(each.page_content for each in parser.lazy_parse(Blob.from_path(recording)))


if __name__ == "__main__":
    main(*sys.argv[1:])
