"""The template as it is, as AWS would make it, and what the code says that it has to fit."""

import json
import logging
import os
import re
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # SAM asks for it.
logging.disable(logging.WARNING)  # Of the tools, about themselves.

from ministack.services.cloudformation import language_extensions
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TEMPLATE = HERE / "template.yaml"
INSTANCES = ["gpu-1", "gpu-2"]


class NoManagedPolicies:
    def load(self) -> dict:
        return {}


def expanded(source: str) -> dict:
    """Plain CloudFormation, as AWS would make it: loops first, then SAM, which knows none."""
    template = language_extensions.apply(yaml_parse(source), {"Instances": ",".join(INSTANCES)})
    template["Transform"] = "AWS::Serverless-2016-10-31"
    return transform(template, {}, NoManagedPolicies())


def of_type(template: dict, kind: str) -> dict:
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"] == kind}


def ending(name: object) -> str:
    """Of a name below the prefix."""
    text = name["Fn::Sub"] if isinstance(name, dict) else name
    return text.removeprefix("${Prefix}")


def constant(file: str, name: str) -> str:
    """Of the code in crates/backends/src."""
    text = (ROOT / "crates/backends/src" / file).read_text()
    found = re.search(rf'\bconst {name}: &str = "([^"]*)";', text)
    if not found:
        raise SystemExit(f"{file} has no constant {name}: tell deploy/aws/check.py where it went")
    return found[1]


def generated_patterns() -> dict:
    return json.loads((HERE / "patterns.json").read_text())


def golden_events() -> list:
    return [json.loads(file.read_text()) for file in sorted((ROOT / "fixtures/events").glob("*.json"))]
