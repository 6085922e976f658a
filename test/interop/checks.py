"""Runs named checks: one line each, "ok" or "FAILED", and at the end a line for the caller to count."""

import argparse
import traceback


def read_address():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/mqtt")
    parser.add_argument("--phase", default="all")
    parser.add_argument("--name", default="interop")
    options = parser.parse_args()
    return {"host": options.host, "port": options.port, "path": options.path}, options


def run(checks):
    """`checks`: pairs of a title and a function without arguments. Returns the exit code."""
    failed = 0
    for title, check in checks:
        try:
            check()
            print(f"ok      {title}", flush=True)
        except Exception:  # a check that fails must not keep the others from running
            failed += 1
            print(f"FAILED  {title}", flush=True)
            print("        " + traceback.format_exc().strip().replace("\n", "\n        "), flush=True)
    return 1 if failed else 0
