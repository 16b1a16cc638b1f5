"""What can go wrong, as a tree; each class knows the exit code of a run that ends with it.

    AudiopipeError                 1  nothing could be done
    ├── UsageError                 2  a flag, a name or a combination that cannot work
    ├── InputError                 1  one input cannot be used; a batch goes on without it
    │   ├── UnreadableInput           missing, not audio, broken from the start
    │   ├── NoAudioTrack              a video without sound
    │   ├── EmptyAudio                no sample, or less than 0.01 s
    │   └── TooLongAudio              longer than --max-duration
    ├── BackendError               1  a recogniser did not give what was asked
    │   ├── AuthError                 key missing or refused, network blocked, spend limit
    │   ├── RejectedRequest           the request itself is wrong: sending it again is useless
    │   │   └── ModelUnavailable      no such model, retired, terms not accepted
    │   ├── RequestTooLarge           too many bytes or seconds for one request: cut it smaller
    │   ├── RateLimited            4  a limit that lasts too long; `wait_s` says how long
    │   ├── ServerFault               5xx, 498, timeouts, cut connections: worth another try
    │   │   └── ServerDown            a row of requests failed, none got through
    │   ├── BadReply                  an answer that is not what the endpoint promises
    │   ├── InvalidAnswer             a chat model's answer is not of the shape that was asked for
    │   ├── TruncatedAnswer           a chat model's answer was cut off at its limit of tokens
    │   └── EngineMissing             the embedded engine or its weights are not installed
    ├── OutputError                1  a result cannot be written
    │   └── UnwritableName            that one alone: for its name, or for what has it already
    ├── Flagged                    5  a strict check found what not to trust
    ├── LimitReached               4  stopped at a limit or a cost cap; the run can be resumed
    │   ├── AnswersLost               kept answers cannot be read
    │   ├── LedgerLost                the ledger of the limits cannot be reached
    │   └── ClusterLost               whoever hands the work to the nodes cannot be reached
    └── Stopped                  130  somebody stopped the run; resumable (SIGTERM 143, SIGHUP 129)

`stops_run` marks what makes every other input of a batch pointless too.
"""

from __future__ import annotations


class AudiopipeError(Exception):
    """Root of the tree. The message is one line: what was tried, on what, what to do."""

    exit_code = 1
    stops_run = False


class UsageError(AudiopipeError):
    """A flag, a name or a combination that cannot work."""

    exit_code = 2
    stops_run = True


class InputError(AudiopipeError):
    """One input cannot be used."""


class UnreadableInput(InputError):
    """Missing, not audio, or broken from its first byte."""


class NoAudioTrack(InputError):
    """A container that holds no sound."""


class EmptyAudio(InputError):
    """No sample at all, or less than 0.01 s."""


class TooLongAudio(InputError):
    """Longer than the longest duration that was allowed."""


class BackendError(AudiopipeError):
    """A recogniser did not give what was asked."""


class AuthError(BackendError):
    """The key is missing or refused, the network is blocked, or the spend limit is met."""

    stops_run = True


class RejectedRequest(BackendError):
    """The request itself is wrong; the same bytes sent again get the same answer.

    Attributes:
        status: of HTTP, by which the server says so; 0 for none.
    """

    status = 0


class ModelUnavailable(RejectedRequest):
    """No such model, a retired one, or one whose terms nobody accepted."""

    stops_run = True


class RequestTooLarge(BackendError):
    """More bytes or seconds than one request may carry."""


class RateLimited(BackendError):
    """A limit of the provider that asks for a longer wait than is allowed; resumable.

    Args:
        message: one line for the user.
        wait_s: seconds until the provider said it would take the request; None if it did not say.
    """

    exit_code = 4
    stops_run = True

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class ServerFault(BackendError):
    """The server or the line failed; the same request may succeed later.

    Args:
        message: one line for the user.
        wait_s: seconds the server asked to wait; None if it did not say.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class ServerDown(ServerFault):
    """A whole row of requests failed and none got through: the server is taken for dead."""

    stops_run = True


class BadReply(BackendError):
    """An answer that is not what the endpoint promises."""


class InvalidAnswer(BackendError):
    """A chat model's answer is not of the shape that was asked for.

    Args:
        message: one line for the user.
        answer: the last answer, as it came.
    """

    def __init__(self, message: str, answer: str = "") -> None:
        super().__init__(message)
        self.answer = answer


class TruncatedAnswer(BackendError):
    """A chat model's answer was cut off, and half of it is of no use."""


class EngineMissing(BackendError):
    """The embedded engine or its weights are not installed."""

    stops_run = True


class OutputError(AudiopipeError):
    """A result cannot be written."""

    stops_run = True


class UnwritableName(OutputError):
    """One result cannot be written, for its name or for what has that name; others can."""

    stops_run = False


class Flagged(AudiopipeError):
    """A strict check of a pipeline found flags: the input goes no further."""

    exit_code = 5


class LimitReached(AudiopipeError):
    """The run stopped at a limit or a cost cap and can be resumed."""

    exit_code = 4
    stops_run = True


class AnswersLost(LimitReached):
    """Kept answers cannot be read, and to ask for all of them again would be dear."""


class LedgerLost(LimitReached):
    """The ledger that nodes share cannot be reached, and no node has a budget of its own."""


class ClusterLost(LimitReached):
    """Whoever hands the work to the nodes cannot be reached any more."""


class Stopped(AudiopipeError):
    """Somebody stopped the run, which can be resumed.

    Args:
        message: one line for the user.
        gently: whether answers under way, which are paid, may still arrive.
        exit_code: of the run; 128 and the number of the signal, as shells have it.
    """

    exit_code = 130
    stops_run = True

    def __init__(self, message: str = "", gently: bool = False, exit_code: int = exit_code) -> None:
        super().__init__(message)
        self.gently = gently
        self.exit_code = exit_code
