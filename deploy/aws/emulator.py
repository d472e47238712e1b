"""What an emulator on loopback needs otherwise than AWS, each with its reason; docs/aws.md repeats the list."""

import json
from urllib.parse import urlsplit

WEBSOCKET_API_ID = "live"  # By the tag ms-custom-id of the WebSocket API.


def parameters(url: str) -> dict:
    """1. Its addresses are not those of AWS, and functions must know the one of the connections beforehand. It has no
    TLS, so that the template leaves out the bucket's policy, which asks for it."""
    return {"ConnectionsEndpoint": f"{url}/_aws/execute-api/{WEBSOCKET_API_ID}/live"}


def outputs(url: str, made: dict) -> dict:
    """As 1: where pages and programs find the APIs."""
    host = urlsplit(url).netloc
    return made | {
        "WebSocketUrl": f"ws://{host}/_aws/execute-api/{WEBSOCKET_API_ID}/live",
        "HttpApiUrl": f"{url}/_aws/execute-api/{made['HttpApiId']}",
    }


def finish(client, template: dict, made: dict) -> None:
    keep_dead_letters(client, template, made)
    allow_origins(client, made)


def allow_origins(client, made: dict) -> None:
    """3. Its CloudFormation keeps CorsConfiguration under CloudFormation's names, its API looks for those of API Gateway:
    without this no browser may read an answer."""
    found, gateway = {}, client("apigatewayv2")
    # The client itself leaves out names that it does not know.
    gateway.meta.events.register("before-parse.apigatewayv2.GetApi", lambda response_dict, **_: found.update(json.loads(response_dict["body"])))
    gateway.get_api(ApiId=made["HttpApiId"])
    cors = found["corsConfiguration"]
    if "AllowOrigins" not in cors:  # An update that left the API as it was.
        return
    gateway.update_api(ApiId=made["HttpApiId"], CorsConfiguration=cors | {"MaxAge": int(cors["MaxAge"])})


def keep_dead_letters(client, template: dict, made: dict) -> None:
    """2. Its CloudFormation drops EventInvokeConfig: without this nothing becomes a dead letter of a function."""
    prefix = made["CommandQueuePrefix"].removesuffix("commands-")
    queue = client("sqs").get_queue_attributes(QueueUrl=made["FailedQueueUrl"], AttributeNames=["QueueArn"])
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {}) if isinstance(resource, dict) else {}
        if config := properties.get("EventInvokeConfig"):
            client("lambda").put_function_event_invoke_config(
                FunctionName=prefix + properties["Environment"]["Variables"]["HANDLER"],
                MaximumRetryAttempts=config["MaximumRetryAttempts"],
                DestinationConfig={"OnFailure": {"Destination": queue["Attributes"]["QueueArn"]}},
            )
