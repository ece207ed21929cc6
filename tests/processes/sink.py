"""A mail server in a process of its own: ``tests/smtp_sink.py`` by commands.

Reads one command a line (JSON) from its input and answers each with one line. First it
says at which port it takes mails.
"""

import base64
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from smtp_sink import Sink  # noqa: E402 the folder is no package


def take(sink):
    """Return the mails that have arrived since, and forget them."""
    messages, sink.messages = sink.messages, []
    return [
        {
            "recipients": message.recipients,
            "content": base64.b64encode(message.as_bytes()).decode(),
        }
        for message in messages
    ]


def behave(sink, refuse=None, slow=None, drop_after_data=False):
    """Refuse addresses, be slow, break off: from now on until said otherwise."""
    sink.refuse, sink.slow = refuse or {}, slow or {}
    sink.drop_after_data = drop_after_data
    return True


TASKS = {"take": take, "behave": behave}


def main():
    sink = Sink()
    print(json.dumps({"ok": sink.port}), flush=True)
    for text in sys.stdin:
        command = json.loads(text)
        result = TASKS[command.pop("task")](sink, **command)
        print(json.dumps({"ok": result}), flush=True)


if __name__ == "__main__":
    main()
