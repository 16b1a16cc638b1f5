"""The gateway: OpenAI's API in front of a `Session`. Nothing here knows how to transcribe.

A body arrives in `intake`, which writes its recording to the `spool` and gives its fields to
`forms`, where all dialects become one `Ask`. The `gateway` keeps it as a row of `jobs`, lets it
wait its turn in the `queue`, and works on it by the session; a `flight` is what requests wait for.
The transcript leaves by `replies`, or by `waiting` where that takes long. `routes` is the table of
endpoints, and `app` what stands around them all.
"""
