use std::fmt;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes the same time however many characters are right.
    pub fn matches(&self, guess: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), guess.as_bytes());
        let difference = ours.iter().zip(theirs).fold(0, |difference, (a, b)| difference | (a ^ b));
        ours.len() == theirs.len() && std::hint::black_box(difference) == 0
    }

    /// A token travels in headers and as a part of a WebSocket subprotocol, which is an HTTP token (RFC 9110, 5.6.2).
    pub(super) fn check_token(&self) -> Result<(), String> {
        const HOW: &str = "make one with `openssl rand -hex 32`";
        if self.0.is_empty() {
            return Err(format!("the token is empty: {HOW}, or leave it out"));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        match self.0.chars().find(|c| !fits(*c)) {
            Some(_) => Err(format!("the token has a character that cannot stand in a header: {HOW}")),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}
