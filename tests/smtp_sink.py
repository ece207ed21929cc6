"""A real mail server on the loopback, as small as one can be."""

import email
import email.policy
import socketserver
import threading


class Sink:
    """Takes mails at ``port``; ``refuse`` maps an address to an answer.

    ``messages`` are parsed mails, each with ``recipients`` as the envelope named them.
    ``slow`` maps a verb to the seconds that its answer takes; ``"TEXT"`` is the answer
    to the whole text, which is kept by then. ``limit`` is how many mails it takes.
    """

    def __init__(self):
        self.messages, self.refuse, self.slow = [], {}, {}
        self.drop_after_data, self.limit = False, None
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                sink._talk(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, lines, out):
        def say(text):
            out.write(text.encode() + b"\r\n")

        say("220 sink")
        recipients = []
        for line in lines:
            command = line.decode().strip()
            verb = command[:4].upper()
            self._wait(verb)
            if verb == "RCPT":
                address = command.split("<")[1].split(">")[0]
                answer = self.refuse.get(address)
                if self.limit is not None and len(self.messages) >= self.limit:
                    answer = "452 too many mails"
                if not answer:
                    recipients.append(address)
                say(answer or "250 ok")
            elif verb == "DATA":
                say("354 go on")
                self._keep(lines, recipients)
                if self.drop_after_data:
                    return
                self._wait("TEXT")
                recipients = []
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def _wait(self, verb):
        if seconds := self.slow.get(verb):
            threading.Event().wait(seconds)

    def _keep(self, lines, recipients):
        data = []
        for line in lines:
            if line == b".\r\n":
                break
            data.append(line[1:] if line.startswith(b".") else line)
        message = email.message_from_bytes(b"".join(data), policy=email.policy.default)
        message.recipients = recipients
        self.messages.append(message)
