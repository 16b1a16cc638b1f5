"""Adds a recogniser, a renderer, a check, a job and a stage, by public names alone."""

from dataclasses import replace

from audiopipe import ChunkTranscript, Flag, Segment, Span, Transcriber, Upload, Usage


class Echo(Transcriber):
    name, address, workers, variant = "echo", "", 2, "1"

    def __init__(self, settings):
        self.said = settings.prompt or "hello there"

    def accept(self, request):
        return replace(request, model="echo")

    def upload(self, request):
        return Upload(("flac",), 25_000_000)

    def price(self, audio_s, request):
        return Usage(requests=1, audio_s=audio_s)

    def ask(self, audio, request, pause):
        return self.said.encode()

    def read(self, answer, audio, request):
        span = Span(audio.window.file_s(0), audio.window.file_s(1, ends=True))
        segment = Segment(span, f" {answer.decode()}")
        return ChunkTranscript(audio.window, "en", (segment,), self.price(1, request))


def shout(transcript):
    return transcript.text.upper() + "\n"


def too_loud(evidence):
    for segment in evidence.segments:
        yield Flag("too-loud", segment.span, 1.0, 0.5, "Too loud: listen.")


def count(scribe, transcript, asked):
    return f"{len(transcript.text.split())} words"


def louder(work, end="!"):
    segments = [replace(s, text=s.text.upper() + end) for s in work.transcript.segments]
    return replace(work, transcript=replace(work.transcript, segments=tuple(segments)))
