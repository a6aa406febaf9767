"""A model server that stands for one far away: it speaks the protocol of Hugging
Face's text-embeddings-inference, answers each request so much later, and gives
vectors at a rate that is known. A share of its answers is spoiled on purpose.

Its vectors are made from the texts' hashes, so that they cost next to nothing and
the same text always has the same. `python3 model_server.py RATE DELAY` prints its
port; `POST /reset` says which share to spoil and forgets, `GET /told` says what it did.
"""

import hashlib
import itertools
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WIDTH = 384
NUMBERS = [f"{(byte - 127.5) / 128:.6f}" for byte in range(256)]
INFO = {
    "model_id": "sentence-transformers/all-MiniLM-L6-v2", "model_sha": "bench", "model_dtype": "float32",
    "max_input_length": 256, "max_client_batch_size": 32, "version": "1",
}
FAULTS = ("429", "500", "cut", "truncated", "not a number", "width")


class Device:
    """Takes one batch after another, at `rate` texts a second."""

    def __init__(self, rate, delay):
        self.rate, self.delay = rate, delay
        self.lock = threading.Lock()
        self.free_at = 0.0
        self.reset(0.0)

    def reset(self, share):
        self.share = share
        self.numbers = itertools.count()
        self.answers = []  # arrival, departure, texts
        self.spoiled = 0
        self.under_way, self.most_under_way = 0, 0

    def enter(self):
        with self.lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            number = next(self.numbers)
            every = round(1 / self.share) if self.share else 0
            if every and number % every == every // 2:
                self.spoiled += 1
                return FAULTS[number // every % len(FAULTS)]
            return None

    def work(self, texts):
        """Until the batch is done and the way back is over."""
        arrived = time.monotonic()
        with self.lock:
            self.free_at = max(arrived, self.free_at) + texts / self.rate
            done = max(self.free_at, arrived) + self.delay
        time.sleep(max(0.0, done - time.monotonic()))
        return arrived

    def leave(self, arrived, texts):
        with self.lock:
            self.under_way -= 1
            if arrived is not None:
                self.answers.append((arrived, time.monotonic(), texts))

    def told(self):
        with self.lock:
            return {"answers": self.answers, "spoiled": self.spoiled, "most_under_way": self.most_under_way}


def vector(text):
    return "[" + ",".join(map(NUMBERS.__getitem__, hashlib.shake_128(text.encode()).digest(WIDTH))) + "]"


def handler(device):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            pages = {"/info": INFO, "/told": device.told()}
            page = pages.get(self.path)
            self.answer(200 if page else 404, json.dumps(page or "Not Found"))

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path == "/reset":
                device.reset(body["spoiled"])
                return self.answer(200, "{}")
            arrived, texts = None, body["inputs"]
            fault = device.enter()
            try:
                arrived = self.embed(texts, fault)
            finally:
                device.leave(arrived, len(texts))

        def embed(self, texts, fault):
            if fault in ("429", "500"):
                self.answer(int(fault), '{"error":"on purpose"}')
                return None
            arrived = device.work(len(texts))
            if fault == "cut":
                self.close_connection = True
                return None
            rows = list(map(vector, texts))
            if fault == "not a number":
                rows[0] = "[NaN" + rows[0][rows[0].index(",") :]
            if fault == "width":
                rows[0] = "[0.5,0.5]"
            self.answer(200, "[" + ",".join(rows) + "]", half=fault == "truncated")
            return None if fault else arrived

        def answer(self, status, text, half=False):
            body = text.encode()
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.close_connection = self.close_connection or half
            self.wfile.write(head.encode() + (body[: len(body) // 2] if half else body))

        def log_message(self, *_):
            pass

    return Handler


def main(rate, delay):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Device(float(rate), float(delay))))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
