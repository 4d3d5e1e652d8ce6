//! Fitting: multinomial and binary logits by Adam (Kingma & Ba 2015) with an L2 penalty. Small, deterministic, no dependency.

/// One question of a multinomial fit: alternatives with their features, some of which are right.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Features of each alternative.
    pub alternatives: Vec<Vec<f32>>,
    /// Which alternatives are right; at least one.
    pub right: Vec<bool>,
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
                let push = power / total - target;
                gradient.iter_mut().zip(features).for_each(|(slope, feature)| *slope += push * f64::from(*feature));
            }
        }
        penalise(weights, gradient, penalty);
    })
}

/// A linear score with a layer of rectified units beside it.
#[derive(Debug, Clone)]
pub struct Network {
    /// Linear weights.
    pub linear: Vec<f32>,
    /// Each unit's weights.
    pub input: Vec<Vec<f32>>,
    /// Each unit's bias.
    pub bias: Vec<f32>,
    /// What each unit adds.
    pub output: Vec<f32>,
}

const EPOCHS: usize = 80;
const BATCH: usize = 128;
const NETWORK_RATE: f32 = 0.01;

/// Fits a network to the same choices as [`multinomial`], starting from its linear weights. Batches are drawn by a fixed
/// generator, so the same questions give the same figures.
#[must_use]
pub fn network(choices: &[Choice], linear: &[f32], units: usize, penalty: f32) -> Network {
    let size = linear.len();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let scale = (2.0 / size as f32).sqrt();
    let mut parameters: Vec<f32> = linear.to_vec();
    parameters.extend((0..units * size).map(|_| scale * random.unit()));
    parameters.extend(std::iter::repeat_n(0.0, units));
    parameters.extend((0..units).map(|_| 0.3 * random.unit()));
    let (mut first, mut second, mut gradient) =
        (vec![0.0_f32; parameters.len()], vec![0.0_f32; parameters.len()], vec![0.0_f32; parameters.len()]);
    let mut order: Vec<usize> = (0..choices.len()).collect();
    let total = EPOCHS * choices.len().div_ceil(BATCH);
    let mut step = 0;
    for _ in 0..EPOCHS {
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at + 1));
        }
        for batch in order.chunks(BATCH) {
            step += 1;
            gradient.fill(0.0);
            let count = batch.len() as f32;
            for &at in batch {
                push_network(&choices[at], &parameters, &mut gradient, size, units);
            }
            let rate = NETWORK_RATE * (1.0 - step as f32 / total as f32).max(0.02);
            for at in 0..parameters.len() {
                let slope = gradient[at] / count + penalty * parameters[at];
                first[at] = 0.9 * first[at] + 0.1 * slope;
                second[at] = 0.999 * second[at] + 0.001 * slope * slope;
                let (mean, spread) = (first[at] / (1.0 - 0.9_f32.powi(step)), second[at] / (1.0 - 0.999_f32.powi(step)));
                parameters[at] -= rate * mean / (spread.sqrt() + 1e-8);
            }
        }
    }
    let (linear, rest) = parameters.split_at(size);
    let (input, rest) = rest.split_at(units * size);
    let (bias, output) = rest.split_at(units);
    Network {
        linear: linear.to_vec(),
        input: input.chunks(size).map(<[f32]>::to_vec).collect(),
        bias: bias.to_vec(),
        output: output.to_vec(),
    }
}

fn push_network(choice: &Choice, parameters: &[f32], gradient: &mut [f32], size: usize, units: usize) {
    let (linear, rest) = parameters.split_at(size);
    let (input, rest) = rest.split_at(units * size);
    let (bias, output) = rest.split_at(units);
    let mut active = vec![0.0_f32; choice.alternatives.len() * units];
    let scores: Vec<f32> = choice
        .alternatives
        .iter()
        .enumerate()
        .map(|(nth, features)| {
            let mut score = product(features, linear);
            for unit in 0..units {
                let sum = (bias[unit] + product(features, &input[unit * size..(unit + 1) * size])).max(0.0);
                active[nth * units + unit] = sum;
                score += output[unit] * sum;
            }
            score
        })
        .collect();
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total: f32 = powers.iter().sum();
    let right: f32 = powers.iter().zip(&choice.right).filter(|(_, right)| **right).map(|(power, _)| power).sum::<f32>().max(1e-30);
    for (nth, features) in choice.alternatives.iter().enumerate() {
        let target = if choice.right[nth] { powers[nth] / right } else { 0.0 };
        let push = powers[nth] / total - target;
        if push.abs() < 1e-7 {
            continue;
        }
        gradient[..size].iter_mut().zip(features).for_each(|(slope, feature)| *slope += push * feature);
        for unit in 0..units {
            let sum = active[nth * units + unit];
            if sum > 0.0 {
                let through = push * output[unit];
                let from = size + unit * size;
                gradient[from..from + size].iter_mut().zip(features).for_each(|(slope, feature)| *slope += through * feature);
                gradient[size + units * size + unit] += through;
                gradient[size + units * size + units + unit] += push * sum;
            }
        }
    }
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A small generator (xorshift64*, Vigna 2016): fixed seed, no dependency.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    /// Between -1 and 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
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
            let (mean, spread) = (first[at] / (1.0 - 0.9_f64.powf(step as f64)), second[at] / (1.0 - 0.999_f64.powf(step as f64)));
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
        };
        let weights = multinomial(&[choice(0), choice(1), choice(2)], &[0.0, 0.0], 0.01);
        assert!(weights[0] > 1.0, "{weights:?}");
    }
}
