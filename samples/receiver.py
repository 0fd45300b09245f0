"""Listens for the events of `factc run --webhook` and prints each as one line; needs Python alone.

    python3 receiver.py [PORT]

Without a port it takes a free one. The first line it prints is its address.
"""

import contextlib
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print("event:", described(event), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def described(event):
    """The kind of an event and the changes of state that it tells, in one line."""
    kind, data = event["schema"].split("/")[1], event["data"]
    if kind == "job_update":
        change = data["jobTransition"]
        return f"{kind}  job {data['jobName']}: {change['previousState'] or 'new'} -> {change['currentState']}"
    changes = (f"{t['taskName']}: {t['previousState']} -> {t['currentState']}" for t in data["taskTransitions"])
    return f"{kind} {', '.join(changes)}"


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Receiver)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
