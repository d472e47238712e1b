//! How the fake is to be, in JSON.

use monitor_testkit::{Builder, Child, Failure, FakeComfy, NodeScript, Script, Tape, tapes_dir};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Plan {
    #[serde(default)]
    port: u16,
    /// 0 is as fast as possible.
    #[serde(default)]
    speed: f64,
    /// Folders in `fixtures/tapes`: a submitted graph that they know goes as it went there.
    #[serde(default)]
    tapes: Vec<String>,
    /// Judge graphs by these classes of `fixtures/object_info-0.33.0.json`, besides those that the fake knows.
    #[serde(default)]
    validate: Option<Vec<String>>,
    #[serde(default)]
    script: ScriptPlan,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScriptPlan {
    #[serde(default)]
    nodes: HashMap<String, NodePlan>,
    #[serde(default)]
    classes: HashMap<String, NodePlan>,
    #[serde(default)]
    caching: bool,
    /// All usual durations times this.
    pace: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NodePlan {
    lasts_ms: Option<u64>,
    steps: Option<u32>,
    held_at: Option<u32>,
    #[serde(default)]
    parallel: bool,
    #[serde(default)]
    cached: bool,
    fails: Option<FailurePlan>,
    #[serde(default)]
    children: Vec<ChildPlan>,
}

/// Out of memory, unless it has an exception.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FailurePlan {
    exception: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    at_step: u32,
    times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChildPlan {
    name: String,
    class: String,
    #[serde(default)]
    rule: NodePlan,
}

impl Plan {
    pub(crate) fn builder(self) -> Result<Builder, Box<dyn Error>> {
        let mut builder = FakeComfy::builder().port(self.port).speed(self.speed).script(self.script.script());
        for name in &self.tapes {
            builder = builder.tape(Tape::read(&tapes_dir().join(name))?);
        }
        if let Some(classes) = &self.validate {
            let text = std::fs::read(tapes_dir().join("../object_info-0.33.0.json"))?;
            let mut known: Map<String, Value> = serde_json::from_slice(&text)?;
            known.retain(|class, _| classes.contains(class));
            builder = builder.object_info(known).validation(true);
        }
        Ok(builder)
    }
}

impl ScriptPlan {
    fn script(self) -> Script {
        let script = self.nodes.into_iter().fold(Script::new(), |script, (id, plan)| script.node(&id, plan.rule()));
        let script = self.classes.into_iter().fold(script, |script, (class, plan)| script.class(&class, plan.rule()));
        let script = if self.caching { script.caching() } else { script };
        self.pace.into_iter().fold(script, Script::pace)
    }
}

impl NodePlan {
    fn rule(self) -> NodeScript {
        let lasts = self.lasts_ms.map(Duration::from_millis);
        let rule = lasts.into_iter().fold(NodeScript::new(), NodeScript::lasting);
        let rule = self.steps.into_iter().fold(rule, NodeScript::steps);
        let rule = self.held_at.into_iter().fold(rule, NodeScript::held_at);
        let rule = if self.parallel { rule.parallel() } else { rule };
        let rule = if self.cached { rule.cached() } else { rule };
        let rule = self.fails.into_iter().fold(rule, |rule, plan| rule.failing(plan.failure()));
        let children: Vec<_> =
            self.children.into_iter().map(|child| Child::new(&child.name, &child.class, child.rule.rule())).collect();
        if children.is_empty() { rule } else { rule.expanding(children) }
    }
}

impl FailurePlan {
    fn failure(self) -> Failure {
        let failure = match self.exception {
            Some(exception) => Failure::error(&exception, &self.message),
            None => Failure::out_of_memory(),
        };
        let failure = failure.at_step(self.at_step);
        self.times.into_iter().fold(failure, Failure::times)
    }
}
