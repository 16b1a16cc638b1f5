from __future__ import annotations

import io
import os
import signal
from threading import Event, Thread

import numpy as np
import pytest
import soundfile

from audiopipe.audio.encoding import ChunkEncoder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_encodes_while_a_thread_of_its_parent_opens_a_file() -> None:
    opening, go_on = Event(), Event()
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(1600, np.int16), 16_000, format="WAV")

    class Slow(io.BytesIO):
        def seek(self, *where: int) -> int:
            opening.set()
            go_on.wait()
            return super().seek(*where)

    thread = Thread(target=lambda: soundfile.SoundFile(Slow(sound.getvalue())).close())
    thread.start()
    opening.wait()
    if not (child := os.fork()):
        signal.alarm(30)  # what waits for ever ends by a signal
        encoder = ChunkEncoder("flac")
        encoder.write(np.zeros(1600, np.int16))
        os._exit(not encoder.finish())
    _, status = os.waitpid(child, 0)
    go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0
