"""Runs MiniStack for exactly as long as the other end of stdin is open."""

import atexit
import contextvars
import os
import signal
import sys
import threading
import time

GRACE_SECONDS = 5


def end_with_the_sandbox():
    # os.read, not sys.stdin: a thread that waits inside a buffered reader aborts the interpreter's exit.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def take_the_functions_along():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass  # None is left, not even as a zombie.


threading.Thread(target=end_with_the_sandbox, daemon=True).start()
atexit.register(take_the_functions_along)

try:
    from ministack.services import eventbridge, lambda_svc
except ImportError as error:
    sys.exit(f"this Python has no MiniStack, which comes as the package ministack: {error}")

try:
    # MiniStack works without, until a template with the SAM transform arrives.
    import samtranslator
except ImportError as error:
    sys.exit(f"this Python can't expand SAM templates, for which it needs the package aws-sam-translator: {error}")

# The relay runs the schedules, in compressed time and with a look at the permissions; both would fire every rule twice.
if not hasattr(eventbridge, "start_scheduler"):
    sys.exit("this version of MiniStack starts its EventBridge schedules in another way than the sandbox knows")
eventbridge.start_scheduler = lambda: None

# Lambda hands the trace of whoever invokes a function on to it. MiniStack knows how, but does not pass the header along.
# Only the first attempt at an event gets it: the journal tells attempts apart by the roots of their traces.
for name in ("_invoke", "_xray_trace_id_for_invocation"):
    if not hasattr(lambda_svc, name):
        sys.exit(f"this version of MiniStack has no {name}, by which the sandbox tells invocations apart")

traces_to_hand_on = contextvars.ContextVar("traces_to_hand_on", default=())
invoke, trace_of_its_own = lambda_svc._invoke, lambda_svc._xray_trace_id_for_invocation


async def invoke_within_a_trace(name, event, headers, *rest, **named):
    trace = headers.get("x-amzn-trace-id")
    # A list, which all attempts share: their threads have copies of this context, with the same list in them.
    traces_to_hand_on.set([trace] if trace else [])
    return await invoke(name, event, headers, *rest, **named)


def trace_of_an_attempt(config, inbound=None):
    traces = traces_to_hand_on.get()
    return trace_of_its_own(config, traces.pop() if traces else inbound)


lambda_svc._invoke = invoke_within_a_trace
lambda_svc._xray_trace_id_for_invocation = trace_of_an_attempt

from ministack.app import main

main()
