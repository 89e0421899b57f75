"""Runs MiniStack for exactly as long as the other end of stdin is open."""

import atexit
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
    from ministack.services import eventbridge
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

from ministack.app import main

main()
