//! Opening a data folder: one process at a time, a file that is ours, a schema we know. Every way it can go wrong is
//! told with its cause and what to do.

use monitor_pipeline::ports::StoreError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor, SqliteConnection, SqlitePool};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const FILE: &str = "monitor.db";
const LOCK: &str = "monitor.lock";
const READERS: u32 = 4;
/// How long to wait for a foreign process (a backup, a `sqlite3` shell) to let go of the file.
const PATIENCE: Duration = Duration::from_secs(5);

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// Held while this process uses the folder; the system lets go of it when the process ends, however it ends.
pub(super) struct DataDirLock {
    _file: File,
}

pub(super) struct Opened {
    pub(super) place: PathBuf,
    pub(super) writer: SqliteConnection,
    pub(super) readers: SqlitePool,
    pub(super) lock: DataDirLock,
}

pub(super) async fn open(dir: &Path) -> Result<Opened, StoreError> {
    open_within(dir, PATIENCE).await
}

async fn open_within(dir: &Path, patience: Duration) -> Result<Opened, StoreError> {
    let lock = lock(dir)?;
    let place = dir.join(FILE);
    let options = SqliteConnectOptions::new()
        .filename(&place)
        .busy_timeout(patience)
        .foreign_keys(true)
        .disable_statement_logging();
    let writing = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Survives a kill; what a power cut takes is asked of ComfyUI again.
        .synchronous(SqliteSynchronous::Normal)
        // After a burst the log shrinks again.
        .pragma("journal_size_limit", "67108864");
    let mut writer = writing.connect().await.map_err(|error| unusable(&place, &error))?;
    // Whoever else holds the file is found now, not at the first event.
    writer.execute("BEGIN IMMEDIATE; ROLLBACK").await.map_err(|error| unusable(&place, &error))?;
    MIGRATIONS.run_direct(None, &mut writer, false).await.map_err(|error| unmigrated(&place, &error))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_lazy_with(options.read_only(true));
    Ok(Opened { place, writer, readers, lock })
}

fn refuse(place: &Path, cause: impl Into<String>, fix: impl Into<String>) -> StoreError {
    StoreError::Unusable { place: place.display().to_string(), cause: cause.into(), fix: fix.into() }
}

const OTHER_FOLDER: &str = "give it a folder that this user can write to, or name another one with --data-dir";

fn lock(dir: &Path) -> Result<DataDirLock, StoreError> {
    std::fs::create_dir_all(dir).map_err(|error| refuse(dir, error.to_string(), OTHER_FOLDER))?;
    let place = dir.join(LOCK);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&place);
    let mut file = opened.map_err(|error| refuse(&place, error.to_string(), OTHER_FOLDER))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Best effort: where locks are mandatory, the holder's name cannot be read.
            let _ = (&file).take(32).read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                id => format!("process {id}"),
            };
            return Err(refuse(
                dir,
                format!("{holder} is using this folder"),
                "stop it, or name another folder with --data-dir",
            ));
        }
        Err(TryLockError::Error(error)) => {
            return Err(refuse(
                &place,
                format!("it cannot be locked ({error})"),
                "some network file systems have no locks: name a local folder with --data-dir",
            ));
        }
    }
    let told = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    told.map_err(|error| refuse(&place, error.to_string(), OTHER_FOLDER))?;
    Ok(DataDirLock { _file: file })
}

/// By primary result code, <https://www.sqlite.org/rescode.html>.
fn unusable(place: &Path, error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let primary = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    match primary {
        Some(5 | 6) => refuse(
            place,
            "another process has locked the file",
            "close what has it open (a database browser, a backup), or name another folder with --data-dir",
        ),
        Some(11 | 26) => refuse(
            place,
            format!("it is damaged or no SQLite database ({error})"),
            "move it away and start again (a new one is made), or put a backup in its place",
        ),
        Some(8 | 14 | 23) => refuse(place, error.to_string(), OTHER_FOLDER),
        Some(10 | 13) => refuse(place, error.to_string(), "free some space on its disk and look whether that is well"),
        _ => refuse(place, error.to_string(), "move the file away, or name another folder with --data-dir"),
    }
}

fn unmigrated(place: &Path, error: &MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => refuse(
            place,
            "it was written by another, probably newer version of comfyui-monitor",
            "run that version, or name another folder with --data-dir",
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(place, error),
        other => refuse(place, other.to_string(), "put a backup in its place, or name another folder with --data-dir"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_core::performance::Distribution;

    async fn refusal(dir: &Path) -> String {
        match open_within(dir, Duration::from_millis(50)).await {
            Ok(_) => panic!("it opened"),
            Err(error) => error.to_string(),
        }
    }

    async fn fresh(dir: &Path) {
        let Opened { writer, readers, .. } = open(dir).await.unwrap();
        readers.close().await;
        sqlx::Connection::close(writer).await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_in_use_names_the_process_that_uses_it() {
        let dir = tempfile::tempdir().unwrap();
        let _held = open(dir.path()).await.unwrap();
        let refusal = refusal(dir.path()).await;
        assert!(refusal.contains(&format!("process {} is using this folder", std::process::id())), "{refusal}");
        assert!(refusal.contains("--data-dir"), "{refusal}");
    }

    #[tokio::test]
    async fn a_folder_is_free_again_when_its_user_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        fresh(dir.path()).await;
        fresh(dir.path()).await;
    }

    #[tokio::test]
    async fn a_file_locked_by_a_foreign_process_is_told_as_such() {
        let dir = tempfile::tempdir().unwrap();
        fresh(dir.path()).await;
        let mut shell = SqliteConnectOptions::new().filename(dir.path().join(FILE)).connect().await.unwrap();
        shell.execute("BEGIN IMMEDIATE").await.unwrap();
        let refusal = refusal(dir.path()).await;
        assert!(refusal.contains("another process has locked the file: close what has it open"), "{refusal}");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_told_as_such_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let text = "not a database, but long enough to have a header that is none. ".repeat(40);
        std::fs::write(dir.path().join(FILE), &text).unwrap();
        let refusal = refusal(dir.path()).await;
        assert!(refusal.contains("no SQLite database"), "{refusal}");
        assert!(refusal.contains("move it away"), "{refusal}");
        assert_eq!(std::fs::read_to_string(dir.path().join(FILE)).unwrap(), text);
    }

    /// Of the 114th half year.
    const LAST: i64 = 114 * 182 * 24 * 60 * 60 * 1000 - 1;
    const DURATIONS: [u64; 9] = [0, 9, 127, 128, 255, 256, 12_345, 987_654_321, 30 * 24 * 60 * 60 * 1000];

    #[tokio::test]
    async fn a_file_of_the_first_version_keeps_its_rows_and_gets_what_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(dir.path().join(FILE)).create_if_missing(true);
        let mut old = options.connect().await.unwrap();
        let first = Migrator::with_migrations(MIGRATIONS.iter().take(1).cloned().collect());
        first.run_direct(None, &mut old, false).await.unwrap();
        for (node, duration) in DURATIONS.iter().chain(&DURATIONS).enumerate() {
            let at = LAST - i64::try_from(node).unwrap();
            let row = format!("(x'00', 1, '{node}', 'a', 'KSampler', 0, {at}, {duration}, 0, 20.0)");
            old.execute(sqlx::AssertSqlSafe(format!("INSERT INTO node_runs VALUES {row}"))).await.unwrap();
        }
        // Neither of them is a run: from the cache, of no known class, not measured.
        for rest in ["'KSampler', 0, 9, 9, 1, 20.0", "NULL, 0, 9, 9, 0, NULL", "'KSampler', 0, 9, NULL, 0, NULL"] {
            let row = format!("(x'{:02x}', 1, '3', 'a', {rest})", rest.len());
            old.execute(sqlx::AssertSqlSafe(format!("INSERT INTO node_runs VALUES {row}"))).await.unwrap();
        }
        sqlx::Connection::close(old).await.unwrap();
        let Opened { mut writer, lock: _lock, .. } = open(dir.path()).await.unwrap();
        let kept = "SELECT class_type, half_year, newest, times FROM class_times";
        let kept: Vec<(String, i64, i64, String)> = sqlx::query_as(kept).fetch_all(&mut writer).await.unwrap();
        let mut expected = Distribution::default();
        DURATIONS.iter().chain(&DURATIONS).for_each(|duration| expected.learn(*duration));
        let expected = serde_json::to_string(&expected).unwrap();
        assert_eq!(kept, [("KSampler".to_owned(), 113, LAST, expected)]);
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_told_as_such_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fresh(dir.path()).await;
        let mut newer = SqliteConnectOptions::new().filename(dir.path().join(FILE)).connect().await.unwrap();
        newer
            .execute("INSERT INTO _sqlx_migrations VALUES (9999, 'of the future', '2030-01-01', 1, x'00', 0)")
            .await
            .unwrap();
        sqlx::Connection::close(newer).await.unwrap();
        let refusal = refusal(dir.path()).await;
        assert!(refusal.contains("newer version of comfyui-monitor: run that version"), "{refusal}");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refusal = refusal(&file.join("below")).await;
        assert!(refusal.contains("this user can write to"), "{refusal}");
    }

    #[tokio::test]
    async fn a_folder_in_the_place_of_the_file_is_told_as_such() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(FILE)).unwrap();
        let refusal = refusal(dir.path()).await;
        assert!(refusal.contains("unable to open database file"), "{refusal}");
        assert!(refusal.contains("this user can write to"), "{refusal}");
    }
}
