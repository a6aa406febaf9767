"""What each operator takes: operator_times.py GRAPH TOKENIZER TEXTS PROFILE.

Runs in the environment of `python_peers`, with the same ONNX Runtime and the same
settings as ours: one text a run, one thread. Prints one JSON object: the CPU seconds of a
round without the profiler, and of each operator in one with it.
"""

import json
import sys
import time
from collections import defaultdict

import numpy
import onnxruntime
from tokenizers import Tokenizer

WINDOW = 256


def session(graph, profile=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    if profile:
        options.enable_profiling, options.profile_file_prefix = True, profile
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def inputs(running, encoded):
    ids = numpy.array([encoded.ids])
    given = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
    return {entry.name: given[entry.name] for entry in running.get_inputs()}


def seconds(running, texts):
    begin = time.process_time()
    for text in texts:
        running.run(None, inputs(running, text))
    return time.process_time() - begin


def main(graph, tokenizer, texts, profile):
    tokenizer = Tokenizer.from_file(tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(WINDOW)
    with open(texts) as file:
        encoded = tokenizer.encode_batch(json.load(file))
    plain = session(graph)
    seconds(plain, encoded)
    told = {"seconds": seconds(plain, encoded), "tokens": sum(len(text.ids) for text in encoded)}
    profiled = session(graph, profile)
    seconds(profiled, encoded)
    operators = defaultdict(float)
    with open(profiled.end_profiling()) as file:
        for event in json.load(file):
            if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
                operators[event["args"]["op_name"]] += event["dur"] / 1e6
    print(json.dumps({**told, "operators": operators}))


if __name__ == "__main__":
    main(*sys.argv[1:])
