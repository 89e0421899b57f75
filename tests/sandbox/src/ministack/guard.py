"""Runs MiniStack for exactly as long as the other end of stdin is open."""

import atexit
import contextvars
import json
import os
import signal
import sys
import threading
import time

GRACE_SECONDS = 5

# Standard output is a pipe to the sandbox, for what it is told of invocations; what anybody prints goes to the log.
told = os.dup(1)
os.dup2(2, 1)


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
    from ministack.core import iam_evaluator
    from ministack.services import cloudwatch, eventbridge, lambda_svc, sns
    from ministack.services.cloudformation import provisioners
except ImportError as error:
    sys.exit(f"this Python has no MiniStack, which comes as the package ministack: {error}")

try:
    # MiniStack works without, until a template with the SAM transform arrives.
    import samtranslator
except ImportError as error:
    sys.exit(f"this Python can't expand SAM templates, for which it needs the package aws-sam-translator: {error}")

# The front has held each call against the role with this key before it comes here. MiniStack does not know the key, takes it for
# absent, and would refuse whatever a role allows only with it.
if not hasattr(iam_evaluator, "_conditions_met"):
    sys.exit("this version of MiniStack has no _conditions_met, by which the sandbox takes out what the front evaluates")
conditions_met = iam_evaluator._conditions_met


def conditions_met_but_for_the_fronts(conditions, context):
    def left(keys):
        return {key: value for key, value in keys.items() if key.lower() != "dynamodb:leadingkeys"}

    conditions = conditions or {}
    return conditions_met({operator: left(keys) for operator, keys in conditions.items() if isinstance(keys, dict)}, context)


iam_evaluator._conditions_met = conditions_met_but_for_the_fronts

# A deployed topic would lose its key, and with it the question whether alarms may use that key.
topics = provisioners._RESOURCE_HANDLERS.get("AWS::SNS::Topic", {}) if hasattr(provisioners, "_RESOURCE_HANDLERS") else {}
if "create" not in topics:
    sys.exit("this version of MiniStack makes topics in another way than the sandbox knows")
create_topic = topics["create"]


def create_topic_with_its_key(logical_id, props, stack_name):
    arn, attributes = create_topic(logical_id, props, stack_name)
    if "KmsMasterKeyId" in props:
        sns._topics[arn]["attributes"]["KmsMasterKeyId"] = props["KmsMasterKeyId"]
    return arn, attributes


topics["create"] = create_topic_with_its_key

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

# The world evaluates the deployed alarms. MiniStack would as well, over all functions at once, and send messages of its own.
for name in ("_evaluate_alarm", "_dispatch_alarm_actions"):
    if not hasattr(cloudwatch, name):
        sys.exit(f"this version of MiniStack has no {name}, by which the sandbox keeps it from evaluating alarms")
    setattr(cloudwatch, name, lambda *_: None)

# Every invocation passes these two, whoever asked for it: a caller, a retry, a queue, a stream.
for name in ("_acquire_execution_slot", "_execute_function_dispatch"):
    if not hasattr(lambda_svc, name):
        sys.exit(f"this version of MiniStack has no {name}, by which the sandbox hears how invocations end")
acquire_slot, execute = lambda_svc._acquire_execution_slot, lambda_svc._execute_function_dispatch


def age_of_last_record(event):
    """How long ago a stream received the last record of a batch, in milliseconds; None of any other event."""
    records = event.get("Records") if isinstance(event, dict) else None
    last = records[-1] if isinstance(records, list) and records else None
    created = last.get("dynamodb", {}).get("ApproximateCreationDateTime") if isinstance(last, dict) else None
    return None if created is None else max(0, round((time.time() - float(created)) * 1000))


def tell(config, end, age=None):
    line = {"function": config.get("FunctionName"), "end": end, "record_age_ms": age}
    try:
        # Short enough for a pipe to take it whole, whatever other threads write.
        os.write(told, (json.dumps(line) + "\n").encode())
    except OSError:
        pass  # The sandbox is gone, and this process soon will be.


def acquire_slot_or_tell(func, config):
    slot, limit = acquire_slot(func, config)
    if slot is None:
        tell(config, "throttled")
    return slot, limit


def execute_and_tell(func, config, event, *rest):
    end, age = "failed", age_of_last_record(event)
    try:
        result = execute(func, config, event, *rest)
        end = "failed" if result.get("error") else "succeeded"
        return result
    finally:
        tell(config, end, age)


lambda_svc._acquire_execution_slot = acquire_slot_or_tell
lambda_svc._execute_function_dispatch = execute_and_tell

from ministack.app import main

main()
