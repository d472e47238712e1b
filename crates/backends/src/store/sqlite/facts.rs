//! Small facts that must outlive us.

use super::Failure;
use sqlx::{SqliteConnection, SqlitePool};

pub(super) async fn fact(readers: &SqlitePool, name: &str) -> Result<Option<String>, Failure> {
    Ok(sqlx::query_scalar("SELECT value FROM facts WHERE name = ?").bind(name).fetch_optional(readers).await?)
}

pub(super) async fn set_once(
    connection: &mut SqliteConnection,
    name: String,
    value: String,
) -> Result<String, Failure> {
    sqlx::query("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(&name)
        .bind(value)
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query_scalar("SELECT value FROM facts WHERE name = ?").bind(name).fetch_one(connection).await?)
}
