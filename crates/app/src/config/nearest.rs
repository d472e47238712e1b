/// `; did you mean ...?` for the name that is nearest to what was written, or nothing where none is near.
pub(super) fn hint<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> String {
    let bound = (written.chars().count() / 2).max(2);
    names
        .map(|name| (distance(written, name), name))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// Insertions, deletions and replacements between two texts.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = ["listen", "data_dir", "media.max_bytes"];
        assert_eq!(hint("lisen", names.into_iter()), "; did you mean `listen`?");
        assert_eq!(hint("media.max_byte", names.into_iter()), "; did you mean `media.max_bytes`?");
        assert_eq!(hint("colour", names.into_iter()), "");
    }
}
