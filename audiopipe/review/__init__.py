"""The review page: from a flag to a transcript one can sign.

One HTML file without any library, which asks nothing of any network: the scripts and the style of
`static`, and the transcripts as data.
"""
