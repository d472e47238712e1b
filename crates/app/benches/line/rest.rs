//! What the monitor takes when nothing happens, and how soon it is there.

use crate::process::{Serve, folder};
use crate::{jobs, median, row};
use std::time::Duration;

const RUNS: usize = 9;
/// Long enough for what is done once after connecting.
const SETTLED: Duration = Duration::from_secs(3);

pub(crate) async fn memory() {
    let (fake, data) = (jobs::server(8).await, folder());
    let serve = Serve::start(&fake.base_url(), data.path());
    fake.wait_until(|state| !state.clients.is_empty()).await;
    tokio::time::sleep(SETTLED).await;
    let resident = serve.process.resident_bytes() as f64 / f64::from(1 << 20);
    row("memory without jobs (RSS)", &format!("{resident:.1} MiB"), "< 20 MB");
}

pub(crate) async fn start() {
    let fake = jobs::server(8).await;
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let data = folder();
        first.push(until_connected(&fake, data.path()).await);
        again.push(until_connected(&fake, data.path()).await);
    }
    row("start to first connect, empty data folder", &format!("{:.1} ms", median(&mut first)), "< 50 ms");
    row("start to first connect, later starts", &format!("{:.1} ms", median(&mut again)), "< 50 ms");
}

/// From the start of the process to the server's knowing our socket.
async fn until_connected(fake: &monitor_testkit::FakeComfy, data: &std::path::Path) -> f64 {
    fake.wait_until(|state| state.clients.is_empty()).await;
    let serve = Serve::start(&fake.base_url(), data);
    fake.wait_until(|state| !state.clients.is_empty()).await;
    serve.began.elapsed().as_secs_f64() * 1e3
}
