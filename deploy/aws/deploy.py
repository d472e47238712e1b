"""Deploys the line: uploads the package of the functions, creates or updates the stack, uploads the page. Says what it
does on standard error, and what was made as one JSON object on standard output.

usage: deploy.py --zip FILE [--page DIR] [--instances ID ...] [--stack NAME] [--set PARAMETER=VALUE ...]
       deploy.py --delete [--stack NAME]
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
import package
import stack
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from package import Refused
from samtranslator.yaml_helper import yaml_parse
from stack import say

TEMPLATE = Path(__file__).with_name("template.yaml")
# What the page's own build names by its content never changes.
FOREVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--zip", type=Path, help="the package of the functions, with `bootstrap` in it")
    what.add_argument("--delete", action="store_true", help="delete the stack; its table and the bucket of outputs stay")
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


def plain(instance: str) -> str:
    """As resources and outputs are named by it."""
    return re.sub("[^A-Za-z0-9]", "", instance)


def parameters(args: argparse.Namespace, known: dict) -> dict:
    """Those that the arguments and the environment say."""
    wanted = dict(pair.split("=", 1) for pair in args.set)
    if unknown := set(wanted) - set(known):
        raise Refused(f"the template knows no parameter {', '.join(sorted(unknown))}")
    if args.instances:
        if len(set(map(plain, args.instances))) < len(args.instances):
            raise Refused("letters and digits alone must tell instances apart: resources are named by them")
        wanted["Instances"] = ",".join(args.instances)
    if token := os.environ.get("COMFYUI_MONITOR_API_TOKEN"):
        wanted["ApiToken"] = token
    if not re.fullmatch(known["ApiToken"]["AllowedPattern"], wanted.get("ApiToken", "")):
        raise Refused("browsers send only tokens of letters, digits and !#$%&'*+-.^_`|~: `openssl rand -hex 24` makes one")
    if args.open:
        wanted |= {"ApiToken": "", "Public": "true"}
    elif token:
        wanted["Public"] = "false"
    try:
        wanted["Architecture"] = package.architecture(package.executable(args.zip), args.zip)
    except Refused:
        if not args.emulator:  # Which runs what this machine runs, scripts too.
            raise
    return wanted


def deploy(args: argparse.Namespace) -> dict:
    template = yaml_parse(args.template.read_text())
    wanted = parameters(args, template["Parameters"])
    region, client = clients(args.emulator)
    found = stack.current(client, args.stack)
    if not (found or "ApiToken" in wanted):
        wanted |= {"ApiToken": secrets.token_urlsafe(24), "Public": "false"}
        say(f"the token of the APIs, told only now: {wanted['ApiToken']}")
    bucket = code_bucket(client, region, args.bucket)
    wanted |= {"CodeBucket": bucket, "CodeKey": upload(client, bucket, "functions", args.zip)}
    if args.emulator:
        wanted |= emulator.parameters(args.emulator)
    key = upload(client, bucket, "templates", args.template)
    if found and "Instances" in wanted:
        stay = {f"MonitorPolicy{plain(instance)}" for instance in wanted["Instances"].split(",")}
        stack.take_rights(client, [arn for name, arn in stack.policies(stack.outputs(found)).items() if name not in stay])
    host = client("s3").meta.endpoint_url
    made = stack.put(client, args.stack, f"{host}/{bucket}/{key}", wanted, set(template["Parameters"]))
    if args.emulator:
        made = emulator.outputs(args.emulator, made)
        emulator.finish(client, template, made)
    if args.page and "PageBucketName" in made:
        put_page(client, args.page, made)
    return made


def delete(args: argparse.Namespace) -> None:
    _, client = clients(args.emulator)
    had = stack.delete(client, args.stack)
    if had:
        say(f"What is yours to delete: the table {had['TableName']} and the bucket {had['BucketName']}.")


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
    args = arguments()
    try:
        if args.delete:
            delete(args)
            return 0
        made = deploy(args)
    except (Refused, BotoCoreError, ClientError, OSError) as error:
        say(f"error: {error}")
        return 1
    tell(made)
    print(json.dumps(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
