"""What a peer embedded: peer_tokens.py TOKENIZER URL WINDOW.

Prints one JSON object: its rows, their tokens as far as the model's window goes, and
how many rows lost their tail.
"""

import json
import sys

import psycopg
from tokenizers import Tokenizer

tokenizer, url, window = Tokenizer.from_file(sys.argv[1]), sys.argv[2], int(sys.argv[3])
tokenizer.no_truncation()
tokenizer.no_padding()
with psycopg.connect(url) as connection:
    texts = [code for (code,) in connection.execute("SELECT code FROM peer_chunks")]
lengths = [len(tokenizer.encode(text).ids) for text in texts]
tokens = sum(min(length, window) for length in lengths)
print(json.dumps({"rows": len(lengths), "tokens": tokens, "cut": sum(length > window for length in lengths)}))
