//! Why the server ends a live connection, and what the reader is to do about it: the one table.

/// The close codes of `/v1/live`. Those from 4000 on are ours (`CONTRACT.md`, "Frames"), the others RFC 6455's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    Normal,
    GoingAway,
    ProtocolError,
    Unsupported,
    InvalidText,
    NotAllowed,
    TooLarge,
    ComeBackLater,
    SlowReader,
    TokenExpired,
}

/// What a reader does after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Connect again, at once the first time, then with growing waits.
    Reconnect,
    /// Connect again after a wait with jitter: many others were told the same.
    ReconnectLater,
    /// Get a new token first.
    Authenticate,
    /// Connecting again would end the same way.
    Stop,
}

impl CloseCode {
    pub const ALL: [CloseCode; 10] = [
        CloseCode::Normal,
        CloseCode::GoingAway,
        CloseCode::ProtocolError,
        CloseCode::Unsupported,
        CloseCode::InvalidText,
        CloseCode::NotAllowed,
        CloseCode::TooLarge,
        CloseCode::ComeBackLater,
        CloseCode::SlowReader,
        CloseCode::TokenExpired,
    ];

    fn row(self) -> (u16, &'static str, Advice) {
        match self {
            CloseCode::Normal => (1000, "closed", Advice::Stop),
            CloseCode::GoingAway => (1001, "the server is going away: connect again", Advice::ReconnectLater),
            CloseCode::ProtocolError => (1002, "not a valid WebSocket frame", Advice::Stop),
            CloseCode::Unsupported => (1003, "only text is understood", Advice::Stop),
            CloseCode::InvalidText => (1007, "text that is not UTF-8", Advice::Stop),
            CloseCode::NotAllowed => (1008, "not allowed", Advice::Stop),
            CloseCode::TooLarge => (1009, "a message may have 64 KiB at most", Advice::Stop),
            CloseCode::ComeBackLater => (4001, "come back later", Advice::ReconnectLater),
            CloseCode::SlowReader => (4002, "too slow a reader: connect again for a snapshot", Advice::Reconnect),
            CloseCode::TokenExpired => (4003, "the token has expired: get a new one", Advice::Authenticate),
        }
    }

    /// The number on the wire.
    pub fn code(self) -> u16 {
        self.row().0
    }

    /// What a person debugging the connection reads; below the 123 bytes that a close frame has room for.
    pub fn reason(self) -> &'static str {
        self.row().1
    }

    pub fn advice(self) -> Advice {
        self.row().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_close_code_has_its_own_number_and_a_reason_that_fits_a_close_frame() {
        let numbers: HashSet<u16> = CloseCode::ALL.into_iter().map(CloseCode::code).collect();
        assert_eq!(numbers.len(), CloseCode::ALL.len());
        assert!(CloseCode::ALL.into_iter().all(|close| !close.reason().is_empty() && close.reason().len() <= 123));
    }

    #[test]
    fn a_reader_comes_back_after_each_of_our_own_codes() {
        assert_eq!(CloseCode::SlowReader.advice(), Advice::Reconnect);
        assert_eq!(CloseCode::ComeBackLater.advice(), Advice::ReconnectLater);
        assert_eq!(CloseCode::TokenExpired.advice(), Advice::Authenticate);
        assert_eq!(CloseCode::NotAllowed.advice(), Advice::Stop);
    }
}
