"""What becomes of a stack that fails or is deleted. The template here is a small one: what is asked of the real one is in
test_deploy.py."""

import contextlib
import datetime
import io
import json
import unittest

import boto3
import check
import stack
from botocore.stub import Stubber

STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/comfyui-monitor/1"
TEMPLATE = {
    "Resources": {
        "Policy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": "monitor-gpu-1",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]},
            },
        },
        "Page": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "page"}},
    },
    "Outputs": {"MonitorPolicygpu1": {"Value": {"Ref": "Policy"}}, "PageBucketName": {"Value": {"Ref": "Page"}}},
}


def event(name: str, status: str, reason: str = "", resource: str = "") -> dict:
    told = {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason, "PhysicalResourceId": resource}
    when = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
    return told | {"StackId": STACK, "EventId": "1", "StackName": "comfyui-monitor", "Timestamp": when}


class Failures(unittest.TestCase):
    def told(self, *pages: list) -> list:
        client = boto3.client("cloudformation", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        with Stubber(client) as answers:
            for number, page in enumerate(pages):
                more = {"NextToken": str(number)} if number + 1 < len(pages) else {}
                answers.add_response("describe_stack_events", {"StackEvents": page} | more)
            return stack.failures(client, STACK)

    def test_the_reason_is_found_behind_all_that_was_undone_and_that_of_an_older_operation_is_not(self):
        undone = [event(f"Undone{number}", "DELETE_COMPLETE") for number in range(100)]
        found = self.told(
            [event("comfyui-monitor", "UPDATE_ROLLBACK_COMPLETE", resource=STACK), *undone],
            [
                event("comfyui-monitor", "UPDATE_ROLLBACK_IN_PROGRESS", "failed to create: [Queue]", STACK),
                event("Other", "CREATE_FAILED", "Resource creation cancelled"),
                event("Queue", "CREATE_FAILED", "Queue already exists"),
                event("comfyui-monitor", "UPDATE_IN_PROGRESS", "User Initiated", STACK),
                event("Bus", "UPDATE_FAILED", "of last week"),
            ],
        )
        queue, other, whole = found
        self.assertEqual((queue, other), ("Queue: Queue already exists", "Other: Resource creation cancelled"))
        self.assertIn("failed to create: [Queue]", whole)

    def test_a_template_that_cannot_be_expanded_is_told_too(self):
        began = event("comfyui-monitor", "CREATE_IN_PROGRESS", "Transformation started", STACK)
        found = self.told([event("comfyui-monitor", "ROLLBACK_IN_PROGRESS", "Transform failed with: loops", STACK), began])
        self.assertEqual(found, ["comfyui-monitor: Transform failed with: loops"])


class Deleted(unittest.TestCase):
    def test_a_stack_goes_though_people_gave_its_rights_on_and_its_page_is_there(self):
        url = self.enterContext(check.emulator())
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        client = lambda name: boto3.client(name, endpoint_url=url, **keys)
        client("cloudformation").create_stack(StackName="small", TemplateBody=json.dumps(TEMPLATE), Capabilities=stack.CAPABILITIES)
        made = stack.outputs(stack.settled(client, "small"))
        iam, rights = client("iam"), {"PolicyArn": made["MonitorPolicygpu1"]}
        iam.create_user(UserName="pod")
        iam.attach_user_policy(UserName="pod", **rights)
        iam.create_role(RoleName="machine", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
        iam.attach_role_policy(RoleName="machine", **rights)
        iam.create_group(GroupName="pods")
        iam.attach_group_policy(GroupName="pods", **rights)
        client("s3").put_object(Bucket="page", Key="index.html", Body=b"")

        with contextlib.redirect_stderr(io.StringIO()) as told:
            self.assertEqual(stack.delete(client, "small"), made)
        self.assertIn("taking monitor-gpu-1 from the role machine\n", told.getvalue())
        self.assertIsNone(stack.current(client, "small"))
        self.assertEqual(client("s3").list_buckets()["Buckets"], [])
        self.assertEqual(iam.list_attached_user_policies(UserName="pod")["AttachedPolicies"], [])
        with self.assertRaisesRegex(stack.Refused, "there is no stack small"):
            stack.delete(client, "small")


if __name__ == "__main__":
    unittest.main()
