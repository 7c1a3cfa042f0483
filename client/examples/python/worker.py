#!/usr/bin/env python3
"""A worker in Python: builds an index of the words in text files and keeps the server told.

The server may be restarted at any time: calls are repeated until it answers. What must not happen twice
carries a request_id, so that a repeated call gets the first one's answer. A refusal means that the build
was cancelled or is another worker's by now: this one stops, and leaves the directory alone.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import sys
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "generated"))  # made by client/examples/install

import grpc  # noqa: E402
from shadowindex.v1 import shadow_index_pb2, shadow_index_service_pb2 as pb, worker_pb2  # noqa: E402
from shadowindex.v1.shadow_index_service_pb2_grpc import ShadowIndexServiceStub  # noqa: E402

WORD = re.compile(r"[a-z]{3,}")
READING = 2 * 60 * 60  # seconds for calls that the server answers when it has read all files
PATIENCE = 120  # seconds to wait for a server that is away


def call(method, request, timeout=30):
    """Calls, and calls again while the server is away: UNAVAILABLE means that it restarts."""
    away_since = None
    pause = 0.1
    while True:
        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as refused:
            if refused.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > PATIENCE:
                raise
            time.sleep(pause)
            pause = min(2 * pause, 5)


def build_index(files, report):
    """Which words are in which files; reports after each file."""
    words = collections.defaultdict(list)
    for number, file in enumerate(files):
        text = file.read_text(encoding="utf-8", errors="ignore").lower()
        for word in set(WORD.findall(text)):
            words[word].append(number)
        report(number + 1)
    return words


def write_index(directory, files, words):
    """One file for the words of each letter; plain files only, the server makes them durable."""
    (directory / "files.json").write_text(json.dumps([str(file) for file in files]))
    letters = collections.defaultdict(dict)
    for word, numbers in words.items():
        letters[word[0]][word] = numbers
    for letter, some in letters.items():
        (directory / f"words-{letter}.json").write_text(json.dumps(some))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="127.0.0.1:50051")
    parser.add_argument("--branch", required=True)
    parser.add_argument("--index-name", default="words")
    parser.add_argument("--switch", action="store_true", help="make the index live when it is complete")
    parser.add_argument("--pause-ms", type=int, default=0, help="after each file, to watch it go")
    parser.add_argument("input", type=pathlib.Path)
    arguments = parser.parse_args()
    files = sorted(file for file in arguments.input.rglob("*") if file.is_file())
    if not files:
        parser.error(f"there are no files in {arguments.input}")

    options = {
        "grpc.keepalive_time_ms": 30_000,  # notices a server that is gone without a word
        "grpc.max_reconnect_backoff_ms": 5_000,
    }
    service = ShadowIndexServiceStub(grpc.insecure_channel(arguments.server, list(options.items())))
    build = call(
        service.StartBuild,
        pb.StartBuildRequest(
            branch_name=arguments.branch,
            index_type=shadow_index_pb2.IndexType.SEARCH_INDEX,
            index_name=arguments.index_name,
            resource_types=["document"],
            service_name="python-worker",
            request_id=str(uuid.uuid4()),
        ),
    ).shadow_index
    print(f"building {build.shadow_index_id} in {build.shadow_index_path}", flush=True)

    def report(done):
        progress = worker_pb2.ReportProgressRequest(
            shadow_index_id=build.shadow_index_id,
            progress_percent=100 * done // len(files),
            record_count=done,
            fencing_token=build.fencing_token,
        )
        while call(service.ReportProgress, progress).directive == worker_pb2.Directive.PAUSE:
            print("paused", flush=True)
            time.sleep(5)
        time.sleep(arguments.pause_ms / 1000)

    try:
        words = build_index(files, report)
        write_index(pathlib.Path(build.shadow_index_path), files, words)
    except (OSError, KeyboardInterrupt) as failure:
        call(
            service.FailBuild,
            pb.FailBuildRequest(
                shadow_index_id=build.shadow_index_id,
                error_message=f"{type(failure).__name__} {failure}",
                fencing_token=build.fencing_token,
                request_id=str(uuid.uuid4()),
            ),
        )
        raise
    call(
        service.CompleteBuild,
        pb.CompleteBuildRequest(
            shadow_index_id=build.shadow_index_id,
            record_count=len(files),
            fencing_token=build.fencing_token,
            request_id=str(uuid.uuid4()),
        ),
        timeout=READING,
    )
    print(f"complete: {len(files)} files, {len(words)} words", flush=True)
    if arguments.switch:
        answer = call(
            service.SwitchIndex,
            pb.SwitchIndexRequest(
                shadow_index_id=build.shadow_index_id, backup_current=True, request_id=str(uuid.uuid4())
            ),
            timeout=READING,
        )
        print(answer.message, flush=True)
        return 0 if answer.success else 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except grpc.RpcError as refused:
        print(f"{refused.code().name}: {refused.details()}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        os._exit(130)
