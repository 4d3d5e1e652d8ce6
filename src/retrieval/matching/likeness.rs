//! How alike two texts are as strings.

/// The pairs of neighbouring letters of a text, white space left out, sorted.
pub(super) fn bigrams(text: &str) -> Vec<u64> {
    let mut letters = text.chars().filter(|c| !c.is_whitespace()).map(|c| u64::from(u32::from(c)));
    let Some(mut last) = letters.next() else { return Vec::new() };
    let mut pairs: Vec<u64> = letters.map(|letter| std::mem::replace(&mut last, letter) << 32 | letter).collect();
    pairs.sort_unstable();
    pairs
}

/// The Sørensen–Dice coefficient of two sorted lists of bigrams: what `strsim::sorensen_dice` computes, without building
/// two maps for each of the many aliases a question is held against, and by letters where that one counts bytes.
pub(super) fn dice(a: &[u64], b: &[u64]) -> f32 {
    let (mut left, mut right, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(left), b.get(right)) {
        left += usize::from(x <= y);
        right += usize::from(y <= x);
        shared += usize::from(x == y);
    }
    2.0 * shared as f32 / (a.len() + b.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeness_of_two_texts_is_that_of_strsim() {
        for (a, b) in [("chi guidava la delegazione", "chi ha guidato la delegazione"), ("abab", "ab"), ("a", "b")] {
            let expected = strsim::sorensen_dice(a, b);
            assert!((f64::from(dice(&bigrams(a), &bigrams(b))) - expected).abs() < 1e-6, "{a} {b}");
        }
    }
}
