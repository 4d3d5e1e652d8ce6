//! `rapporteur check`: the state of the knowledge base in one screen, and every problem in it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::{Audit, audit};
use crate::cli::{ANSWERED, Base, USAGE};
use crate::knowledge::{Diagnostic, Language, Severity, load};

/// How to print it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 nothing but warnings, 2 errors.\n\nExamples:\n  rapporteur check\n  rapporteur check --json | jq .problems\n  rapporteur check --seeds other/seeds --knowledge other/knowledge"
)]
pub(super) struct Args {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    /// Exit with status 2 on warnings too
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    name: &'a str,
    version: &'a str,
    sources: usize,
    archives: usize,
    passages: usize,
    sentences: usize,
    sentences_covered: usize,
    facts: usize,
    gaps: usize,
    aliases: BTreeMap<Language, usize>,
    concepts: usize,
    problems: &'a [Diagnostic],
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let loaded = load(&base.seeds, &base.knowledge);
    let calibration = base.calibration()?;
    let Audit { knowledge, coverage, diagnostics } = audit(loaded, &base.seeds, &base.knowledge, &calibration);
    let mut aliases = BTreeMap::new();
    for language in Language::ALL {
        let count = |texts: &crate::knowledge::Texts| texts.get(&language).map_or(0, Vec::len);
        let facts: usize = knowledge.curated.facts.iter().map(|fact| count(&fact.aliases)).sum();
        let gaps: usize = knowledge.curated.gaps.iter().map(|gap| count(&gap.aliases)).sum();
        aliases.insert(language, facts + gaps);
    }
    let report = Report {
        name: &knowledge.name,
        version: &knowledge.version,
        sources: knowledge.sources.len(),
        archives: knowledge.archives.len(),
        passages: knowledge.sources.iter().map(|source| source.passages.len()).sum(),
        sentences: coverage.sentences,
        sentences_covered: coverage.covered,
        facts: knowledge.curated.facts.len(),
        gaps: knowledge.curated.gaps.len(),
        aliases,
        concepts: knowledge.curated.concepts.len(),
        problems: &diagnostics,
    };
    if args.json {
        outln!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    Ok(if errors > 0 || (args.strict && warnings > 0) { USAGE } else { ANSWERED })
}

fn print(report: &Report<'_>) {
    for problem in report.problems {
        outln!("{problem}");
    }
    let errors = report.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let aliases: Vec<String> = report.aliases.iter().map(|(language, count)| format!("{language} {count}")).collect();
    outln!("{} (version {})", report.name, report.version);
    outln!(
        "  sources    {}{}",
        report.sources,
        if report.archives > 0 { format!(" and {} archive file(s)", report.archives) } else { String::new() }
    );
    outln!("  passages   {}", report.passages);
    outln!("  sentences  {}, covered by facts {}", report.sentences, report.sentences_covered);
    outln!("  facts      {}", report.facts);
    outln!("  gaps       {}", report.gaps);
    outln!("  aliases    {}", aliases.join(", "));
    outln!("  concepts   {}", report.concepts);
    outln!("  problems   {errors} error(s), {} warning(s)", report.problems.len() - errors);
}
