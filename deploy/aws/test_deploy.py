"""The deploy script against an emulator that enforces the roles' rights. The functions' package is a stand-in that does as
it is told: what it can do is what its role may."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

import boto3
import check
import package
from botocore.config import Config
from template import HERE, TEMPLATE, expanded, of_type

STAND_IN = f"""#!{sys.executable}
import boto3, functools, json, os, urllib.request
from botocore.config import Config
calls = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
direct = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))

@functools.cache
def client_of(service):
    there = "WEBSOCKET_API_ENDPOINT" if service == "apigatewaymanagementapi" else "AWS_ENDPOINT_URL"
    config = Config(s3={{"addressing_style": "path"}}) if service == "s3" else None
    return boto3.client(service, region_name="us-east-1", endpoint_url=os.environ[there], config=config)

def tried(service, action, asked):
    client = client_of(service)
    try:
        getattr(client, action)(**asked)
        return "done"
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]

while True:
    call = direct.open(calls + "next")
    asked = json.load(call)
    by_http = {{"statusCode": 200, "body": os.environ["HANDLER"]}}
    answer = [tried(*one) for one in asked] if isinstance(asked, list) else by_http
    there = calls + call.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    direct.open(urllib.request.Request(there, json.dumps(answer).encode()))
"""
DENIED = {"AccessDenied", "AccessDeniedException"}


def run(*args, **environment) -> tuple:
    """What the script says, and what it made; nothing where it failed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COMFYUI_MONITOR_"))}
    done = subprocess.run(
        [sys.executable, HERE / "deploy.py", *args], capture_output=True, text=True, check=False, env=own | environment
    )
    return done.stderr, json.loads(done.stdout) if done.returncode == 0 else None


def elf(machine: int) -> bytes:
    """The head of an executable for Linux."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little") + bytes(44)


class Deployed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.url = cls.enterClassContext(check.emulator(auth=True))
        (cls.folder / "page/assets").mkdir(parents=True)
        (cls.folder / "page/index.html").write_text("<!doctype html>")
        (cls.folder / "page/config.js").write_text("// As built.")
        (cls.folder / "page/assets/app-1a2b.js").write_text("0")
        cls.package(STAND_IN)
        cls.told, cls.made = cls.deploy("--instances", "gpu-1", "gpu-2", "--page", cls.folder / "page")

    @classmethod
    def package(cls, text: str) -> None:
        package.pack(text.encode(), cls.folder / "functions.zip")

    @classmethod
    def deploy(cls, *args) -> tuple:
        return run("--emulator", cls.url, "--zip", cls.folder / "functions.zip", *args)

    def client(self, service: str):
        config = Config(s3={"addressing_style": "path"}) if service == "s3" else None
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", config=config, **keys)

    def environment(self, function: str) -> dict:
        found = self.client("lambda").get_function_configuration(FunctionName=f"comfyui-monitor-{function}")
        return found["Environment"]["Variables"]

    def tried(self, function: str, *calls: tuple) -> list:
        asked = self.client("lambda").invoke(FunctionName=f"comfyui-monitor-{function}", Payload=json.dumps(calls))
        return json.load(asked["Payload"])

    def test_everything_that_a_monitor_and_a_page_need_is_told(self):
        for name in ("BusName", "TableName", "BucketName", "WebSocketApiEndpoint", "HttpApiUrl", "WebSocketUrl", "PageUrl"):
            self.assertTrue(self.made[name], name)
        self.assertTrue(self.made["MonitorPolicygpu1"].endswith("monitor-gpu-1-us-east-1"))
        self.assertIn(f"EVENTBRIDGE_BUS_NAME={self.made['BusName']}", self.told)

    def test_a_new_stack_has_a_token_and_an_update_leaves_it(self):
        token = self.environment("generate")["API_TOKEN"]
        self.assertIn(f"told only now: {token}\n", self.told)
        told, made = self.deploy("--set", "LogDays=7")
        self.assertNotIn("token", told)
        self.assertEqual((self.environment("generate")["API_TOKEN"], made["BusName"]), (token, self.made["BusName"]))
        queues = self.client("sqs").list_queues(QueueNamePrefix="comfyui-monitor-commands-")["QueueUrls"]
        self.assertEqual(sorted(url.rsplit("-", 1)[1] for url in queues), ["1", "2"], "instances were forgotten")

    def test_a_package_of_other_content_is_what_functions_run_after_an_update(self):
        lambdas = self.client("lambda")
        was = lambdas.get_function_configuration(FunctionName="comfyui-monitor-init")["CodeSha256"]
        self.package(STAND_IN + "# Another.\n")
        self.deploy()
        self.assertNotEqual(lambdas.get_function_configuration(FunctionName="comfyui-monitor-init")["CodeSha256"], was)

    def test_functions_are_given_the_processor_that_their_package_is_for(self):
        for machine, architecture in ((183, "arm64"), (62, "x86_64")):
            package.pack(elf(machine), self.folder / "other.zip")
            told, made = self.deploy("--zip", self.folder / "other.zip", "--set", "Architecture=x86_64")
            self.assertIsNotNone(made, told)
            found = self.client("lambda").get_function_configuration(FunctionName="comfyui-monitor-init")
            self.assertEqual(found["Architectures"], [architecture])
        self.package(STAND_IN)
        self.deploy()

    def test_an_instance_that_is_taken_out_takes_the_rights_of_its_monitor_along_and_can_come_back(self):
        iam = self.client("iam")
        iam.create_user(UserName="comfyui-gpu-3")
        for _ in range(2):
            _, made = self.deploy("--instances", "gpu-1", "gpu-2", "gpu-3")
            iam.attach_user_policy(UserName="comfyui-gpu-3", PolicyArn=made["MonitorPolicygpu3"])
            told, made = self.deploy("--instances", "gpu-1", "gpu-2")
            self.assertIn("taking comfyui-monitor-monitor-gpu-3-us-east-1 from the user comfyui-gpu-3\n", told)
            self.assertNotIn("MonitorPolicygpu3", made)
            names = [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]
            self.assertNotIn("comfyui-monitor-monitor-gpu-3-us-east-1", names)
            self.assertIn("comfyui-monitor-monitor-gpu-1-us-east-1", names)

    def test_only_a_stack_that_is_there_is_deleted(self):
        self.assertEqual(run("--emulator", self.url, "--delete", "--stack", "none"), ("error: there is no stack none\n", None))

    def test_an_unknown_parameter_is_refused_in_a_word(self):
        told, made = self.deploy("--set", "LogDay=7")
        self.assertIsNone(made)
        self.assertEqual(told, "error: the template knows no parameter LogDay\n")

    def test_instances_whose_resources_would_have_one_name_are_refused(self):
        told, made = self.deploy("--instances", "gpu-1", "gpu1")
        self.assertIsNone(made)
        self.assertIn("tell instances apart", told)

    def test_the_page_is_told_its_addresses_and_only_what_is_named_by_content_is_kept_by_browsers(self):
        found = {}
        for name in ("config.js", "index.html", "assets/app-1a2b.js"):
            found[name] = self.client("s3").get_object(Bucket=self.made["PageBucketName"], Key=name)
        told = found["config.js"]["Body"].read().decode()
        self.assertTrue(told.startswith("globalThis.COMFYUI_MONITOR = "), told)
        self.assertIn(json.dumps(self.made["HttpApiUrl"]), told)
        self.assertIn(json.dumps(self.made["WebSocketUrl"]), told)
        kept = {name: "immutable" in answer["CacheControl"] for name, answer in found.items()}
        self.assertEqual(kept, {"config.js": False, "index.html": False, "assets/app-1a2b.js": True})
        self.assertTrue(self.environment("generations")["ALLOWED_ORIGINS"].startswith(self.made["PageUrl"] + ","))

    def test_what_a_handler_fails_at_becomes_a_dead_letter(self):
        found = self.client("lambda").get_function_event_invoke_config(FunctionName="comfyui-monitor-job-start")
        self.assertTrue(found["DestinationConfig"]["OnFailure"]["Destination"].endswith(":comfyui-monitor-failed"))

    def test_http_routes_lead_to_their_functions(self):
        routes = {
            ("POST", "/v1/generations"): b"generate",
            ("GET", "/v1/generations"): b"generations",
            ("POST", "/v1/generations/x/cancel"): b"generations",
            ("GET", "/healthz"): b"generations",
            ("GET", "/readyz"): b"generations",
        }
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for (method, path), function in routes.items():
            asked = urllib.request.Request(self.made["HttpApiUrl"] + path, method=method)
            self.assertEqual(direct.open(asked, timeout=30).read(), function, path)

    def test_a_browser_may_use_the_api_from_the_pages_that_are_allowed_and_from_no_other(self):
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def allowed(origin: str) -> str | None:
            asked = urllib.request.Request(self.made["HttpApiUrl"] + "/v1/generations", headers={"Origin": origin})
            return direct.open(asked, timeout=30).headers["Access-Control-Allow-Origin"]

        for origin in (self.made["PageUrl"], "http://localhost:5173"):
            self.assertEqual(allowed(origin), origin)
        self.assertIsNone(allowed("https://another.example"))

    def test_what_a_browser_asks_before_a_call_is_answered_without_a_token(self):
        """By the emulator as by API Gateway, which gives it to a route that would take it: faults_of_routes finds those."""
        asks = {"Origin": self.made["PageUrl"], "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        asked = urllib.request.Request(self.made["HttpApiUrl"] + "/v1/generations", headers=asks, method="OPTIONS")
        answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30)
        self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (204, self.made["PageUrl"]))
        self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"].split(","))
        self.assertIn("authorization", answer.headers["Access-Control-Allow-Headers"].split(","))

    def test_each_role_may_what_it_needs_and_no_more(self):
        table, bucket = self.made["TableName"], self.made["BucketName"]
        key = {"pk": {"S": "connection#a"}, "sk": {"S": "-"}}
        queue = self.client("sqs").get_queue_url(QueueName="comfyui-monitor-commands-gpu-1")["QueueUrl"]
        put = ("dynamodb", "put_item", {"TableName": table, "Item": key})
        scan = ("dynamodb", "scan", {"TableName": table})
        many = ("dynamodb", "batch_get_item", {"RequestItems": {table: {"Keys": [key]}}})
        write = lambda name: ("s3", "put_object", {"Bucket": bucket, "Key": name, "Body": ""})
        read = ("s3", "get_object", {"Bucket": bucket, "Key": "media/none"})
        post = ("apigatewaymanagementapi", "post_to_connection", {"ConnectionId": "none", "Data": ""})
        send = ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "{}"})
        done, not_there, gone = {"done"}, {"NoSuchKey"}, {"GoneException"}
        told = [done, done, done, DENIED, not_there, gone, DENIED, DENIED]
        self.hold("job-completion", [put, many, write("documents/x"), write("media/x"), read, post, send, scan], told)
        self.hold("ws-connect", [put, many, write("documents/x"), read, post, send], [done] + [DENIED] * 5)
        told = [done, done, done, done, DENIED, DENIED, not_there, DENIED]
        self.hold("generate", [put, send, write("commands/x"), write("documents/x"), write("media/x"), post, read, scan], told)
        delete = lambda name: ("s3", "delete_object", {"Bucket": bucket, "Key": name})
        self.hold("retention", [put, delete("media/x"), delete("documents/x"), write("media/x"), post], [done, done] + [DENIED] * 3)
        # Of the others it is enough that they are given the same.
        template = expanded(TEMPLATE.read_text())
        given = {}
        for function in of_type(template, "AWS::Lambda::Function").values():
            role = template["Resources"][function["Role"]["Fn::GetAtt"][0]]["Properties"]
            rights = json.dumps(role["ManagedPolicyArns"])
            given.setdefault(rights, []).append(function["Environment"]["Variables"]["HANDLER"])
        groups = [
            ["generate"],
            ["generations"],
            ["init", "job-completion", "job-failure", "job-progress", "job-start", "ws-default"],
            ["retention"],
            ["ws-connect", "ws-disconnect"],
        ]
        self.assertEqual(sorted(sorted(group) for group in given.values()), groups)

    def hold(self, function: str, calls: list, wanted: list) -> None:
        for call, outcome, allowed in zip(calls, self.tried(function, *calls), wanted, strict=True):
            self.assertIn(outcome, allowed, f"{function}: {call}")



class Refused(unittest.TestCase):
    """Before anything is asked of AWS."""

    def setUp(self):
        self.zip = Path(self.enterContext(tempfile.TemporaryDirectory())) / "functions.zip"

    def said(self, *args, **environment) -> str:
        told, made = run("--zip", self.zip, *args, **environment)
        self.assertIsNone(made)
        return told

    def test_what_lambda_cannot_start_is(self):
        mac, windows, freebsd, riscv, half = b"\xcf\xfa\xed\xfe", b"MZ", bytearray(elf(62)), elf(243), bytearray(elf(62))
        freebsd[7], half[4] = 9, 1
        for data in (mac + bytes(60), windows, b"", elf(62)[:7], STAND_IN.encode(), bytes(freebsd), riscv, bytes(half)):
            package.pack(data, self.zip)
            self.assertRegex(self.said(), r"^error: .*functions.zip is (no program for Linux|for another processor)")
            with self.assertRaises(package.Refused):
                (self.zip.parent / "bootstrap").write_bytes(data)
                package.make(self.zip.parent / "bootstrap", self.zip)
        package.pack(elf(62) + b"GLIBC_2.34 GLIBC_2.39", self.zip)
        self.assertIn("needs glibc 2.39", self.said())
        self.zip.write_bytes(b"PK")
        self.assertIn("is no package of functions", self.said())

    def test_a_token_that_no_browser_can_send_is(self):
        package.pack(elf(62), self.zip)
        for told in (self.said(COMFYUI_MONITOR_API_TOKEN="c2Vj/cmV0="), self.said("--set", "ApiToken=two words")):
            self.assertIn("openssl rand -hex 24", told)


if __name__ == "__main__":
    unittest.main()
