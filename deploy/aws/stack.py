"""The stack: made, changed, deleted; why that failed; and the rights that people gave on, which hold its policies fast."""

import sys
import time

from botocore.exceptions import ClientError
from package import Refused

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# Of the stack itself: what an operation begins with.
BEGINNINGS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def current(client, stack: str) -> dict | None:
    try:
        return client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def outputs(found: dict) -> dict:
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def put(client, stack: str, template_url: str, wanted: dict, known: set) -> dict:
    """Creates or updates it and waits. What is not `wanted` stays as it was."""
    found = current(client, stack)
    if found and found["StackStatus"] == "ROLLBACK_COMPLETE":
        raise Refused(f"the stack {stack} never came to be: delete it (--delete), then deploy again")
    kept = {p["ParameterKey"] for p in found.get("Parameters", [])} & known - set(wanted) if found else set()
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()]
    parameters += [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
    asked = {"StackName": stack, "Parameters": parameters, "Capabilities": CAPABILITIES, "TemplateURL": template_url}
    say(f"{'updating' if found else 'creating'} the stack {stack}")
    try:
        client("cloudformation").update_stack(**asked) if found else client("cloudformation").create_stack(**asked)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        say("nothing is to be changed")
    made = settled(client, stack)
    if not made:
        raise Refused("the stack is gone")
    if made["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise failed(client, made)
    return outputs(made)


def delete(client, stack: str) -> dict:
    """Tells what it had."""
    found = current(client, stack)
    if not found:
        raise Refused(f"there is no stack {stack}")
    had = outputs(found)
    take_rights(client, policies(had).values())
    if "PageBucketName" in had:
        empty(client, had["PageBucketName"])
    say(f"deleting the stack {stack}")
    client("cloudformation").delete_stack(StackName=stack)
    left = settled(client, stack)
    if left and left["StackStatus"] != "DELETE_COMPLETE":
        raise failed(client, left)
    return had


def settled(client, stack: str) -> dict | None:
    since = time.monotonic()
    while (found := current(client, stack)) and found["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(0.2 if time.monotonic() - since < 5 else 5)
    return found


def failed(client, made: dict) -> Refused:
    for line in failures(client("cloudformation"), made["StackId"]):
        say(f"  {line}")
    return Refused(f"the stack is {made['StackStatus']}")


def failures(cloudformation, stack_id: str) -> list:
    """Of the newest operation, in their order. AWS tells the newest event first, and what undoing said before what failed."""
    found = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            status, of_the_stack = event["ResourceStatus"], event.get("PhysicalResourceId") == stack_id
            if of_the_stack and status in BEGINNINGS:
                return found[::-1]
            # A template that cannot be expanded fails the stack, and no resource of it.
            if status.endswith("_FAILED") or of_the_stack and status.endswith("ROLLBACK_IN_PROGRESS"):
                found.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', status)}")
    return found[::-1]


def policies(made: dict) -> dict:
    """Of the monitors, by their outputs."""
    return {name: arn for name, arn in made.items() if name.startswith("MonitorPolicy")}


def take_rights(client, arns) -> None:
    """A policy that somebody has cannot be deleted, and its name cannot be given again."""
    iam = client("iam")
    for arn in arns:
        try:
            pages = list(iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn))
        except iam.exceptions.NoSuchEntityException:
            continue
        for kind in ("User", "Role", "Group"):
            for having in (one for page in pages for one in page[f"Policy{kind}s"]):
                name = having[f"{kind}Name"]
                say(f"taking {arn.rsplit('/', 1)[1]} from the {kind.lower()} {name}")
                getattr(iam, f"detach_{kind.lower()}_policy")(**{f"{kind}Name": name, "PolicyArn": arn})


def empty(client, bucket: str) -> None:
    s3 = client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if found := [{"Key": file["Key"]} for file in page.get("Contents", [])]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
