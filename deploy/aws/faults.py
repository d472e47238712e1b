"""What in the template does not fit the code, or AWS where no tool says so. Each gives what it found, in a sentence."""

import json
import re

from template import INSTANCES, ROOT, TEMPLATE, constant, ending, generated_patterns, of_type, yaml_parse

# Of the API, and not of this one: figures of functions are CloudWatch's matter.
ELSEWHERE = {"GET /metrics"}
# Kinds whose names are one for all regions of an account, and where the name is.
OF_THE_ACCOUNT = {
    "AWS::IAM::ManagedPolicy": ["ManagedPolicyName"],
    "AWS::CloudWatch::Dashboard": ["DashboardName"],
    "AWS::CloudFront::OriginAccessControl": ["OriginAccessControlConfig", "Name"],
    "AWS::CloudFront::ResponseHeadersPolicy": ["ResponseHeadersPolicyConfig", "Name"],
}
API, LIVE, FILES = "https://*.execute-api.REGION", "wss://${WsApi}.execute-api.REGION", "https://${Bucket}.s3.REGION"
# What the page asks of elsewhere, and `serve` has itself.
REMOTE = {"img-src": [FILES], "media-src": [FILES], "connect-src": [API, LIVE, FILES]}


def faults_of_template(template: dict) -> list:
    found = faults_of_rules(template, generated_patterns())
    for of in (faults_of_names, faults_of_routes, faults_of_alarms, faults_of_queues, faults_of_neighbours, faults_of_the_page):
        found += of(template)
    return found


def rules(template: dict) -> dict:
    """Those that hear of events, by the ending of their names, each with the handler it calls."""
    functions = of_type(template, "AWS::Lambda::Function")
    found = {}
    for rule in of_type(template, "AWS::Events::Rule").values():
        if "EventPattern" not in rule:
            continue
        called = [functions[target["Arn"]["Fn::GetAtt"][0]] for target in rule["Targets"]]
        handlers = [function["Environment"]["Variables"]["HANDLER"] for function in called]
        found[ending(rule["Name"])] = (rule.get("EventBusName"), rule["EventPattern"], handlers)
    return found


def faults_of_rules(template: dict, patterns: dict) -> list:
    found = []
    ours = rules(template)
    for handler, pattern in patterns.items():
        bus, told, called = ours.pop(handler, (None, None, None))
        if told != pattern:
            found.append(f"the rule {handler} has the pattern {told}, the code routes by {pattern}")
        if bus != {"Ref": "Bus"} or called != [handler]:
            found.append(f"the rule {handler} is of the bus {bus} and calls {called}")
    bus, settled, called = ours.pop("settled", (None, {}, None))
    prefix = constant("media/deliveries.rs", "PREFIX")
    if settled.get("detail", {}).get("object") != {"key": [{"prefix": prefix}]} or called != ["job-completion"] or bus:
        found.append(f"the rule settled does not give what is below {prefix} to job-completion: {settled}, {called}")
    return found + [f"nobody knows the rule {name}" for name in ours]


def faults_of_names(template: dict) -> list:
    found = []
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
    file = "store/dynamodb/table.rs"
    wanted = {"HASH": constant(file, "PARTITION_KEY"), "RANGE": constant(file, "SORT_KEY")}
    if keys != wanted or {key["AttributeType"] for key in table["AttributeDefinitions"]} != {"S"}:
        found.append(f"the table's keys are {keys}, the store's {wanted}")
    if table["TimeToLiveSpecification"]["AttributeName"] != constant(file, "EXPIRES_AT"):
        found.append("the table's items do not end when the store says")
    for function in of_type(template, "AWS::Lambda::Function").values():
        if ending(function["FunctionName"]) != function["Environment"]["Variables"]["HANDLER"]:
            found.append(f"the function {function['FunctionName']} has another's handler")
    prefix = yaml_parse(TEMPLATE.read_text())["Parameters"]["Prefix"]["Default"]
    queues = [q["QueueName"] for q in of_type(template, "AWS::SQS::Queue").values()]
    queues = {prefix + ending(queue) for queue in queues}
    wanted = {constant("commands/sqs.rs", "PREFIX") + instance for instance in INSTANCES}
    if missing := wanted - queues:
        found.append(f"there is no queue {', '.join(sorted(missing))}")
    (bucket,) = [b for name, b in of_type(template, "AWS::S3::Bucket").items() if name == "Bucket"]
    ended = {rule.get("Prefix") for rule in bucket["LifecycleConfiguration"]["Rules"]}
    for wanted in (constant("bulk.rs", "FOLDER") + "/", constant("commands/sqs.rs", "LARGE"), constant("media/deliveries.rs", "PREFIX")):
        if wanted not in ended:
            found.append(f"nothing ends below {wanted} in the bucket")
    return found


def faults_of_routes(template: dict) -> list:
    """Of the HTTP API: all that the API has, by name. A route for any method would be given the preflights of browsers."""
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    offered = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} - ELSEWHERE
    routes = of_type(template, "AWS::ApiGatewayV2::Route").values()
    ours = {route["RouteKey"] for route in routes if route["ApiId"] == {"Ref": "HttpApi"}}
    found = [f"the HTTP API has no route {route}" for route in sorted(offered - ours)]
    return found + [f"the HTTP API has a route {route}, which the API has not" for route in sorted(ours - offered)]


def faults_of_alarms(template: dict) -> list:
    """A rule that loses events is noticed by the metrics of that rule alone, and these name no bus but one of our own."""
    watched = [
        (alarm["MetricName"], {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]})
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "AWS/Events"
    ]
    let_in = json.dumps(of_type(template, "AWS::SQS::QueuePolicy"))
    found = []
    for rule in of_type(template, "AWS::Events::Rule").values():
        name, of_ours = ending(rule["Name"]), "EventBusName" in rule
        bus = {"EventBusName": {"Ref": "BusName"}} if of_ours else {}
        for metric in ("FailedInvocations", "InvocationsFailedToBeSentToDlq"):
            if (metric, bus | {"RuleName": rule["Name"]}) not in watched:
                found.append(f"no alarm tells of {metric} of the rule {name}")
        if any("DeadLetterConfig" not in target for target in rule["Targets"]):
            found.append(f"the rule {name} has no dead letters")
        if (":rule/${BusName}/*" if of_ours else f":rule/${{Prefix}}{name}") not in let_in:
            found.append(f"the queue takes no dead letters of the rule {name}")
    return found


def faults_of_queues(template: dict) -> list:
    """A dead letter is as old as the message was: it needs a queue that keeps it for longer."""
    queues = of_type(template, "AWS::SQS::Queue")
    found = []
    for name, queue in queues.items():
        if "RedrivePolicy" in queue:
            dead = queues[queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]
            if queue["MessageRetentionPeriod"] >= dead["MessageRetentionPeriod"]:
                found.append(f"the dead letters of {name} end with it")
    return found


def faults_of_neighbours(template: dict) -> list:
    """A second deployment in another region of the same account must not come upon the names of the first."""
    found = []
    for kind, place in OF_THE_ACCOUNT.items():
        for resource, named in of_type(template, kind).items():
            for key in place:
                named = named.get(key, {})
            if named and "${AWS::Region}" not in named["Fn::Sub"]:
                found.append(f"the name of {resource} is the account's, and has no region")
    return found


def directives(policy: str) -> dict:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


def faults_of_the_page(template: dict) -> list:
    """It gets the policy that `serve` sends, and the addresses of this stack besides."""
    file = ROOT / "crates/app/src/http/page/file.rs"
    wanted = directives(re.search(r'const POLICY: &str = "([^"]*)";', file.read_text())[1].replace("\\\n", " "))
    wanted = {name: sources + REMOTE.get(name, []) for name, sources in wanted.items()}
    (headers,) = of_type(template, "AWS::CloudFront::ResponseHeadersPolicy").values()
    told = headers["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    told = directives(told["Fn::Sub"].replace("${AWS::Region}.${AWS::URLSuffix}", "REGION"))
    return [] if told == wanted else [f"the page is sent the policy {told}, and needs {wanted}"]
