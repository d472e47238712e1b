use crate::raw::{FIN, frame, frame_of_length};
use crate::server::start;
use monitor_pipeline::hub::CloseCode;

/// What the server closes with after these bytes.
async fn after(bytes: &[u8]) -> u16 {
    let server = start().await;
    let mut raw = server.raw().await;
    raw.send_what_goes(bytes).await;
    raw.closed_with().await
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_connection_with_1002() {
    let unmasked = [FIN | 1, 2, b'h', b'i'];
    assert_eq!(after(&unmasked).await, 1002);
    for reserved in [0x40, 0x20, 0x10] {
        assert_eq!(after(&frame(FIN | reserved | 1, b"hi")).await, 1002, "a reserved bit");
    }
    for opcode in [3, 7, 0xB, 0xF] {
        assert_eq!(after(&frame(FIN | opcode, b"hi")).await, 1002, "an unknown opcode");
    }
    assert_eq!(after(&frame(FIN, b"hi")).await, 1002, "a continuation of nothing");
    assert_eq!(after(&[frame(1, b"a"), frame(FIN | 1, b"b")].concat()).await, 1002, "a message within a message");
    assert_eq!(after(&frame(9, b"hi")).await, 1002, "a control frame in fragments");
    assert_eq!(after(&frame(FIN | 9, &[0; 126])).await, 1002, "a control frame with more than 125 bytes");
}

#[tokio::test]
async fn a_length_in_more_bytes_than_it_needs_ends_the_connection_with_1002() {
    let medium = [FIN | 1, 0x80 | 0x7E, 0, 5, 0, 0, 0, 0];
    assert_eq!(after(&[&medium[..], b"hello"].concat()).await, 1002);
    let long = [FIN | 1, 0x80 | 0x7F, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0];
    assert_eq!(after(&[&long[..], b"hello"].concat()).await, 1002);
    let negative = [FIN | 1, 0x80 | 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0];
    assert_eq!(after(&negative).await, 1002);
}

#[tokio::test]
async fn text_that_is_not_utf_8_ends_the_connection_with_1007() {
    assert_eq!(after(&frame(FIN | 1, &[0xC3, 0x28])).await, 1007);
    assert_eq!(after(&frame(FIN | 1, &[0xED, 0xA0, 0x80])).await, 1007, "a lone surrogate");
    assert_eq!(after(&[frame(1, b"\xC3"), frame(FIN, b"\x28")].concat()).await, 1007, "across fragments");
    assert_eq!(after(&frame(FIN | 8, &[0x03, 0xE8, 0xFF])).await, 1007, "the reason of a close");
}

#[tokio::test]
async fn a_message_of_more_than_64_kib_ends_the_connection_with_1009_before_it_has_come() {
    assert_eq!(after(&frame_of_length(FIN | 1, b"", 65_537)).await, 1009);
    assert_eq!(after(&frame_of_length(FIN | 1, b"", i64::MAX as usize)).await, 1009);
    let fragments: Vec<u8> =
        std::iter::once(frame(1, &vec![b'x'; 60_000])).chain([frame(0, &[b'x'; 6_000])]).flatten().collect();
    assert_eq!(after(&fragments).await, 1009, "in fragments");
    let many: Vec<u8> =
        std::iter::once(frame(1, b"")).chain(std::iter::repeat_n(frame(0, b"x"), 70_000)).flatten().collect();
    assert_eq!(after(&many).await, 1009, "in tiny fragments");
}

#[tokio::test]
async fn a_binary_message_ends_the_connection_with_1003() {
    assert_eq!(after(&frame(FIN | 2, &[1, 2, 3])).await, 1003);
}

#[tokio::test]
async fn a_close_with_a_code_that_may_not_be_sent_ends_the_connection_with_1002() {
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535] {
        assert_eq!(after(&frame(FIN | 8, &code.to_be_bytes())).await, 1002, "{code}");
    }
    assert_eq!(after(&frame(FIN | 8, &[3])).await, 1002, "half a code");
    for code in [1000_u16, 1001, 3000, 4999] {
        assert_eq!(after(&frame(FIN | 8, &code.to_be_bytes())).await, 1000, "{code}");
    }
    assert_eq!(after(&frame(FIN | 8, &[])).await, 1000);
}

#[tokio::test]
async fn a_message_may_come_byte_by_byte_and_in_fragments_with_a_ping_between() {
    let server = start().await;
    let mut raw = server.raw().await;
    let request = "{\"action\":\"ping\",\"requestId\":\"\u{e9}\u{1F600}\"}".as_bytes();
    let bytes = [
        frame(1, &request[..30]),
        frame(FIN | 9, b"now"),
        // Within a character, which is allowed.
        frame(0, &request[30..32]),
        frame(0, b""),
        frame(FIN, &request[32..]),
    ]
    .concat();
    for byte in bytes {
        raw.send(&[byte]).await;
    }
    assert_eq!(raw.next_frame().await.unwrap(), (0xA, b"now".to_vec()));
    let (_, answer) = raw.next_frame().await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((&answer["type"], &answer["requestId"]), (&"pong".into(), &"\u{e9}\u{1F600}".into()));
}

#[tokio::test]
async fn the_largest_message_is_still_taken() {
    let server = start().await;
    let mut raw = server.raw().await;
    let mut request = br#"{"action":"ping"}"#.to_vec();
    request.resize(64 * 1024, b' ');
    raw.send(&frame(FIN | 1, &request)).await;
    let (opcode, answer) = raw.next_frame().await.unwrap();
    assert_eq!(opcode, 1);
    assert!(String::from_utf8(answer).unwrap().contains("pong"));
}

#[tokio::test]
async fn random_bytes_end_the_connection_and_nothing_else() {
    let server = start().await;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..200 {
        let mut bytes = Vec::new();
        for _ in 0..64 {
            // xorshift64: the same bytes on every run.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend(state.to_le_bytes());
        }
        let mut raw = server.raw().await;
        raw.send_what_goes(&bytes).await;
        raw.send_what_goes(&frame(FIN | 8, &CloseCode::Normal.code().to_be_bytes())).await;
        tokio::io::AsyncWriteExt::shutdown(&mut raw.stream).await.ok();
        while raw.next_frame().await.is_some() {}
    }
    let mut polite = server.raw().await;
    polite.send(&frame(FIN | 9, b"alive")).await;
    assert_eq!(polite.next_frame().await.unwrap(), (0xA, b"alive".to_vec()));
}
