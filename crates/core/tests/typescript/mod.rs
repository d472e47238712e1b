//! The published shapes as TypeScript. Held to be current by every run; `make gen` writes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use crate::cost::Expected;
use crate::event::WorkflowNode;
use crate::frame::{FrameBody, JobHeader, PreviewHeader};
use crate::generation::{Generation, Instance, Summary};
use crate::performance::ClassPerformance;
use crate::workflow::form::Form;
use std::collections::BTreeMap;
use std::path::Path;
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "// Generated from the Rust types by `make gen`. Do not edit.\n";

/// Every type that can be reached, by its name.
struct Declarations {
    config: Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types without a path of their own are TypeScript's.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if !self.found.contains_key(&name) {
            let docs = T::docs().unwrap_or_default();
            // What is absent is left out and never null; ts-rs allows for both.
            let declared = T::decl(&self.config).replace(" | null,", ",");
            self.found.insert(name, format!("\n{docs}export {declared}\n"));
            T::visit_dependencies(self);
        }
    }
}

fn declarations() -> String {
    // Numbers stay below 2^53: milliseconds, bytes, counts and sequences.
    let mut all = Declarations { config: Config::new().with_large_int("number"), found: BTreeMap::new() };
    all.visit::<FrameBody>();
    all.visit::<JobHeader>();
    // Flattened where it is known, which ts-rs cannot say: named in `WorkflowData` by hand.
    all.visit::<WorkflowNode>();
    all.visit::<Expected>();
    all.visit::<PreviewHeader>();
    all.visit::<Generation>();
    all.visit::<Summary>();
    all.visit::<Instance>();
    all.visit::<ClassPerformance>();
    all.visit::<Form>();
    let mut text = HEAD.to_owned();
    text.extend(all.found.into_values());
    text
}

#[test]
fn the_types_for_typescript_are_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/packages/react/src/types/generated.ts");
    let now = declarations();
    if std::env::var_os("WRITE_GENERATED").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == now, "{} is not current: run `make gen`", file.display());
}
