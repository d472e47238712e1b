//! The HTTP side against servers that are not what they should be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is test")]

use futures::StreamExt;
use monitor_backends::comfy::{ComfyServer, Options};
use monitor_core::event::FileRef;
use monitor_pipeline::api::Upload;
use monitor_pipeline::comfy::{Comfy, ComfyError};
use monitor_testkit::FakeComfy;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn server(url: &str) -> ComfyServer {
    ComfyServer::new(&Options { url: url.to_owned(), ..Options::default() }).unwrap()
}

/// A listener that answers every connection with these bytes, and how many there were.
async fn answering(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            seen.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, count)
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

#[tokio::test]
async fn each_way_of_not_being_comfyui_has_its_own_words() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let (page, _) = answering(http("200 OK", "", "<html>hello</html>")).await;
    let (login, _) = answering(http("302 Found", "Location: https://login.example/\r\n", "")).await;
    let (locked, _) = answering(http("401 Unauthorized", "", "")).await;
    let (missing, _) = answering(http("404 Not Found", "", "")).await;
    let (broken, _) = answering(http("500 Internal Server Error", "", "Server got\nitself in trouble")).await;
    let (ssh, _) = answering("SSH-2.0-OpenSSH_9.6\r\n".to_owned()).await;
    let tls = page.replace("http://", "https://");
    let expected = [
        (free, "refused"),
        (page, "not_comfyui"),
        (login, "not_comfyui"),
        (locked, "auth"),
        (missing, "not_comfyui"),
        (broken, "http"),
        (ssh, "not_comfyui"),
        (tls, "tls"),
        ("http://no-such-host.invalid:8188".to_owned(), "unreachable"),
    ];
    for (url, kind) in expected {
        let error = server(&url).system_stats().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert!(error.to_string().lines().count() == 1, "{error}");
        let socket = server(&url).connect("me").await.err().unwrap();
        assert!(socket.to_string().contains(url.split("://").nth(1).unwrap()), "{socket}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_server_is_not_followed() {
    let (elsewhere, visits) = answering(http("200 OK", "", "{}")).await;
    let (url, _) = answering(http("307 Temporary Redirect", &format!("Location: {elsewhere}/queue\r\n"), "")).await;
    let options = Options { url, token: Some("secret".into()), headers: Vec::new() };
    let error = ComfyServer::new(&options).unwrap().queue().await.unwrap_err();
    assert!(error.to_string().contains("redirects to"), "{error}");
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_says_it_is_too_large_is_not_read() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n[".to_owned();
    let error = server(&answering(answer).await.0).queue().await.unwrap_err();
    assert!(matches!(error, ComfyError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_that_grows_beyond_its_bound_is_given_up() {
    let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat((4 << 20) + 1));
    let error = server(&answering(answer).await.0).queue_remaining().await.unwrap_err();
    assert!(matches!(error, ComfyError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_submission_is_only_called_unsent_where_that_is_certain() {
    let prompt = monitor_pipeline::comfy::Prompt {
        prompt: serde_json::json!({}),
        client_id: "me".into(),
        prompt_id: "p".into(),
        extra_data: serde_json::Map::new(),
    };
    let (hung_up, _) = answering(String::new()).await;
    assert!(server(&hung_up).submit(&prompt).await.unwrap_err().was_sent());
    let (gateway, _) = answering(http("504 Gateway Timeout", "", "")).await;
    assert!(server(&gateway).submit(&prompt).await.unwrap_err().was_sent());
    let (proxy, _) = answering(http("502 Bad Gateway", "", "")).await;
    assert!(!server(&proxy).submit(&prompt).await.unwrap_err().was_sent());
    assert!(!server("http://127.0.0.1:9").submit(&prompt).await.unwrap_err().was_sent());
}

#[tokio::test]
async fn files_go_up_and_come_down_whatever_their_name() {
    let fake = FakeComfy::builder().start().await.unwrap();
    let comfy = server(&fake.base_url());
    let bytes = bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\nnot really");
    let upload = Upload { filename: "../some/ünï code&x.png".into(), bytes: bytes.clone() };
    let image = comfy.upload(upload).await.unwrap();
    assert!(!image.name.contains('/'), "{image:?}");
    let file = FileRef { filename: image.name, subfolder: image.subfolder, r#type: image.folder };
    let pieces: Vec<_> = comfy.view(&file).await.unwrap().collect().await;
    let read: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
    assert_eq!(read, bytes);
    let missing = FileRef { filename: "none.png".into(), ..file };
    assert_eq!(comfy.view(&missing).await.err().unwrap().kind(), "http");
}

#[tokio::test]
async fn a_class_is_asked_for_by_name_and_an_unknown_one_is_none() {
    let fake = FakeComfy::builder().start().await.unwrap();
    let comfy = server(&fake.base_url());
    assert!(comfy.class_info("KSampler").await.unwrap().is_some());
    for name in ["NoSuchClass", "", "..", "a/b"] {
        assert!(comfy.class_info(name).await.unwrap().is_none(), "{name}");
    }
    assert!(comfy.object_info().await.unwrap().starts_with(b"{"));
}
