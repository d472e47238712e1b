"""Checks that find nothing prove nothing: each finds what is planted here."""

import json
import unittest

import check
import faults
from template import INSTANCES, ROOT, TEMPLATE, ending, expanded, generated_patterns, golden_events, of_type


class Check(unittest.TestCase):
    source = TEMPLATE.read_text()

    def planted(self, was: str, now: str) -> dict:
        self.assertEqual(self.source.count(was), 1, f"{was!r} is no longer in the template once")
        return expanded(self.source.replace(was, now))

    def rules(self, template: dict) -> list:
        return faults.faults_of_rules(template, generated_patterns())

    def test_the_template_as_it_is_has_no_faults(self):
        self.assertEqual(faults.faults_of_template(expanded(self.source)), [])

    def test_a_detail_type_that_a_rule_forgot_is_found(self):
        template = self.planted("[Job Failed, Job Interrupted, Job Retrying]", "[Job Failed, Job Interrupted]")
        self.assertIn("the rule job-failure has the pattern", self.rules(template)[0])

    def test_a_detail_type_that_the_code_has_and_no_rule_is_found(self):
        patterns = generated_patterns()
        patterns["job-start"]["detail-type"].append("Job Dreamt")
        self.assertTrue(faults.faults_of_rules(expanded(self.source), patterns))

    def test_a_rule_on_another_bus_is_found(self):
        name = "RuleName: !Sub '${Prefix}job-start'\n            EventBusName: !Ref Bus\n"
        self.assertTrue(self.rules(self.planted(name, name.split("\n")[0] + "\n")))

    def test_a_rule_that_hears_of_other_objects_is_found(self):
        self.assertTrue(self.rules(self.planted("{prefix: settled/}", "{prefix: media/}")))

    def test_keys_that_are_not_the_stores_are_found(self):
        template = self.planted("{AttributeName: sk, KeyType: RANGE}", "{AttributeName: sort, KeyType: RANGE}")
        self.assertTrue(faults.faults_of_names(template))
        self.assertTrue(faults.faults_of_names(self.planted("AttributeName: expiresAt", "AttributeName: expires")))

    def test_a_function_with_anothers_handler_is_found(self):
        self.assertTrue(faults.faults_of_names(self.planted("{HANDLER: ws-connect}", "{HANDLER: ws-default}")))

    def test_a_queue_under_another_name_is_found(self):
        template = self.planted("QueueName: !Sub '${Prefix}commands-${InstanceId}'", "QueueName: !Sub '${Prefix}orders-${InstanceId}'")
        self.assertTrue(faults.faults_of_names(template))

    def test_a_route_that_the_api_does_not_have_is_found_and_one_that_takes_preflights(self):
        for route in ("GET /v1/perform", "ANY /v1/performance", "OPTIONS /v1/performance", "$default"):
            found = faults.faults_of_routes(self.planted("- GET /v1/performance\n", f"- {route}\n"))
            self.assertEqual(len(found), 2, found)
            self.assertIn(f"the HTTP API has a route {route}, which the API has not", found)

    def test_a_rule_that_nobody_watches_is_found(self):
        for was, now in (
            ("[settled, look, retention]", "[settled]"),
            (":rule/${Prefix}settled'", ":rule/${Prefix}another'"),
            (":rule/${BusName}/*'", ":rule/another/*'"),
            ("Dimensions: [{Name: RuleName,", "Dimensions: [{Name: EventBusName, Value: default}, {Name: RuleName,"),
            ("[init, job-start, job-progress, job-completion, job-failure]", "[init, job-start, job-progress, job-completion]"),
        ):
            self.assertTrue(faults.faults_of_alarms(self.planted(was, now)), now)
        buried = "Schedule: rate(1 day)\n            RetryPolicy: {MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86400}\n"
        dead = "            DeadLetterConfig: {Arn: !GetAtt UndeliveredEvents.Arn}\n"
        self.assertIn("the rule retention has no dead letters", faults.faults_of_alarms(self.planted(buried + dead, buried)))

    def test_dead_letters_that_end_with_what_they_come_from_are_found(self):
        self.assertTrue(faults.faults_of_queues(self.planted("MessageRetentionPeriod: 864000", "MessageRetentionPeriod: 1209600")))

    def test_names_that_two_regions_would_share_are_found(self):
        for name in ("monitor-${InstanceId}", "line", "page"):
            template = expanded(self.source.replace(f"{name}-${{AWS::Region}}'", f"{name}'"))
            self.assertTrue(faults.faults_of_neighbours(template), name)

    def test_a_policy_of_the_page_that_is_not_the_one_of_serve_is_found(self):
        for was, now in (("script-src 'self';", "script-src 'self' 'unsafe-inline';"), (" wss://${WsApi}", " wss://${HttpApi}")):
            self.assertTrue(faults.faults_of_the_page(self.planted(was, now)), now)

    def test_the_table_costs_no_key(self):
        (table,) = of_type(expanded(self.source), "AWS::DynamoDB::Table").values()
        self.assertNotIn("SSESpecification", table, "without it the key is AWS's own, and free")

    def test_what_is_wrong_for_aws_is_found_in_what_sam_makes(self):
        template = self.planted("Timeout: 25", "Timeout: 2500")
        found = check.lint(json.dumps(template), ".json", check.OF_EXPANDING)
        self.assertTrue(any("2500" in fault for fault in found), found)


class Documented(unittest.TestCase):
    text = (ROOT / "docs/aws.md").read_text()

    def test_what_alarms_cost_is_told_of_as_many_as_there_are(self):
        alarms = len(of_type(expanded(TEMPLATE.read_text()), "AWS::CloudWatch::Alarm")) - len(INSTANCES)
        self.assertIn(f" {alarms} alarms and one for each instance", self.text)
        self.assertIn(f"(${(alarms + 1 - 10) / 10:.2f} with one", self.text)

    def test_dead_letters_are_sent_to_the_function_of_their_detail_type(self):
        for handler, pattern in generated_patterns().items():
            self.assertIn(f"| `{handler}` | " + ", ".join(f"`{name}`" for name in pattern["detail-type"]), self.text)


class OnTheBus(unittest.TestCase):
    def test_each_golden_event_goes_to_its_own_function_and_a_pattern_that_is_none_is_found(self):
        template = expanded(TEMPLATE.read_text())
        events = golden_events()
        (rule,) = (r for r in of_type(template, "AWS::Events::Rule").values() if ending(r["Name"]) == "init")
        with check.emulator() as url:
            client = check.events_client(url)
            self.assertEqual(check.faults_of_events(client, template, events), [])
            rule["EventPattern"]["detail-type"] = [{"sounds-like": "Monitor"}]
            self.assertTrue(check.faults_of_events(client, template, events))
            rule["EventPattern"]["detail-type"] = ["Job Started"]
            found = check.faults_of_events(client, template, events)
            self.assertTrue(any(fault.startswith("Job Started goes to") for fault in found), found)


if __name__ == "__main__":
    unittest.main()
