"""A small service for the supervisor's tests: HTTP on a port, lines on request, deaths on request, held on request."""

import http.server
import os
import signal
import sys
import threading
import time
from pathlib import Path


class Answer(http.server.BaseHTTPRequestHandler):
    """200 to everything; /slow takes two seconds."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(2)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *_: object) -> None:
        """Keep the output to what the tests wait for."""


def main() -> None:
    """Serve on the port given first, write the name given second to the file given third when told to end."""
    port, name, ledger = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    if "held" in name:
        sys.stdin.read()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
    server.daemon_threads = False

    def end(*_: object) -> None:
        if "stubborn" in name:
            return
        with ledger.open("a") as stream:
            stream.write(name + "\n")
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    sys.stdout.write(f"{name} ready.\n")
    sys.stdout.flush()
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
