"""The frame that every Joinedup service stands on: storage, events, calls, disclosure, a graceful life and death."""

import os

# gRPC reads this when it is first imported. Its event engine hands each message from a thread of its own to another and
# that one to the loop's: on two cores the two threads more cost a fifth of a call's processor time, on either side.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client,-event_engine_listener")
