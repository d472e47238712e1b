"""Deploys the line: uploads the package of the functions, creates or updates the stack, uploads the page. Says what it
does on standard error, and what was made as one JSON object on standard output.

usage: deploy.py --zip FILE [--page DIR] [--instances ID ...] [--stack NAME] [--set PARAMETER=VALUE ...]
Credentials and region as for every tool of AWS; the token of the APIs from COMFYUI_MONITOR_API_TOKEN, else one is made
with the stack. scripts/deploy-aws builds what this needs and calls it.
"""

import argparse
import hashlib
import json
import mimetypes
import os
import re
import secrets
import sys
import time
from pathlib import Path

import boto3
import emulator
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).with_name("template.yaml")
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# What the page's own build names by its content never changes.
FOREVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"


class Refused(Exception):
    """Nothing to show a traceback for."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zip", required=True, type=Path, help="the package of the functions, with `bootstrap` in it")
    parser.add_argument("--page", type=Path, help="the page as built for static hosting")
    parser.add_argument("--stack", default="comfyui-monitor")
    parser.add_argument("--instances", nargs="+", metavar="ID", help="the ComfyUI instances; of a stack that is there: all of them")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="PARAMETER=VALUE", help="other parameters of the template")
    parser.add_argument("--open", action="store_true", help="no token: whoever knows the addresses may use them")
    parser.add_argument("--bucket", help="for package and template; made if it is not there")
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    parser.add_argument("--emulator", metavar="URL", help="deploy into an emulator of AWS")
    return parser.parse_args()


def clients(url: str | None):
    """The region, and what makes clients in it."""
    if url:
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
        os.environ.setdefault("AWS_REGION", "us-east-1")
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
    if not session.region_name:
        raise Refused("there is no region: set AWS_REGION")
    config = Config(s3={"addressing_style": "path"}) if url else None
    return session.region_name, lambda name: session.client(name, endpoint_url=url, config=config)


def code_bucket(client, region: str, name: str | None) -> str:
    name = name or f"comfyui-monitor-deploy-{client('sts').get_caller_identity()['Account']}-{region}"
    try:
        client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise Refused(f"the bucket {name} cannot be used: {error}") from error
        say(f"making the bucket {name} for packages")
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        client("s3").create_bucket(Bucket=name, **elsewhere)
    return name


def upload(client, bucket: str, folder: str, file: Path) -> str:
    """By its content: a stack sees that a package changed by its key alone."""
    data = file.read_bytes()
    key = f"{folder}/{hashlib.sha256(data).hexdigest()[:16]}{file.suffix}"
    client("s3").put_object(Bucket=bucket, Key=key, Body=data)
    return key


def current(client, stack: str) -> dict | None:
    try:
        return client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def put_stack(client, stack: str, template_url: str, wanted: dict, known: set) -> dict:
    """Creates or updates it and waits. What is not `wanted` stays as it was."""
    found = current(client, stack)
    if found and found["StackStatus"] == "ROLLBACK_COMPLETE":
        raise Refused(f"the stack {stack} never came to be: delete it, then deploy again")
    kept = {p["ParameterKey"] for p in found.get("Parameters", [])} & known - set(wanted) if found else set()
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()]
    parameters += [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
    asked = {"StackName": stack, "Parameters": parameters, "Capabilities": CAPABILITIES, "TemplateURL": template_url}
    say(f"{'updating' if found else 'creating'} the stack {stack}")
    since = time.time()
    try:
        client("cloudformation").update_stack(**asked) if found else client("cloudformation").create_stack(**asked)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        say("nothing is to be changed")
    while (made := current(client, stack)) and made["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(0.2 if time.time() - since < 5 else 5)
    if not made or made["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        for event in client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"][::-1]:
            if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"].timestamp() >= since - 1:
                say(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'failed')}")
        raise Refused(f"the stack is {made['StackStatus'] if made else 'gone'}")
    return {output["OutputKey"]: output["OutputValue"] for output in made.get("Outputs", [])}


def put_page(client, folder: Path, made: dict) -> None:
    if not (folder / "index.html").is_file():
        raise Refused(f"{folder} holds no page: build it with `npm run build:static` in web/app")
    addresses = {"apiUrl": made["HttpApiUrl"], "websocketApiEndpoint": made["WebSocketUrl"]}
    own = {"config.js": f"globalThis.COMFYUI_MONITOR = {json.dumps(addresses)};\n".encode()}
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    say(f"uploading the page, {len(files)} files")
    # What names others comes last, so that what it names is there.
    for name, data in sorted((files | own).items(), key=lambda item: (not item[0].startswith("assets/"), item[0] == "index.html")):
        client("s3").put_object(
            Bucket=made["PageBucketName"],
            Key=name,
            Body=data,
            ContentType=mimetypes.guess_type(name)[0] or "application/octet-stream",
            CacheControl=FOREVER if name.startswith("assets/") else ASK_AGAIN,
        )
    client("cloudfront").create_invalidation(
        DistributionId=made["PageDistributionId"],
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": str(time.time_ns())},
    )


def deploy(args: argparse.Namespace) -> dict:
    region, client = clients(args.emulator)
    template = yaml_parse(args.template.read_text())
    wanted = dict(pair.split("=", 1) for pair in args.set)
    if unknown := set(wanted) - set(template["Parameters"]):
        raise Refused(f"the template knows no parameter {', '.join(sorted(unknown))}")
    if args.instances:
        plain = [re.sub("[^A-Za-z0-9]", "", instance) for instance in args.instances]
        if len(set(plain)) < len(plain):
            raise Refused("letters and digits alone must tell instances apart: resources are named by them")
        wanted["Instances"] = ",".join(args.instances)
    token = os.environ.get("COMFYUI_MONITOR_API_TOKEN")
    if not (token or args.open or "ApiToken" in wanted or current(client, args.stack)):
        token = secrets.token_urlsafe(24)
        say(f"the token of the APIs, told only now: {token}")
    if token or args.open:
        wanted |= {"ApiToken": "", "Public": "true"} if args.open else {"ApiToken": token, "Public": "false"}
    bucket = code_bucket(client, region, args.bucket)
    wanted |= {"CodeBucket": bucket, "CodeKey": upload(client, bucket, "functions", args.zip)}
    if args.emulator:
        wanted |= emulator.parameters(args.emulator)
    key = upload(client, bucket, "templates", args.template)
    host = client("s3").meta.endpoint_url
    made = put_stack(client, args.stack, f"{host}/{bucket}/{key}", wanted, set(template["Parameters"]))
    if args.emulator:
        made = emulator.outputs(args.emulator, made)
        emulator.finish(client, template, made)
    if args.page and "PageBucketName" in made:
        put_page(client, args.page, made)
    return made


def tell(made: dict) -> None:
    say(f"""
Beside each ComfyUI (docs/aws.md says how):
  export AWS_REGION={made["Region"]}
  export EVENTBRIDGE_BUS_NAME={made["BusName"]}
  export WEBSOCKET_API_ENDPOINT={made["WebSocketApiEndpoint"]}
  export COMFYUI_MONITOR_AWS_TABLE={made["TableName"]}
  export COMFYUI_MONITOR_AWS_BUCKET={made["BucketName"]}
  export COMFYUI_MONITOR_AWS_QUEUE_PREFIX={made["CommandQueuePrefix"]}
  comfyui-monitor monitor --bus eventbridge --id INSTANCE
with the rights of""")
    for name, arn in made.items():
        if name.startswith("MonitorPolicy"):
            say(f"  {arn}")
    say(f"The HTTP API: {made['HttpApiUrl']}\nFrames: {made['WebSocketUrl']}")
    if "PageUrl" in made:
        say(f"The page: {made['PageUrl']}")


def main() -> int:
    try:
        made = deploy(arguments())
    except (Refused, BotoCoreError, ClientError, OSError) as error:
        say(f"error: {error}")
        return 1
    tell(made)
    print(json.dumps(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
