//! Finding: analyzers per language, the thesaurus compiled, question matching over facts, passage search.

mod analysis;
mod concepts;
mod lexicon;
mod matching;
mod passages;
mod question;
mod ranking;
mod record;
mod text;
mod words;

pub use analysis::{Analyzer, Unit, UnitKind, UnitTerms};
pub use concepts::Concepts;
pub use lexicon::Lexicon;
pub use matching::{Candidate, Entry, FEATURE_NAMES, FEATURES, Matcher};
pub use passages::{Hit, IndexError, PassageWriter, Passages};
pub use question::{LONGEST_QUESTION, Question, QuestionUnit, analyse, clip, detect, is_question};
pub use ranking::{
    PASSAGE_FEATURE_NAMES, PASSAGE_FEATURES, RERANKED, RankedPassage, RankingWeights, SENTENCE_FEATURE_NAMES, SENTENCE_FEATURES, rank,
};
pub use record::{Record, RecordSentence, RecordToken, analyzers};
pub use text::{fold, fold_words, term, tokenize};
pub use words::{Class, Kind, Topic, Words};
