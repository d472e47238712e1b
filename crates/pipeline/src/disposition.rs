//! The header that tells a browser whether to show a file, and under which name to save it.

use std::fmt::Write as _;

/// RFC 6266: the name once for old readers, once as it is.
pub fn disposition(shown: bool, name: Option<&str>) -> String {
    let kind = if shown { "inline" } else { "attachment" };
    let Some(name) = name.and_then(|name| name.rsplit(['/', '\\']).next()).filter(|name| !name.is_empty()) else {
        return kind.to_owned();
    };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%;".contains(c) || c == ' ' { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_can_neither_leave_its_header_nor_lose_its_letters() {
        assert_eq!(
            disposition(true, Some("a\"; evil=\"ü\r\n.png")),
            "inline; filename=\"a__ evil=____.png\"; filename*=UTF-8''a%22%3B%20evil%3D%22%C3%BC%0D%0A.png"
        );
        assert_eq!(
            disposition(false, Some("../../etc/passwd")),
            "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"
        );
        assert_eq!(disposition(false, None), "attachment");
    }
}
