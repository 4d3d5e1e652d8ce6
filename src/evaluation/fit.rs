//! Fitting: multinomial and binary logits by Adam (Kingma & Ba 2015) with an L2 penalty. Small, deterministic, no dependency.

/// One question of a multinomial fit: alternatives with their features, some of which are right.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Features of each alternative.
    pub alternatives: Vec<Vec<f32>>,
    /// Which alternatives are right; at least one.
    pub right: Vec<bool>,
    /// How much the question counts.
    pub weight: f32,
}

const STEPS: usize = 600;
const RATE: f64 = 0.05;

/// The weights that make the right alternatives most probable, starting from `start`.
#[must_use]
pub fn multinomial(choices: &[Choice], start: &[f32], penalty: f64) -> Vec<f32> {
    adam(start, |weights, gradient| {
        for choice in choices {
            let scores: Vec<f64> = choice.alternatives.iter().map(|features| dot(features, weights)).collect();
            let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
            let total: f64 = powers.iter().sum();
            let right: f64 = powers.iter().zip(&choice.right).filter(|(_, right)| **right).map(|(power, _)| power).sum();
            for ((features, power), is_right) in choice.alternatives.iter().zip(&powers).zip(&choice.right) {
                let target = if *is_right { power / right.max(1e-300) } else { 0.0 };
                let push = f64::from(choice.weight) * (power / total - target);
                gradient.iter_mut().zip(features).for_each(|(slope, feature)| *slope += push * f64::from(*feature));
            }
        }
        penalise(weights, gradient, penalty);
    })
}

/// The weights of a binary logit: the probability that an example is true.
#[must_use]
pub fn binary(examples: &[(Vec<f32>, bool)], size: usize, penalty: f64) -> Vec<f32> {
    adam(&vec![0.0; size], |weights, gradient| {
        for (features, truth) in examples {
            let push = 1.0 / (1.0 + (-dot(features, weights)).exp()) - f64::from(u8::from(*truth));
            gradient.iter_mut().zip(features).for_each(|(slope, feature)| *slope += push * f64::from(*feature));
        }
        penalise(weights, gradient, penalty);
    })
}

fn penalise(weights: &[f64], gradient: &mut [f64], penalty: f64) {
    gradient.iter_mut().zip(weights).for_each(|(slope, weight)| *slope += penalty * weight);
}

fn adam(start: &[f32], mut slope: impl FnMut(&[f64], &mut [f64])) -> Vec<f32> {
    let mut weights: Vec<f64> = start.iter().map(|&weight| f64::from(weight)).collect();
    let (mut first, mut second) = (vec![0.0; weights.len()], vec![0.0; weights.len()]);
    let mut gradient = vec![0.0; weights.len()];
    for step in 1..=STEPS {
        gradient.fill(0.0);
        slope(&weights, &mut gradient);
        let rate = RATE * (1.0 - (step as f64 / STEPS as f64)).max(0.02);
        for at in 0..weights.len() {
            first[at] = 0.9 * first[at] + 0.1 * gradient[at];
            second[at] = 0.999 * second[at] + 0.001 * gradient[at] * gradient[at];
            let (mean, spread) = (first[at] / (1.0 - 0.9_f64.powi(step as i32)), second[at] / (1.0 - 0.999_f64.powi(step as i32)));
            weights[at] -= rate * mean / (spread.sqrt() + 1e-8);
        }
    }
    weights.into_iter().map(|weight| weight as f32).collect()
}

fn dot(features: &[f32], weights: &[f64]) -> f64 {
    features.iter().zip(weights).map(|(feature, weight)| f64::from(*feature) * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_marks_the_right_alternative_gets_a_positive_weight() {
        let choice = |right: usize| Choice {
            alternatives: (0..3).map(|at| vec![f32::from(u8::from(at == right)), 1.0]).collect(),
            right: (0..3).map(|at| at == right).collect(),
            weight: 1.0,
        };
        let weights = multinomial(&[choice(0), choice(1), choice(2)], &[0.0, 0.0], 0.01);
        assert!(weights[0] > 1.0, "{weights:?}");
    }
}
