use super::*;
use fake::{DRAWING, PICTURE};

fn picture(served: &Served) -> RequestBuilder {
    served.get(&format!("/v1/media/{PICTURE}"))
}

#[tokio::test]
async fn bytes_come_with_headers_that_let_a_browser_run_nothing() {
    let served = Served::start().await;
    let response = picture(&served).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "image/png");
    assert_eq!(header(&response, "content-length"), "10");
    assert_eq!(header(&response, "etag"), "\"abc\"");
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert!(header(&response, "content-security-policy").contains("sandbox"));
    assert_eq!(
        header(&response, "content-disposition"),
        "inline; filename=\"dusk _.png\"; filename*=UTF-8''dusk%20%C3%BC.png"
    );
    assert_eq!(response.text().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn what_could_run_is_a_download_without_a_type() {
    let served = Served::start().await;
    let response = served.get(&format!("/v1/media/{DRAWING}")).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/octet-stream");
    assert!(header(&response, "content-disposition").starts_with("attachment; filename=\"a.svg\""));
}

#[tokio::test]
async fn a_part_is_sent_where_a_part_was_asked_for() {
    let served = Served::start().await;
    for (range, content_range, body) in
        [("bytes=2-4", "bytes 2-4/10", "234"), ("bytes=7-", "bytes 7-9/10", "789"), ("bytes=-2", "bytes 8-9/10", "89")]
    {
        let response = picture(&served).header("range", range).send().await.unwrap();
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "content-range"), content_range);
        assert_eq!(header(&response, "content-length"), body.len().to_string());
        assert_eq!(header(&response, "content-type"), "image/png");
        assert_eq!(response.text().await.unwrap(), body);
    }
}

#[tokio::test]
async fn a_part_that_is_not_there_is_416_and_several_parts_are_the_whole() {
    let served = Served::start().await;
    let response = picture(&served).header("range", "bytes=10-").send().await.unwrap();
    assert_eq!(header(&response, "content-range"), "bytes */10");
    problem(picture(&served).header("range", "bytes=10-"), 416).await;
    let response = picture(&served).header("range", "bytes=0-1,4-5").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-length")), (200, "10"));
}

#[tokio::test]
async fn bytes_that_are_known_are_not_sent_again_and_parts_of_others_not_at_all() {
    let served = Served::start().await;
    for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
        let response = picture(&served).header("if-none-match", known).send().await.unwrap();
        assert_eq!(response.status(), 304, "{known}");
        assert_eq!(header(&response, "etag"), "\"abc\"");
        assert!(response.bytes().await.unwrap().is_empty());
    }
    assert_eq!(picture(&served).header("if-none-match", "\"x\"").send().await.unwrap().status(), 200);
    let part = |etag: &str| picture(&served).header("range", "bytes=0-0").header("if-range", etag).send();
    assert_eq!(part("\"abc\"").await.unwrap().status(), 206);
    assert_eq!(part("\"other\"").await.unwrap().status(), 200);
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let served = Served::start().await;
    let response = served.request(Method::HEAD, &format!("/v1/media/{PICTURE}")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-length")), (200, "10"));
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_thumbnail_has_a_tag_of_its_own() {
    let served = Served::start().await;
    let response = served.get(&format!("/v1/media/{PICTURE}/thumbnail")).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "image/webp");
    assert_eq!(header(&response, "etag"), "\"abc-thumbnail\"");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let served = Served::start().await;
    for path in ["/v1/media/nonsense", "/v1/media/00000000-0000-0000-0000-0000000000ff", "/v1/media/..%2f..%2fetc"] {
        problem(served.get(path), 404).await;
    }
}
