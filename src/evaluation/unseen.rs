//! Bases that have not seen the questions asked of them. Questions that people asked become aliases, the development
//! questions too; asked of the whole base they would only find themselves. So they are asked in turns, each of a base
//! without the aliases that are literally the questions of that turn: what is measured, and learned from, is how new
//! questions go.

use std::collections::HashSet;

use crate::evaluation::set::EvalQuestion;
use crate::knowledge::{Language, Loaded, Texts};
use crate::retrieval::{IndexError, fold_words};
use crate::snapshot::{Folders, Snapshot};

/// Parts the questions are asked in. More parts take less from each base, and more time.
pub const TURNS: usize = 8;

/// Questions, with a base that has none of them among its aliases.
#[derive(Debug)]
pub struct Turn {
    /// The base.
    pub snapshot: Snapshot,
    /// Its questions.
    pub questions: Vec<EvalQuestion>,
}

/// Shares questions out between turns: one whole turn where no question is an alias. `load` reads the base anew.
///
/// # Errors
/// When a base cannot be indexed.
pub fn turns(load: impl Fn() -> Loaded, folders: &Folders, questions: Vec<EvalQuestion>) -> Result<Vec<Turn>, IndexError> {
    let whole = load();
    let texts = |loaded: &Loaded, visit: &mut dyn FnMut(Language, &str)| {
        let curated = &loaded.knowledge.curated;
        let all = curated.facts.iter().map(|fact| &fact.aliases).chain(curated.gaps.iter().map(|gap| &gap.aliases));
        all.flatten().for_each(|(&language, texts)| texts.iter().for_each(|text| visit(language, text)));
    };
    let asked: HashSet<String> = questions.iter().map(|question| key(&question.question)).collect();
    let mut known = 0;
    texts(&whole, &mut |_, text| known += usize::from(asked.contains(&key(text))));
    if known == 0 {
        return Ok(vec![Turn { snapshot: Snapshot::index(whole, &folders.data, &|_| {})?, questions }]);
    }
    let mut parts: Vec<Vec<EvalQuestion>> = vec![Vec::new(); TURNS];
    for (at, question) in questions.into_iter().enumerate() {
        parts[at % TURNS].push(question);
    }
    parts
        .into_iter()
        .filter(|questions| !questions.is_empty())
        .map(|questions| {
            let mut loaded = load();
            let asked: HashSet<String> = questions.iter().map(|question| key(&question.question)).collect();
            let curated = &mut loaded.knowledge.curated;
            let all = curated.facts.iter_mut().map(|fact| &mut fact.aliases).chain(curated.gaps.iter_mut().map(|gap| &mut gap.aliases));
            all.for_each(|texts: &mut Texts| texts.values_mut().for_each(|texts| texts.retain(|text| !asked.contains(&key(text)))));
            Ok(Turn { snapshot: Snapshot::index(loaded, &folders.data, &|_| {})?, questions })
        })
        .collect()
}

/// Two texts with the same words are the same question.
fn key(text: &str) -> String {
    fold_words(text).join(" ")
}
