//! Quotes page by page: what else was found for a question, and the passages of a source.

use crate::answer::{Answer, Engine, Findings, Quote};
use crate::knowledge::Language;
use crate::reply::{Action, Block, Pages, Quoted, Reply, Spot, Wording, attribution, fill};
use crate::respond::Responder;
use crate::serving::Base;

/// How many further sentences are kept at hand for a reply.
const FOUND: usize = 9;
/// Quotes on a page.
const ON_A_PAGE: usize = 3;

/// The best sentences found that the answer does not quote itself.
pub(super) fn spots(findings: &Findings, answer: &Answer, engine: &Engine<'_>) -> Vec<Spot> {
    let is_new = |spot: &Spot| {
        engine.quote_of(spot.passage, spot.sentence).is_some_and(|quote| {
            !answer
                .citations
                .iter()
                .any(|shown| shown.source == quote.source && shown.range.start < quote.range.end && quote.range.start < shown.range.end)
        })
    };
    let ranked = findings.ranked.iter().map(|ranked| Spot { passage: ranked.passage, sentence: ranked.sentence });
    ranked.filter(is_new).take(FOUND).collect()
}

impl Responder {
    /// A page of quotes, for one reader alone.
    #[must_use]
    pub fn page(&self, pages: &Pages, version: &str, page: usize, language: Language) -> Reply {
        let base = self.store.current();
        if base.snapshot.version != version {
            return Reply::notice(language, &Wording::of(language).stale);
        }
        page_of(&base, pages, page, language)
    }

    /// The list of the sources.
    pub(super) fn sources(base: &Base, language: Language) -> Reply {
        let wording = Wording::of(language);
        let mut lines = vec![wording.sources.clone()];
        for source in &base.snapshot.knowledge.sources {
            let metadata = &source.metadata;
            let publisher = metadata.publisher.as_deref().unwrap_or(&wording.unknown_publisher);
            let date = metadata.published.map_or_else(|| wording.undated.clone(), |date| wording.date(date));
            let title = metadata.title.as_deref().unwrap_or(&metadata.id);
            lines.push(format!("- {title} ({publisher}, {date}; {})", metadata.id));
            lines.extend(metadata.remarks.iter().map(|remark| format!("  {remark}")));
            lines.extend(metadata.address.iter().map(|address| format!("  {address}")));
        }
        Reply::notice(language, lines.join("\n"))
    }

    /// One source, from its first passage on.
    pub(super) fn source(base: &Base, id: &str, language: Language) -> Reply {
        let ids = || base.snapshot.knowledge.sources.iter().map(|source| source.metadata.id.as_str());
        if ids().any(|known| known == id) {
            return page_of(base, &Pages::Source(id.to_owned()), 0, language);
        }
        let known = ids().collect::<Vec<_>>().join(", ");
        Reply::notice(language, fill(&Wording::of(language).unknown_source, &[("sources", &known)]))
    }
}

fn page_of(base: &Base, pages: &Pages, page: usize, language: Language) -> Reply {
    let wording = Wording::of(language);
    let engine = base.engine();
    let (title, quotes): (Option<String>, Vec<Quote>) = match pages {
        Pages::Found(spots) => (None, spots.iter().filter_map(|spot| engine.quote_of(spot.passage, spot.sentence)).collect()),
        Pages::Source(id) => {
            let quotes = engine.quotes_of_source(id);
            (quotes.first().map(|quote| quote.title.clone().unwrap_or_else(|| quote.source.clone())), quotes)
        }
    };
    let first = page.saturating_mul(ON_A_PAGE);
    let shown: Vec<Block> = quotes
        .iter()
        .skip(first)
        .take(ON_A_PAGE)
        .map(|quote| Block::Quote(Quoted { attribution: attribution(quote, language), quote: quote.clone() }))
        .collect();
    if shown.is_empty() {
        return Reply::notice(language, &wording.no_pages);
    }
    let (from, to) = (first + 1, first + shown.len());
    let place = fill(&wording.page, &[("from", &from), ("to", &to), ("total", &quotes.len())]);
    let mut blocks = vec![Block::Text(title.map_or_else(|| place.clone(), |title| format!("{title} ({place})")))];
    blocks.extend(shown);
    let turn = |page, back| Action::Page { pages: pages.clone(), version: base.snapshot.version.clone(), page, back };
    let mut actions = Vec::new();
    if page > 0 {
        actions.push(turn(page - 1, true));
    }
    if to < quotes.len() {
        actions.push(turn(page + 1, false));
    }
    blocks.push(Block::Actions(actions));
    Reply { language, private: true, blocks }
}
