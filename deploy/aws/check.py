"""Holds the template to the code and to AWS's rules, without AWS. Prints what is wrong and fails then.

usage: check.py [--emulator URL]
What is asked: cfn-lint, of the template and of what SAM makes of it (each finds what the other does not); whether it
fits the code (faults.py: rules, routes, keys, names); and whether an emulator takes each pattern and gives each golden
event to its own function alone. Without --emulator it starts one.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from faults import faults_of_template, rules
from template import TEMPLATE, expanded, generated_patterns, golden_events

# Of what was expanded: a loop leaves texts without variables in Fn::Sub, and uses up the parameter it went over.
OF_EXPANDING = ["W1020", "W2001"]


def lint(text: str, suffix: str, ignored: list) -> list:
    with tempfile.NamedTemporaryFile("w", suffix=suffix) as file:
        file.write(text)
        file.flush()
        program = Path(sys.executable).with_name("cfn-lint")
        asked = [program, "--format", "parseable", *(f"--ignore-checks={code}" for code in ignored), "--", file.name]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        found = [line.replace(file.name, f"template{suffix}") for line in done.stdout.splitlines() if line.strip()]
        return found or ([done.stderr] if done.returncode else [])


def faults_of_events(client, template: dict, events: list) -> list:
    """What the bus makes of the patterns: each golden event goes to the function of its handler, and to no other."""
    found = []
    patterns = {name: pattern for name, (bus, pattern, _) in rules(template).items() if bus}
    for name, pattern in list(patterns.items()):
        try:
            client.put_rule(Name=f"check-{name}", EventPattern=json.dumps(pattern))
        except ClientError as error:
            found.append(f"the rule {name}: {error}")
            del patterns[name]
    for event in events:
        envelope = {
            "version": "0",
            "id": event["detail"]["eventId"],
            "source": event["source"],
            "account": "000000000000",
            "time": event["detail"]["timestamp"],
            "region": "us-east-1",
            "resources": [],
            "detail-type": event["detailType"],
            "detail": event["detail"],
        }
        told = json.dumps(envelope)
        heard = [n for n, p in patterns.items() if client.test_event_pattern(EventPattern=json.dumps(p), Event=told)["Result"]]
        wanted = [n for n, p in generated_patterns().items() if event["detailType"] in p["detail-type"]]
        if heard != wanted:
            found.append(f"{event['detailType']} goes to {heard} and not to {wanted}")
    return found


@contextlib.contextmanager
def emulator(auth: bool = False):
    """One of our own, which ends with us. With `auth` functions get their role's rights and no more."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        url = f"http://127.0.0.1:{port}"
        own = {name: f"{folder}/{name.lower()}" for name in ("TMPDIR", "STATE_DIR", "S3_DATA_DIR")}
        for place in own.values():
            Path(place).mkdir()
        told = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "SFTP_ENABLED": "0"}
        told |= {"IOT_MTLS_ENABLED": "0", "AWS_ENDPOINT_URL": url, "AUTH": str(auth).lower()}
        program = Path(sys.executable).with_name("ministack")
        with open(f"{folder}/log", "w") as log:
            running = subprocess.Popen([program], env=os.environ | own | told, stdout=log, stderr=log, start_new_session=True)
        try:
            until = time.monotonic() + 60
            while not is_ready(url):
                if time.monotonic() > until or running.poll() is not None:
                    raise SystemExit("the emulator did not start:\n" + Path(f"{folder}/log").read_text()[-2000:])
                time.sleep(0.05)
            yield url
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGTERM)
            running.wait()


def is_ready(url: str) -> bool:
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return direct.open(f"{url}/_ministack/health", timeout=2).status == 200
    except OSError:
        return False


def events_client(url: str):
    return boto3.client(
        "events", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emulator", metavar="URL")
    args = parser.parse_args()
    source = TEMPLATE.read_text()
    template = expanded(source)
    found = lint(source, ".yaml", []) + lint(json.dumps(template, indent=1), ".json", OF_EXPANDING)
    found += faults_of_template(template)
    with contextlib.nullcontext(args.emulator) if args.emulator else emulator() as url:
        found += faults_of_events(events_client(url), template, golden_events())
    for fault in found:
        print(f"deploy/aws/template.yaml: {fault}", file=sys.stderr)
    if not found:
        print(f"The template is as it should be: {len(rules(template))} rules, {len(template['Resources'])} resources.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
