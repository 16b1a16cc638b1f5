"""Decoding in a process of its own, so that whatever a file does to a decoder costs that file.

Decoders are C code that meets bytes of strangers: they crash, loop, and take memory. A child
process (`child`) reads one file after another and puts the samples into shared memory (`ring`),
which holds a few seconds, so that it is never far ahead. Its means are bounded: memory, time of the
processor without a sound, and time without a sign of life. If it dies, another begins again and
skips what was given already; if that dies at the same place, the rest of the file is lost, with the
reason. It ends when its end of the line does, however we end. `recording` is what its user sees.
"""
