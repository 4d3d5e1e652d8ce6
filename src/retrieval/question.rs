//! A question as asked becomes what is matched: language, kind, units, with politeness stripped and typos mended.

use crate::knowledge::Language;
use crate::retrieval::analysis::{Analyzer, Unit, UnitKind};
use crate::retrieval::concepts::Concepts;
use crate::retrieval::lexicon::Lexicon;
use crate::retrieval::text::{Token, fold_words, mostly_cyrillic, tokenize};
use crate::retrieval::words::{Class, Kind, Topic, Words};

/// How many bytes of a question are looked at: the longest chat message is a fifth of it.
pub const LONGEST_QUESTION: usize = 10_000;
/// How many words of a question are looked at.
const MOST_TOKENS: usize = 80;
/// How many unknown words are mended; a text with more is not a misspelt question.
const MOST_MENDED: usize = 12;

/// One unit of a question.
#[derive(Debug, Clone)]
pub struct QuestionUnit {
    /// The unit.
    pub unit: Unit,
    /// Its folded words.
    pub surface: String,
    /// Whether the base knows the word, as typed or mended.
    pub known: bool,
    /// The known word it was mended to.
    pub mended: Option<String>,
}

/// A question ready for matching.
#[derive(Debug, Clone)]
pub struct Question {
    /// The text without politeness, folded, words joined by spaces.
    pub folded: String,
    /// Its language.
    pub language: Language,
    /// The kind of answer it asks for.
    pub kind: Kind,
    /// Its meaningful units, each once.
    pub units: Vec<QuestionUnit>,
    /// Whether it contains a negation.
    pub negated: bool,
    /// What it is about if it is small talk as a whole.
    pub small_talk: Option<Topic>,
}

/// Cuts a text to the part that is looked at.
#[must_use]
pub fn clip(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST_QUESTION)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

/// Analyses a question in a given language. `is_indexed` says whether a stem stands in any passage: a large archive's words
/// are in its index only.
#[must_use]
pub fn analyse(text: &str, language: Language, concepts: &Concepts, lexicon: &Lexicon, is_indexed: impl Fn(u32) -> bool) -> Question {
    let analyzer = Analyzer::new(language, concepts);
    let words = analyzer.words();
    let text = clip(text);
    let mut tokens = tokenize(text);
    tokens.truncate(MOST_TOKENS);
    let all: Vec<String> = tokens.iter().map(|token| token.folded.to_string()).collect();
    strip_politeness(&mut tokens, words);
    let small_talk = small_talk(&all, &tokens, words);
    let folded: Vec<String> = tokens.iter().map(|token| token.folded.to_string()).collect();
    let kind = kind(text, &tokens, words);
    let negated = tokens.iter().any(|token| words.is_negation(&token.folded));
    let is_known = |word: &str, stem: u32| lexicon.knows(word) || lexicon.knows_stem(stem) || is_indexed(stem);
    let mended = mend(&mut tokens, &analyzer, lexicon, &is_indexed);
    let mut units: Vec<QuestionUnit> = Vec::new();
    let reading = analyzer.read(&tokens);
    for unit in analyzer.units(&reading) {
        let surface = reading.surface(&unit);
        if words.is_negation(&surface) || units.iter().any(|seen| seen.unit.terms == unit.terms) {
            continue;
        }
        let changed = mended.iter().find(|(start, ..)| unit.range.contains(start));
        let known = unit.terms.len() > 1 || surface.contains(' ') || unit.terms.iter().any(|term| is_known(&surface, *term));
        units.push(QuestionUnit { known, surface, mended: changed.map(|(_, word)| word.clone()), unit });
    }
    Question { folded: folded.join(" "), language, kind, units, negated, small_talk }
}

/// Replaces unknown words by the nearest known one; gives where each stood and what it became.
fn mend(tokens: &mut [Token], analyzer: &Analyzer<'_>, lexicon: &Lexicon, is_indexed: &impl Fn(u32) -> bool) -> Vec<(usize, String)> {
    let is_known = |word: &str, stem: u32| lexicon.knows(word) || lexicon.knows_stem(stem) || is_indexed(stem);
    let mut mended = Vec::new();
    for token in tokens.iter_mut() {
        if analyzer.class(token) != Class::Content || mended.len() >= MOST_MENDED {
            continue;
        }
        let stem = analyzer.stem(&token.folded);
        let better = if !is_known(&token.folded, stem) {
            lexicon.nearest(&token.folded)
        } else if lexicon.is_rare(&token.folded) && !is_indexed(stem) && analyzer.longest(&[stem]).is_none() {
            // Another form of the same word is none.
            lexicon.correct(&token.folded).filter(|word| analyzer.stem(word) != stem)
        } else {
            None
        };
        if let Some(word) = better.map(str::to_owned) {
            token.folded = word.as_str().into();
            mended.push((token.range.start, word));
        }
    }
    mended
}

/// Removes every phrase of politeness.
fn strip_politeness(tokens: &mut Vec<Token>, words: &Words) {
    let mut at = 0;
    while at < tokens.len() {
        match words.politeness_at(&tokens[at..]) {
            Some(taken) => drop(tokens.drain(at..at + taken)),
            None => at += 1,
        }
    }
}

/// Whether the message as a whole is small talk: one of the known phrases, alone or beside greetings.
fn small_talk(all: &[String], rest: &[Token], words: &Words) -> Option<Topic> {
    let whole = |texts: &[String]| words.small_talk.iter().find(|(phrase, _)| phrase.as_slice() == texts).map(|(_, topic)| *topic);
    if all.is_empty() {
        return None;
    }
    let rest: Vec<String> = rest.iter().map(|token| token.folded.to_string()).collect();
    whole(all).or_else(|| whole(&rest)).or_else(|| rest.is_empty().then_some(Topic::Greeting)).or_else(|| {
        // Several phrases one after the other: "ciao come stai grazie".
        let mut left = all;
        let mut topic = None;
        while !left.is_empty() {
            let (phrase, found) = words.small_talk.iter().find(|(phrase, _)| !phrase.is_empty() && left.starts_with(phrase))?;
            topic = topic.filter(|topic| *topic != Topic::Greeting).or(Some(*found));
            left = &left[phrase.len()..];
        }
        topic
    })
}

/// The kind a text asks for: that of its last clause with a question mark, where that shows any; else that of the whole.
#[must_use]
pub(super) fn kind(text: &str, tokens: &[Token], words: &Words) -> Kind {
    let clause = text.rfind('?').map(|mark| {
        let start = text[..mark].rfind(['.', ':', ';', '!', '?', '\n', '—', '–']).map_or(0, |at| at + 1);
        let inside: Vec<&str> = tokens
            .iter()
            .filter(|token| start <= token.range.start && token.range.end <= mark)
            .map(|token| token.folded.as_str())
            .collect();
        kind_of_words(&inside, words)
    });
    match clause {
        Some(kind) if kind != Kind::Keyword => kind,
        _ => kind_of_words(&tokens.iter().map(|token| token.folded.as_str()).collect::<Vec<_>>(), words),
    }
}

/// The kind words show: the longest phrase wins, among equals the first in the text; a lone "said" or "what" yields to
/// any other question word.
fn kind_of_words(folded: &[&str], words: &Words) -> Kind {
    // A conjunction before the question is none of its words.
    let folded = if folded.len() > 1 && CONJUNCTIONS.contains(&folded[0]) { &folded[1..] } else { folded };
    let mut best: Option<(usize, std::cmp::Reverse<usize>, Kind)> = None;
    for at in 0..folded.len() {
        for phrase in words.kinds_at(&folded[at..]).filter(|phrase| !phrase.start_only || at == 0) {
            let lone = phrase.words == 1 && matches!(phrase.kind, Kind::Said | Kind::What | Kind::List | Kind::YesNo | Kind::Name);
            let candidate = (2 * phrase.words - usize::from(lone), std::cmp::Reverse(at), phrase.kind);
            if best.is_none_or(|best| (candidate.0, candidate.1) > (best.0, best.1)) {
                best = Some(candidate);
            }
        }
    }
    best.map_or(Kind::Keyword, |(.., kind)| kind)
}

/// Words that join a question to what was said before.
const CONJUNCTIONS: &[&str] =
    &["e", "ma", "allora", "quindi", "and", "but", "so", "et", "mais", "alors", "donc", "а", "і", "але", "то", "та"];

/// Whether a text that is said to nobody in particular is a question: by its mark, or by the word it begins with in any language.
#[must_use]
pub fn is_question(text: &str) -> bool {
    let is_statement = text.trim_end().ends_with(['.', '!', '…']);
    let first = fold_words(text).into_iter().next();
    let opens = |word: &String| Language::ALL.into_iter().any(|language| Words::of(language).opens_a_question(word));
    text.contains('?') || !is_statement && first.as_ref().is_some_and(opens)
}

/// The language of a text: the one whose short words and whose base vocabulary hold most of its words.
#[must_use]
pub fn detect(text: &str, lexicons: &[Lexicon; 4], default: Language) -> Language {
    let text = clip(text);
    if mostly_cyrillic(text) {
        return Language::Uk;
    }
    let tokens = tokenize(text);
    let score = |language: Language| -> f32 {
        let (words, lexicon) = (Words::of(language), &lexicons[language.index()]);
        let of = |token: &Token| f32::from(u8::from(words.knows(&token.folded))) + 0.6 * f32::from(u8::from(lexicon.knows(&token.folded)));
        tokens.iter().take(MOST_TOKENS).map(of).sum()
    };
    let candidates = [default, Language::It, Language::En, Language::Fr];
    candidates
        .into_iter()
        .fold((default, score(default)), |best, language| {
            let score = score(language);
            if score > best.1 { (language, score) } else { best }
        })
        .0
}

/// The share of its weight a unit keeps.
#[must_use]
pub(super) fn keeps(kind: UnitKind) -> f32 {
    match kind {
        UnitKind::Filler => 0.12,
        UnitKind::Common => 0.45,
        _ => 1.0,
    }
}

impl QuestionUnit {
    /// Whether the unit says something about the subject.
    #[must_use]
    pub fn is_informative(&self) -> bool {
        self.unit.kind != UnitKind::Filler
    }
}
